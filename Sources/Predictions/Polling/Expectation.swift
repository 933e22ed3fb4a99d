/// What earlier jobs say about one that its provider works on. An estimate.
public struct Expectation: Sendable, Equatable {
  /// Milliseconds until it is done at the provider, as likely more as less; `nil` where it takes longer than all that is known.
  public let remaining: Int64?
  /// The share that is shown as done: 0 to 0.99. It never falls.
  public let share: Double

  /// An expectation.
  public init(remaining: Int64?, share: Double) {
    self.remaining = remaining
    self.share = share
  }
}
