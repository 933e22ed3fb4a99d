internal import Predictions

/// What a command's exit status says.
public enum ExitStatus: Int32, Sendable {
  /// It is done: completed, and its files are saved.
  case done = 0
  /// It failed.
  case failed = 1
  /// The command line or the configuration cannot be used.
  case usage = 2
  /// It was cancelled.
  case cancelled = 3
  /// The provider may or may not have taken it, or the time was up.
  case unknown = 4
  /// Interrupted while something else than a prediction of its own was under way, as shells have it.
  case interrupted = 130

  /// What a prediction's end means. One that is completed without a file to name is no success for a script.
  init(_ prediction: Prediction) {
    switch prediction.status {
    case .completed: self = prediction.failure == nil ? .done : .failed
    case .failed: self = .failed
    case .cancelled: self = .cancelled
    case .created, .processing, .unknown: self = .unknown
    }
  }
}
