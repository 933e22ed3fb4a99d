import Testing

@testable import HTTP

@Suite("The bound of answers without media")
struct AnswerMeterTests {
  /// In pieces of an odd size.
  private func allows(_ text: String, limit: Int64 = 10_000) -> Bool {
    var meter = AnswerMeter(limit: limit)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      guard rest.prefix(101).withUnsafeBufferPointer({ meter.add($0) }) else { return false }
      rest = rest.dropFirst(101)
    }
    return true
  }

  @Test func mediaCountNothing() {
    let image = String(repeating: "A/", count: 50_000)
    #expect(allows(#"{"data":[{"b64_json":"\#(image)"},{"b64_json":"\#(image)"}]}"#))
    #expect(allows(#"[""# + image), "the string is still open")
    #expect(allows(#"["a\\","\#(image)\"\#(image)"]"#))
  }

  @Test func everythingElseCounts() {
    #expect(!allows("[" + String(repeating: "0,", count: 10_000) + "0]"))
    #expect(!allows("[" + String(repeating: #""abc","#, count: 4_000) + "0]"))
    #expect(!allows("{" + String(repeating: " ", count: 20_000)))
    #expect(!allows(String(repeating: " ", count: 20_000)))
    // Escaped quotation marks end no string, and others begin none.
    #expect(!allows(#"["\\","# + String(repeating: #"0,"\\","#, count: 5_000)))
    #expect(allows("[" + String(repeating: "0,", count: 4_900) + "0]"))
  }

  @Test func whatIsNoJSONIsNotJudged() {
    #expect(allows("\u{89}PNG" + String(repeating: "0", count: 20_000)))
    #expect(allows("data: {}\n\n" + String(repeating: "0", count: 20_000)))
  }
}
