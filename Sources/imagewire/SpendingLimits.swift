internal import Predictions

/// The limits of spending that the environment and the config file may set, too. With an invalid limit no paid provider can be
/// used: nothing is spent under another limit than the one that was set.
struct SpendingLimits: Sendable {
  /// Whether a prediction without a known price is refused under `--max-spend`.
  let isStrict: Bool
  /// The limits of agents per day.
  let agentCaps: AgentCaps
  /// From which price on the user is asked before an agent's request is sent, in millionths of a dollar; `nil` for never.
  let confirmAbove: Int64?
  /// Says which limit is invalid; `nil` where none is.
  let problem: String?

  /// Reads the limits.
  ///
  /// - Parameters:
  ///   - strict: `true`, `1`, `false` or `0`.
  ///   - images: images of agents per day; 0 for no limit.
  ///   - spend: US dollars of agents per day; 0 for no limit.
  ///   - confirmAbove: US dollars of one request; 0 asks for each that costs anything.
  init(strict: Setting<String>, images: Setting<String>, spend: Setting<String>, confirmAbove: Setting<String>) {
    var caps = AgentCaps.standard
    var problem: String?
    isStrict = ["true", "1"].contains(strict.value)
    if case .given(let text, let origin) = strict, !["true", "1", "false", "0"].contains(text) {
      problem = "max_spend_strict from \(origin) must be true or false."
    }
    if case .given(let text, let origin) = images {
      if let count = Int64(text), count >= 0 {
        caps.images = count == 0 ? nil : count
      } else {
        problem = "agent_max_images from \(origin) must be a whole number of images per day, or 0 for no limit."
      }
    }
    if case .given(let text, let origin) = spend {
      if let micros = Double(text).flatMap(Money.micros) {
        caps.micros = micros == 0 ? nil : micros
        caps.refusesUnknownPrices = isStrict
      } else {
        problem = "agent_max_spend from \(origin) must be US dollars per day, or 0 for no limit."
      }
    }
    self.confirmAbove = confirmAbove.value.flatMap { Double($0) }.flatMap(Money.micros)
    if case .given(_, let origin) = confirmAbove, self.confirmAbove == nil {
      problem = "confirm_above from \(origin) must be US dollars; the user is asked about what costs more."
    }
    agentCaps = caps
    self.problem = problem
  }
}
