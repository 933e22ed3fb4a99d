extension Configuration {
  /// The directories whose images agents may name: the options, otherwise the variable, otherwise the config file. Absolute.
  ///
  /// - Parameters:
  ///   - variable: paths with `:` between them, as in `PATH`.
  ///   - listed: those of the config file.
  static func allowedInputs(
    options: [String], variable: String?, listed: [String], home: String
  ) -> [String] {
    let given =
      !options.isEmpty ? options : variable.map { $0.split(separator: ":").map(String.init) } ?? listed
    return given.filter { !$0.isEmpty }.map { absolute($0, home: home) }
  }
}
