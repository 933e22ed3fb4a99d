internal import Encoding
internal import JSON
internal import Predictions

/// An image that a document describes: the text of a block is the prompt, its attributes say where the file goes and how it is made.
/// Pure.
struct ImageBlock: Equatable {
  /// The path of its file from the folder of the document: `images/fox.png`.
  let file: String
  let prompt: String
  /// `nil` for the default model.
  let model: String?
  /// The fields of the model's input beside the prompt, in the order of their names.
  let input: JSONObject
  /// Where the block begins in its document, from 1.
  let line: Int

  /// - Parameters:
  ///   - attributes: by name, as the document spells them.
  ///   - text: of the block.
  init(_ attributes: [(name: String, value: String)], text: String, line: Int) throws(BlockProblem) {
    var (file, model, fields) = (nil as String?, nil as String?, JSONObject())
    for (name, value) in attributes {
      switch name {
      case "file": file = value
      case "model": model = value.isEmpty ? nil : value
      case "input":
        guard let object = (try? JSONValue(parsing: value))?.object else {
          throw BlockProblem(line, "input must be a JSON object, such as input='{\"width\":1024}'.")
        }
        for member in object.members { fields[member.name] = member.value }
      case "prompt": throw BlockProblem(line, "The prompt is the text of the block, not an attribute.")
      case "provider": throw BlockProblem(line, "A block names no provider: use the option --provider.")
      default:
        if Self.isOfDocument(name) { continue }
        // As the value of --set.
        fields[name] = (try? JSONValue(parsing: value)) ?? .string(value)
      }
    }
    guard let file, !file.isEmpty else {
      throw BlockProblem(line, "The block names no file. Write ```{.imagewire file=\"fox.png\"}, in Org :file fox.png.")
    }
    let prompt = Self.trimmed(text)
    guard !prompt.isEmpty else { throw BlockProblem(line, "The block is empty: its text is the prompt.") }
    guard fields["prompt"] == nil else { throw BlockProblem(line, "The prompt is given twice: as text and in input.") }
    // The text of a document chooses no file of this machine to be sent.
    if let local = FileReferences.find(in: fields).first {
      throw BlockProblem(line, "\(local.member) names a local file; a block sends none. imagewire edit does.")
    }
    self.file = try Self.path(file, line)
    self.prompt = prompt
    self.model = model
    self.input = JSONValue.object(fields).canonical { $0 }.object ?? JSONObject()
    self.line = line
  }

  /// The idempotency key: the same for the same prompt, model and input, in every client.
  var key: String {
    let parts: JSONValue = [.string(prompt), .string(model ?? ""), .object(input)]
    return "build-\(SHA256.hash(parts.serialized).hexadecimal.prefix(32))"
  }

  /// Whether an attribute is for the document: how it shows the image, or a header argument of Org. It is no field of the input.
  private static func isOfDocument(_ name: String) -> Bool {
    ofDocument.contains(name) || ["fig-", "fig.", "lst-", "data-"].contains { name.hasPrefix($0) }
  }

  private static let ofDocument: Set = [
    "alt", "caption", "width", "height", "align", "label", "out-width", "out-height",
    "results", "exports", "var", "session", "cache", "tangle", "eval", "noweb", "noweb-ref", "noweb-sep", "mkdirp",
    "comments", "wrap", "post", "prologue", "epilogue", "hlines", "colnames", "rownames", "file-desc", "file-ext",
    "file-mode", "sep", "shebang", "no-expand", "padline", "tangle-mode", "cmdline", "link",
  ]

  /// Without white space at both ends.
  private static func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The longest name of a file, in bytes: file systems allow 255, and temporary files have longer names.
  private static let longestName = 200

  /// The checked path of a file. A document may come from anybody, so it reaches only what is below its folder.
  private static func path(_ file: String, _ line: Int) throws(BlockProblem) -> String {
    func refusal(_ reason: SafeText) -> BlockProblem {
      BlockProblem(line, "The file \(SafeText(file, atMost: 200)) \(reason).")
    }
    guard SafeText.isName(file), !file.utf8.contains(UInt8(ascii: "\\")) else {
      throw refusal("has a control character or a backslash in its name")
    }
    guard !file.hasPrefix("/"), !file.hasPrefix("~") else {
      throw refusal("must be relative to the folder of the document")
    }
    var parts: [Substring] = []
    for part in file.split(separator: "/", omittingEmptySubsequences: false) where part != "." {
      guard part != ".." else { throw refusal("is outside the folder of the document") }
      guard !part.isEmpty, !part.hasPrefix(".") else { throw refusal("has an empty or hidden name in its path") }
      guard part.utf8.count <= longestName else { throw refusal("has a name of more than \(longestName) bytes") }
      parts.append(part)
    }
    guard let name = parts.last, name.contains("."),
      let format = FileFormat.named(name.split(separator: ".").last?.lowercased() ?? ""),
      [.image, .vector, .video, .audio].contains(format.kind)
    else { throw refusal("must end as images do, such as .png or .jpg") }
    return parts.joined(separator: "/")
  }
}

/// What is wrong with a document, and where.
struct BlockProblem: Error, Equatable {
  /// From 1.
  let line: Int
  /// One or two sentences.
  let message: SafeText

  init(_ line: Int, _ message: SafeText) {
    self.line = line
    self.message = message
  }
}
