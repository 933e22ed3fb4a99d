internal import JSON

/// The text that the filter `text` of a list searches.
enum PromptIndex {
  /// The prompt's first 1,000 characters, folded.
  static func of(input: [UInt8]) -> String {
    guard let prompt = (try? prompt(in: input.span)) ?? nil else { return "" }
    return folded(prompt.utf8.count <= 1000 ? prompt : String(prompt.prefix(1000)))
  }

  /// Reads only as far as the prompt: an input may have very many other fields.
  private static func prompt(in bytes: borrowing Span<UInt8>) throws(JSONError) -> String? {
    var scanner = JSONScanner()
    try scanner.expect(UInt8(ascii: "{"), in: bytes)
    if scanner.accept(UInt8(ascii: "}"), in: bytes) { return nil }
    repeat {
      if try scanner.name(in: bytes).has("prompt", in: bytes) {
        return scanner.peek(in: bytes) == UInt8(ascii: "\"") ? try scanner.text(in: bytes).string(in: bytes) : nil
      }
      try scanner.skipValue(in: bytes)
    } while scanner.accept(UInt8(ascii: ","), in: bytes)
    return nil
  }

  /// A text in lower case.
  static func folded(_ text: String) -> String { text.lowercased() }
}
