internal import Commands

extension Configuration {
  /// The largest file to save, in bytes.
  var outputLimit: Int64 { maxOutputBytes.value ?? CommandTable.usualOutputBytes }

  /// With an invalid setting the usual limit holds.
  static func outputBytes(_ setting: Setting<String>) -> Setting<Int64> {
    let bounds = CommandTable.outputBytes
    return setting.number(in: bounds) { text, origin in
      "The output limit from \(origin) is \"\(text)\"; it must be a whole number of bytes, \(bounds.lowerBound) to "
        + "\(bounds.upperBound). Files of up to \(CommandTable.usualOutputBytes) bytes are saved."
    }
  }
}
