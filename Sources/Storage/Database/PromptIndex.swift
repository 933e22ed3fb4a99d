internal import JSON

/// What `text` is searched in.
enum PromptIndex {
  /// The prompt's first 1,000 characters, folded.
  static func of(input: [UInt8]) -> String {
    guard let prompt = (try? JSONValue(parsing: input))?["prompt"]?.string else { return "" }
    return folded(prompt.utf8.count <= 1000 ? prompt : String(prompt.prefix(1000)))
  }

  /// The same text for the same words, whatever the case.
  static func folded(_ text: String) -> String { text.lowercased() }
}
