internal import Commands

extension Configuration {
  /// How many days predictions are kept. With an invalid setting nothing is deleted: a mistake must not cost images.
  static func days(_ setting: Setting<String>) -> Setting<Int64> {
    setting.number(in: CommandTable.retentionDays) { text, origin in
      "The retention from \(origin) is \"\(text)\"; it must be a whole number of days, 1 to 36500. Nothing is deleted."
    }
  }
}
