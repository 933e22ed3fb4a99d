internal import Commands

extension Configuration {
  /// How long tools of MCP wait; with an invalid setting as long as without one.
  static func seconds(_ setting: Setting<String>) -> Setting<Int64> {
    let bounds = CommandTable.toolWaits
    return setting.number(in: bounds) { text, origin in
      "The wait of tools from \(origin) is \"\(text)\"; it must be a whole number of seconds, \(bounds.lowerBound) to "
        + "\(bounds.upperBound). Tools wait 50 seconds."
    }
  }
}
