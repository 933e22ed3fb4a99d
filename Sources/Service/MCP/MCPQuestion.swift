internal import JSON
internal import Predictions

/// What a tool asks the user, through the host, before it spends.
enum MCPQuestion: Hashable, Sendable {
  /// Whether agents may request as much again today.
  case grant(PredictionEngine.AgentGrant)
  /// Whether an image may be made at a price.
  ///
  /// - Parameters:
  ///   - digest: SHA-256 of what decides the image.
  ///   - micros: the price in millionths of a dollar; `nil` where it is not known.
  case price(digest: [UInt8], micros: Int64?)

  /// Whether a yes is for all who ask: a second one grants no more.
  var isLasting: Bool { if case .grant = self { true } else { false } }

  /// What the user did.
  enum Answer: Sendable, Equatable {
    case accepted
    case declined
    /// Closed the question without a decision.
    case dismissed

    /// The answer in an `ElicitResult`; what is none counts as dismissed.
    init(_ result: JSONValue?) {
      self =
        switch result?["action"]?.string {
        case "accept": .accepted
        case "decline": .declined
        default: .dismissed
        }
    }
  }
}
