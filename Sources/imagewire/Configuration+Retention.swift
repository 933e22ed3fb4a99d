internal import Commands

extension Configuration {
  /// How many days predictions are kept. With an invalid setting nothing is deleted: a mistake must not cost images.
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
