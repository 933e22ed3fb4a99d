/// The state of a prediction, as clients see it; Sources/Predictions/README.md, "Prediction".
public enum PredictionStatus: String, Sendable, CaseIterable {
  /// Accepted, waiting for its turn.
  case created
  /// Handed to the provider, searched for in its history, or its files are being saved.
  case processing
  /// Its files are saved, or their download was given up.
  case completed
  /// It ended without outputs.
  case failed
  /// The caller cancelled it.
  case cancelled
  /// The provider may or may not have accepted it.
  case unknown

  /// Whether the status is final; `unknown` may change once more, when a later search finds the prediction.
  public var isTerminal: Bool {
    switch self {
    case .created, .processing: false
    case .completed, .failed, .cancelled, .unknown: true
    }
  }

  /// Whether clients may see `next` after this status. `Prediction+Lifecycle.swift` holds all transitions.
  public func mayBecome(_ next: PredictionStatus) -> Bool {
    switch (self, next) {
    case (.created, .processing), (.created, .failed), (.created, .cancelled): true
    case (.processing, .completed), (.processing, .failed), (.processing, .cancelled), (.processing, .unknown): true
    case (.unknown, .processing): true
    default: self == next
    }
  }
}

/// The work that remains for a prediction. Only the phase decides what a process does.
public enum PredictionPhase: String, Sendable, CaseIterable {
  /// Waiting for its turn, without an owner.
  case queued
  /// The POST may be on its way. Entered at most once, and not taken over from a living process.
  case sending
  /// The provider works on it, and its id is known.
  case polling
  /// Searching: it is unknown whether the provider accepted it, and the history is searched.
  case looking
  /// The outputs are finished at the provider and being saved.
  case fetching
  /// Reconciling: cancelled, while the outcome of the POST or of the requested deletion is open.
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
  /// Not known.
  case unknown
}
