internal import Predictions

/// The exit status of a command.
public enum ExitStatus: Int32, Sendable {
  /// Completed, and its files are saved.
  case done = 0
  /// Failed.
  case failed = 1
  /// The command line or the configuration cannot be used.
  case usage = 2
  /// Cancelled.
  case cancelled = 3
  /// The provider may or may not have received the request, or the time was up.
  case unknown = 4
  /// Ctrl-C while waiting for a prediction of another command: 128 + SIGINT, as shells report it.
  case interrupted = 130

  /// The status for a prediction. A completed one without saved files counts as failed: a script expects a path.
  init(_ prediction: Prediction) {
    switch prediction.status {
    case .completed: self = prediction.failure == nil ? .done : .failed
    case .failed: self = .failed
    case .cancelled: self = .cancelled
    case .created, .processing, .unknown: self = .unknown
    }
  }
}
