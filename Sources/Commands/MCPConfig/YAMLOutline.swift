/// The keys of a YAML document that is one mapping in block style, and where they are. Of the values it reads only where they
/// end, by their indentation; a document in which that is not certain is refused.
struct YAMLOutline {
  /// The line that was not understood.
  struct Fault: Error, Equatable {
    var line: Int
  }

  /// A key at the left margin.
  struct Key {
    var name: String
    /// The value on its own line, without a comment.
    var rest: String
    /// With its line break.
    var line: Range<Int>
    /// The numbers of the lines that belong to its value.
    var body: Range<Int>
  }

  private(set) var keys: [Key] = []
  private let lines: [(text: String, place: Range<Int>)]

  init(_ bytes: [UInt8]) throws(Fault) {
    lines = Self.lines(of: bytes)
    var hasBegun = false
    for (number, line) in lines.enumerated() {
      let text = line.text
      let fault = Fault(line: number + 1)
      guard let first = text.unicodeScalars.first, text.contains(where: { $0 != " " }) else { continue }
      if first == " " {
        // Only a value may be indented.
        guard !keys.isEmpty || text.drop(while: { $0 == " " }).hasPrefix("#") else { throw fault }
        continue
      }
      if first == "#" { continue }
      if !hasBegun, first == "%" || text == "---" { continue }
      hasBegun = true
      let isItem = text == "-" || text.hasPrefix("- ")
      let isEnd = first == "}" || first == "]"
      if let last = keys.last,
        isItem && last.rest.isEmpty || isEnd && (last.rest.hasPrefix("{") || last.rest.hasPrefix("["))
      {
        continue
      }
      guard !isItem, !isEnd, let (name, rest) = Self.member(text[...]) else { throw fault }
      if let last = keys.indices.last { keys[last].body = keys[last].body.lowerBound..<number }
      keys.append(Key(name: name, rest: rest, line: line.place, body: number + 1..<lines.count))
    }
  }

  /// The members of a key's value, and the indentation that a new one needs; `nil` where the value is not a mapping in block
  /// style, or empty.
  func members(of key: Key) -> (names: [String], indentation: String)? {
    if ["{}", "{ }", "~", "null"].contains(key.rest) { return ([], "  ") }
    guard key.rest.isEmpty else { return nil }
    let body = lines[key.body].map(\.text).filter { line in
      let content = line.drop { $0 == " " }
      return !content.isEmpty && !content.hasPrefix("#")
    }
    guard let first = body.first else { return ([], "  ") }
    let indentation = String(first.prefix { $0 == " " })
    guard !indentation.isEmpty else { return nil }
    var names: [String] = []
    for line in body {
      let width = line.prefix { $0 == " " }.count
      if width > indentation.count { continue }
      guard width == indentation.count, let (name, _) = Self.member(line.dropFirst(width)) else { return nil }
      names.append(name)
    }
    return (names, indentation)
  }

  /// A key and the value behind it, from a line without its indentation.
  private static func member(_ text: Substring) -> (name: String, rest: String)? {
    guard let first = text.first, !"-?:,[]{}#&*!|>%@`\t".contains(first) else { return nil }
    var name: Substring
    var rest: Substring
    if first == "\"" || first == "'" {
      guard let end = text.dropFirst().firstIndex(of: first) else { return nil }
      name = text[text.index(after: text.startIndex)..<end]
      rest = text[text.index(after: end)...].drop { $0 == " " }
      guard rest.first == ":" else { return nil }
      rest.removeFirst()
    } else {
      guard
        let colon = text.indices.first(where: {
          text[$0] == ":" && [nil, " ", "\t"].contains(text[$0...].dropFirst().first)
        })
      else { return nil }
      name = text[..<colon]
      rest = text[colon...].dropFirst()
    }
    guard rest.isEmpty || rest.first == " " || rest.first == "\t" else { return nil }
    while name.last == " " { name.removeLast() }
    rest = rest.drop { $0 == " " || $0 == "\t" }
    if rest.hasPrefix("#") { rest = "" }
    if let comment = rest.indices.first(where: { rest[$0...].hasPrefix(" #") }), !rest.hasPrefix("\""),
      !rest.hasPrefix("'")
    {
      rest = rest[..<comment]
    }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return (String(name), String(rest))
  }

  private static func lines(of bytes: [UInt8]) -> [(text: String, place: Range<Int>)] {
    var lines: [(String, Range<Int>)] = []
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
      var text = bytes[start..<end]
      while text.last == 0x0A || text.last == 0x0D { text.removeLast() }
      lines.append((String(decoding: text, as: UTF8.self), start..<end))
      start = end
    }
    return lines
  }
}
