internal import Predictions

/// What may be spent, as far as it is not a matter of flags alone. A limit that cannot be read is a problem of every provider
/// that costs money: nobody who set a limit spends under another one.
struct SpendingLimits: Sendable {
  /// Whether what has no price is refused under `--max-spend`.
  let isStrict: Bool
  /// What agents may order a day; the usual caps where nothing else is named.
  let agentCaps: AgentCaps
  /// Which limit cannot be read, in sentences; `nil` where all can be.
  let problem: String?

  /// Reads the limits.
  ///
  /// - Parameters:
  ///   - strict: whether what has no price is refused: `true`, `1`, `false` or `0`.
  ///   - images: how many images a day agents may order; 0 is no limit.
  ///   - spend: how many US dollars a day agents may spend; 0 is no limit.
  init(strict: Setting<String>, images: Setting<String>, spend: Setting<String>) {
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
        problem = "agent_max_images from \(origin) must be a whole number of images a day; 0 is no limit."
      }
    }
    if case .given(let text, let origin) = spend {
      if let micros = Double(text).flatMap(Money.micros) {
        caps.micros = micros == 0 ? nil : micros
        caps.refusesUnknownPrices = isStrict
      } else {
        problem = "agent_max_spend from \(origin) must be US dollars a day; 0 is no limit."
      }
    }
    agentCaps = caps
    self.problem = problem
  }
}
