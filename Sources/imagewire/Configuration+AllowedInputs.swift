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

  /// Whether roots are adopted; not with an invalid setting.
  static func adoptsRoots(_ setting: Setting<String>) -> Setting<Bool> {
    guard case .given(let text, let origin) = setting else { return setting.map { _ in false } }
    guard ["true", "1", "false", "0"].contains(text) else {
      return .broken("allow_roots from \(origin) must be true or false. No roots are adopted.", origin: origin)
    }
    return .given(text == "true" || text == "1", origin: origin)
  }
}
