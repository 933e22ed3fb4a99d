/// The files of profiles that Amazon's tools share: `~/.aws/credentials` and `~/.aws/config`.
struct ProfileFile: Sendable {
  private var sections: [String: [String: String]] = [:]

  /// Reads lines of `[section]` and `name = value`; other lines, and indented ones, which belong to nested settings, are passed
  /// over. The first value of a name holds.
  init(_ bytes: [UInt8]) {
    var section: String?
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
      if first == "[" {
        section = line.dropFirst().prefix { $0 != "]" }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      } else if let section, let equals = line.firstIndex(of: "=") {
        let name = Self.trimmed(line[..<equals]).lowercased()
        let value = Self.trimmed(line[line.index(after: equals)...])
        if sections[section]?[name] == nil { sections[section, default: [:]][name] = value }
      }
    }
  }

  /// The settings of a profile; in `config` its section is called `profile NAME`, except for the default profile.
  func profile(_ name: String) -> [String: String] {
    (sections[name] ?? [:]).merging(sections["profile \(name)"] ?? [:]) { first, _ in first }
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
