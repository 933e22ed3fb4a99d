/// A round over the predictions that wait for outputs of others.
public struct ChainRound: Sendable, Equatable {
  /// Those that were ended, oldest first.
  public var ended: [Prediction]
  /// Whether there are more to end.
  public var hasMore: Bool
  /// Accounts with predictions whose targets are all completed.
  public var ready: Set<String>
  /// Whether any prediction waits.
  public var isWaiting: Bool

  /// A round.
  public init(ended: [Prediction] = [], hasMore: Bool = false, ready: Set<String> = [], isWaiting: Bool = false) {
    self.ended = ended
    self.hasMore = hasMore
    self.ready = ready
    self.isWaiting = isWaiting
  }
}

/// A committed cancellation of a chain.
public struct ChainCancellation: Sendable, Equatable {
  /// The change to the prediction itself.
  public var change: Change
  /// Those that waited for it, and are cancelled.
  public var cancelled: [Prediction]

  /// A cancellation.
  public init(change: Change, cancelled: [Prediction]) {
    self.change = change
    self.cancelled = cancelled
  }
}
