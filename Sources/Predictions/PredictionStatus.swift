/// The state of a prediction, as clients see it; Sources/Predictions/README.md, "Prediction".
public enum PredictionStatus: String, Sendable, CaseIterable {
  /// Accepted, waiting its turn.
  case created
  /// Handed to the provider, or being looked for there, or its files are on their way.
  case processing
  /// Its files are saved, or their download was given up.
  case completed
  /// It will bring nothing.
  case failed
  /// The caller stopped it.
  case cancelled
  /// The provider may or may not have accepted it.
  case unknown

  /// Whether the status never changes again; `unknown` may once, when a later look settles it.
  public var isTerminal: Bool {
    switch self {
    case .created, .processing: false
    case .completed, .failed, .cancelled, .unknown: true
    }
  }

  /// Whether clients may ever see this status follow that one. The whole table is in `Prediction+Lifecycle.swift`.
  public func mayBecome(_ next: PredictionStatus) -> Bool {
    switch (self, next) {
    case (.created, .processing), (.created, .failed), (.created, .cancelled): true
    case (.processing, .completed), (.processing, .failed), (.processing, .cancelled), (.processing, .unknown): true
    case (.unknown, .processing): true
    default: self == next
    }
  }
}

/// What is left to do for a prediction; none is nothing. Only this decides what a process does.
public enum PredictionPhase: String, Sendable, CaseIterable {
  /// Waiting for its turn; owned by nobody.
  case queued
  /// The submit POST may be on its way. Never entered twice, never taken from a living process.
  case sending
  /// The provider works on it, and its id is known.
  case polling
  /// Nobody knows whether the provider took it; its history is searched.
  case looking
  /// The outputs are paid for and on their way to disk.
  case fetching
  /// Cancelled, but something is still to be learned: the outcome of the POST, or of the deletion asked for.
  case settling
}

/// What is known about the cost; Sources/Predictions/README.md, "Billing".
public enum Billing: String, Sendable, CaseIterable {
  /// Nothing was sent, the provider refused, or the sandbox drew it.
  case none
  /// The provider finished it.
  case charged
  /// A failure that the provider says it refunds.
  case refunded
  /// Nobody knows yet.
  case unknown
}
