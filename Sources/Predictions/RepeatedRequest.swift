/// The rule for equal requests of one agent. Hosts that give up on a call do not always say so, and the model makes the call
/// again: that must not be paid twice. Pure.
///
/// A reply that was written may never have been read, so an earlier prediction answers an equal request also when it is
/// finished, until the agent has named its id in another call.
public struct RepeatedRequest: Sendable, Equatable {
  /// Milliseconds after its acceptance or its end in which an earlier prediction answers an equal request.
  public static let window: Int64 = 600_000
  /// Milliseconds before now after which an earlier prediction is not looked for: one that takes longer answers no request.
  public static let reach: Int64 = 86_400_000

  /// Predictions whose ids the agent has named: it has them, so an equal request is for another one.
  public var named: Set<PredictionID>
  /// How many of the newest answers are those of other calls: of two equal calls that are made at once, the first gets the
  /// newest and the second the one before.
  public var skipped: Int

  /// The rule for a request.
  public init(named: Set<PredictionID> = [], skipping skipped: Int = 0) {
    self.named = named
    self.skipped = skipped
  }

  /// The earlier prediction that answers a request.
  ///
  /// - Parameters:
  ///   - candidates: those that are the same, the newest first.
  ///   - now: milliseconds since 1970.
  public func answer(among candidates: some Sequence<Prediction>, at now: Int64) -> Prediction? {
    candidates.filter { isAnswered(by: $0, at: now) }.dropFirst(skipped).first
  }

  /// Whether an earlier prediction answers a request that is equal to its own.
  ///
  /// - Parameter now: milliseconds since 1970.
  public func isAnswered(by earlier: Prediction, at now: Int64) -> Bool {
    guard !named.contains(earlier.id), now - earlier.createdAt < Self.reach else { return false }
    // It came to nothing and cost nothing. One that is `unknown` may have been paid for.
    let costNothing = earlier.billing == .none || earlier.billing == .refunded
    if earlier.status == .failed || earlier.status == .cancelled, costNothing { return false }
    guard let finished = earlier.finishedAt else { return true }
    return now - max(finished, earlier.createdAt) < Self.window
  }

  /// Whether two requests are equal: of one agent, for the same content, to the same place.
  public static func isSame(_ one: Prediction, _ other: Prediction) -> Bool {
    one.agent != nil && one.agent == other.agent && one.origin == other.origin && one.account == other.account
      && one.fingerprint == other.fingerprint && one.outputDirectory == other.outputDirectory
      && one.outputName == other.outputName
  }
}
