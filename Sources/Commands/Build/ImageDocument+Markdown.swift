internal import Predictions

/// Fenced code blocks with the class `imagewire`, as Pandoc and Quarto read them:
///
///     ```{.imagewire file="fox.png" size="1536x1024"}
///     a red fox in snow
///     ```
extension ImageDocument {
  mutating func readMarkdown(_ lines: [String]) {
    var number = 0
    while number < lines.count {
      let line = lines[number]
      let first = number
      number += 1
      guard let fence = Fence(line) else {
        if Self.opensComment(line) {
          while number < lines.count, lines[number].place(of: "-->") == nil { number += 1 }
        }
        continue
      }
      var text: [String] = []
      while number < lines.count, !fence.isClosed(by: lines[number]) {
        text.append(fence.unindented(lines[number]))
        number += 1
      }
      // An unclosed block goes on to the end of the document.
      let isClosed = number < lines.count
      number += 1
      switch fence.attributes {
      case .other: break
      case .unreadable:
        add(
          BlockProblem(
            first + 1,
            "Its attributes cannot be read. Write them like {.imagewire file=\"fox.png\" size=\"1536x1024\"}."))
      case .image where !isClosed: add(BlockProblem(first + 1, "The block does not end."))
      case .image(let attributes): add(attributes, text: text, line: first + 1)
      }
    }
  }

  /// Whether a comment begins in a line and does not end there.
  private static func opensComment(_ line: String) -> Bool {
    guard let start = line.place(of: "<!--") else { return false }
    return String(line[start...]).place(of: "-->") == nil
  }
}

/// The first line of a fenced code block (CommonMark 4.5).
private struct Fence {
  private let indent: Int
  private let mark: Character
  private let length: Int
  /// What follows the marks.
  private let info: String

  init?(_ line: String) {
    indent = line.prefix { $0 == " " }.count
    let rest = line.dropFirst(indent)
    guard indent <= 3, let mark = rest.first, mark == "`" || mark == "~" else { return nil }
    length = rest.prefix { $0 == mark }.count
    info = rest.dropFirst(length).trimmed
    // With backticks it is code within a line, to Pandoc only outside of braces.
    let isCode = mark == "`" && info.contains("`") && !(info.hasPrefix("{") && info.hasSuffix("}"))
    guard length >= 3, !isCode else { return nil }
    self.mark = mark
  }

  func isClosed(by line: String) -> Bool {
    let spaces = line.prefix { $0 == " " }.count
    let marks = line.dropFirst(spaces).trimmed
    return spaces <= 3 && marks.count >= length && marks.allSatisfy { $0 == mark }
  }

  /// A line of the block without the indentation of the fence.
  func unindented(_ line: String) -> String { String(line.dropFirst(min(indent, line.prefix { $0 == " " }.count))) }

  enum Attributes {
    /// Those of an image.
    case image([(name: String, value: String)])
    /// Another block.
    case other
    /// It is an image by its class, and the rest cannot be read.
    case unreadable
  }

  /// Those in braces. A language before braces is not among them: Pandoc 2 reads no block there.
  var attributes: Attributes {
    let name = "imagewire"
    if info == name { return .image([]) }
    guard let attributes = FenceAttributes(info) else {
      let isMeant = info.hasPrefix("\(name) ") || info.hasPrefix("\(name){") || info.place(of: ".\(name)") != nil
      return isMeant ? .unreadable : .other
    }
    return attributes.classes.contains(name) ? .image(attributes.pairs) : .other
  }
}

/// Pandoc's attributes: `{#id .class name=value name="a value"}`.
private struct FenceAttributes {
  private(set) var classes: [String] = []
  private(set) var pairs: [(name: String, value: String)] = []

  init?(_ text: String) {
    guard text.first == "{", text.last == "}" else { return nil }
    var rest = text.dropFirst().dropLast()[...]
    while true {
      rest = rest.drop(while: \.isWhitespace)
      guard let first = rest.first else { return }
      let word = rest.prefix { !$0.isWhitespace && $0 != "=" }
      rest = rest.dropFirst(word.count)
      if first == "#" || first == "." {
        guard rest.first != "=", word.count > 1 else { return nil }
        if first == "." { classes.append(String(word.dropFirst())) }
        continue
      }
      guard first.isLetter, rest.popFirst() == "=", let value = Self.value(&rest) else { return nil }
      pairs.append((String(word), value))
    }
  }

  /// A value with or without quotes. A backslash makes the next character an ordinary one.
  private static func value(_ rest: inout Substring) -> String? {
    let quote = rest.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
    if quote != nil { rest.removeFirst() }
    var value = ""
    while let next = rest.first {
      if quote == nil, next.isWhitespace { return value }
      rest.removeFirst()
      if next == quote { return rest.first.map(\.isWhitespace) ?? true ? value : nil }
      if next == "\\", let escaped = rest.popFirst() {
        // Only punctuation is escaped; elsewhere a backslash is one.
        value += escaped.isLetter || escaped.isNumber || escaped.isWhitespace ? "\\\(escaped)" : String(escaped)
      } else {
        value.append(next)
      }
    }
    return quote == nil ? value : nil
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  var trimmed: String {
    let start = drop { $0 == " " || $0 == "\t" }
    return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}

extension String {
  /// Where a text begins for the first time.
  fileprivate func place(of text: String) -> Index? {
    indices.first { self[$0...].hasPrefix(text) }
  }
}
