internal import Predictions

/// Source blocks of Org with the language `imagewire`:
///
///     #+begin_src imagewire :file fox.png :size 1536x1024
///     a red fox in snow
///     #+end_src
///
/// Only the arguments in the first line of the block count, so that every client sees the same image in it.
extension ImageDocument {
  mutating func readOrg(_ lines: [String]) {
    // The last line that ends a block of each kind.
    var ends: [String: Int] = [:]
    for (number, line) in lines.enumerated() {
      if let kind = Self.rest(of: line.trimmed, after: "#+end_") { ends[kind.lowercased()] = number }
    }
    var number = 0
    while number < lines.count {
      let line = lines[number].trimmed
      let first = number
      number += 1
      guard let block = Self.rest(of: line, after: "#+begin_") else { continue }
      let kind = block.prefix { !$0.isWhitespace }.lowercased()
      // What begins a block that does not end is an ordinary line.
      let isClosed = ends[kind].map { $0 > first } ?? false
      var text: [String] = []
      if isClosed {
        while lines[number].trimmed.lowercased() != "#+end_\(kind)" {
          text.append(lines[number])
          number += 1
        }
        number += 1
      }
      let words = block.dropFirst(kind.count).trimmed
      guard kind == "src", words.prefix(while: { !$0.isWhitespace }) == "imagewire" else { continue }
      guard isClosed else {
        add(BlockProblem(first + 1, "The block does not end."))
        continue
      }
      let arguments = Self.arguments(words)
      if let eval = arguments.last(where: { $0.name == "eval" })?.value, eval.hasPrefix("no") || eval == "never" {
        continue
      }
      if let other = arguments.last(where: { ["dir", "output-dir"].contains($0.name) })?.name {
        add(
          BlockProblem(first + 1, "\(other) is not known here: write the folder into the file, :file images/fox.png."))
        continue
      }
      add(arguments, text: Self.text(text), line: first + 1)
    }
  }

  /// What follows a keyword, in any case.
  private static func rest(of line: String, after keyword: String) -> String? {
    line.prefix(keyword.count).lowercased() == keyword ? String(line.dropFirst(keyword.count)) : nil
  }

  /// `imagewire :name value :name "a value"`. A value goes on until the next name.
  private static func arguments(_ text: String) -> [(name: String, value: String)] {
    var found: [(name: String, value: String)] = []
    for word in words(text).dropFirst() {
      if word.hasPrefix(":"), word.dropFirst().first?.isLetter == true {
        found.append((String(word.dropFirst()), ""))
      } else if !found.isEmpty {
        let value = found[found.count - 1].value
        found[found.count - 1].value = value.isEmpty ? word : "\(value) \(word)"
      }
    }
    return found.map { ($0.name, unquoted($0.value)) }
  }

  /// The words of a line; one in double quotes may have spaces, and keeps its quotes.
  private static func words(_ text: String) -> [String] {
    var (words, word) = ([] as [String], "")
    var (isQuoted, isEscaped) = (false, false)
    for character in text {
      if character == "\"", !isEscaped { isQuoted.toggle() }
      isEscaped = character == "\\" && isQuoted && !isEscaped
      if character.isWhitespace, !isQuoted {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    return word.isEmpty ? words : words + [word]
  }

  private static func unquoted(_ value: String) -> String {
    guard value.count >= 2, value.first == "\"", value.last == "\"" else { return value }
    var (result, isEscaped) = ("", false)
    for character in value.dropFirst().dropLast() {
      isEscaped = character == "\\" && !isEscaped
      if !isEscaped { result.append(character) }
    }
    return result
  }

  /// The lines of a block without their common indentation and the commas with which Org quotes its own syntax.
  private static func text(_ lines: [String]) -> [String] {
    let filled = lines.filter { !$0.trimmed.isEmpty }
    let indent = filled.map { $0.prefix { $0 == " " || $0 == "\t" }.count }.min() ?? 0
    return lines.map { line in
      let text = line.trimmed.isEmpty ? "" : String(line.dropFirst(indent))
      let rest = text.drop { $0 == "," }
      return text.hasPrefix(",") && (rest.hasPrefix("*") || rest.hasPrefix("#+")) ? String(text.dropFirst()) : text
    }
  }
}
