internal import Predictions

/// The blocks of a document that describe images. Pure.
struct ImageDocument {
  /// How a document marks its blocks.
  enum Form {
    /// Markdown, also that of Pandoc and Quarto.
    case markdown
    case org

    /// - Parameter path: of a file, whose extension decides.
    init(_ path: String) { self = path.lowercased().hasSuffix(".org") ? .org : .markdown }
  }

  private(set) var blocks: [ImageBlock] = []
  private(set) var problems: [BlockProblem] = []

  init(_ bytes: [UInt8], _ form: Form) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      problems = [BlockProblem(1, "The document is not text in UTF-8.")]
      return
    }
    // By bytes: to Swift, CR LF is one character.
    var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
    if lines[0].unicodeScalars.first == "\u{FEFF}" { lines[0].unicodeScalars.removeFirst() }
    switch form {
    case .markdown: readMarkdown(lines)
    case .org: readOrg(lines)
    }
  }

  mutating func add(_ attributes: [(name: String, value: String)], text: [String], line: Int) {
    do throws(BlockProblem) {
      blocks.append(try ImageBlock(attributes, text: text.joined(separator: "\n"), line: line))
    } catch {
      problems.append(error)
    }
  }

  mutating func add(_ problem: BlockProblem) { problems.append(problem) }
}
