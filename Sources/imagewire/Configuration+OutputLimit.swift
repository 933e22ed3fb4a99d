internal import Commands

extension Configuration {
  /// The largest file to save, in bytes.
  var outputLimit: Int64 { maxOutputBytes.value ?? CommandTable.usualOutputBytes }

  /// With an invalid setting the usual limit holds.
  static func outputBytes(_ setting: Setting<String>) -> Setting<Int64> {
    guard case .given(let text, let origin) = setting else { return setting.map { _ in 0 } }
    let bounds = CommandTable.outputBytes
    guard let bytes = Int(text), bounds.contains(bytes) else {
      return .broken(
        "The output limit from \(origin) is \"\(text.prefix(64))\"; it must be a whole number of bytes, \(bounds.lowerBound) "
          + "to \(bounds.upperBound). Files of up to \(CommandTable.usualOutputBytes) bytes are saved.", origin: origin)
    }
    return .given(Int64(bytes), origin: origin)
  }
}
