internal import Commands

extension Configuration {
  /// How long tools of MCP wait; with an invalid setting as long as without one.
  static func seconds(_ setting: Setting<String>) -> Setting<Int64> {
    guard case .given(let text, let origin) = setting else { return setting.map { _ in 0 } }
    let bounds = CommandTable.toolWaits
    guard let seconds = Int(text), bounds.contains(seconds) else {
      return .broken(
        "The wait of tools from \(origin) is \"\(text.prefix(64))\"; it must be a whole number of seconds, "
          + "\(bounds.lowerBound) to \(bounds.upperBound). Tools wait 50 seconds.", origin: origin)
    }
    return .given(Int64(seconds), origin: origin)
  }
}
