internal import Commands
internal import Predictions

extension Configuration {
  /// What may be spent, as far as it is not a matter of flags alone. A value that cannot be read is named in a warning,
  /// and the usual cap holds.
  ///
  /// - Parameters:
  ///   - strict: whether what has no price is refused: `true`, `1`, `false` or `0`.
  ///   - images: how many images a day agents may order; 0 is no limit.
  ///   - spend: how many US dollars a day agents may spend; 0 is no limit.
  static func limits(
    strict: Setting<String>, images: Setting<String>, spend: Setting<String>, _ warnings: inout [String]
  ) -> (isSpendingStrict: Bool, agentCaps: AgentCaps) {
    var caps = AgentCaps.standard
    let isStrict = ["true", "1"].contains(strict.value)
    if let text = strict.value, !["true", "1", "false", "0"].contains(text) {
      warnings.append("The setting from \(strict.origin ?? "") that refuses what has no price must be true or false.")
    }
    if let text = images.value {
      if let count = Int64(text), count >= 0 {
        caps.images = count == 0 ? nil : count
      } else {
        warnings.append(
          "What agents may order, from \(images.origin ?? ""), must be a whole number of images a day; 0 is no limit.")
      }
    }
    if let text = spend.value {
      if let micros = Double(text).flatMap(Money.micros) {
        caps.micros = micros == 0 ? nil : micros
        caps.refusesUnknownPrices = isStrict
      } else {
        warnings.append(
          "What agents may spend, from \(spend.origin ?? ""), must be US dollars a day; 0 is no limit.")
      }
    }
    return (isStrict, caps)
  }

  /// How many days something is kept. Where that cannot be read nothing is deleted: a mistake must not cost images.
  static func days(_ setting: Setting<String>) -> Setting<Int64> {
    guard case .given(let text, let origin) = setting else { return setting.map { _ in 0 } }
    guard let days = Int64(text), CommandTable.retentionDays.contains(Int(days)) else {
      return .broken(
        "The retention from \(origin) is \"\(text.prefix(64))\"; it must be a whole number of days, 1 to 36500. Nothing is "
          + "deleted.", origin: origin)
    }
    return .given(days, origin: origin)
  }
}
