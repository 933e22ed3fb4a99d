import JSON
import Testing

@testable import Predictions

@Suite("Comparison of inputs with a history")
struct LikenessTests {
  private func likeness(_ text: String, hasFiles: Bool = false) throws -> Likeness {
    Likeness(of: try #require(try JSONValue(parsing: text).object), hasFiles: hasFiles)
  }

  @Test(arguments: [
    (#"{"prompt":"a"}"#, #"{"prompt":"a","size":"auto"}"#, true), (#"{"prompt":"a"}"#, #"{"prompt":"b"}"#, false),
    (#"{"prompt":"a","n":1}"#, #"{"prompt":"a","n":1.0}"#, true), (#"{"prompt":"a","n":1}"#, #"{"prompt":"a"}"#, false),
    (#"{"prompt":"a","n":1}"#, #"{"prompt":"a","n":"1"}"#, false),
    (#"{"prompt":"a","n":1}"#, #"{"prompt":"a","n":"1.0"}"#, false), (#"{"n":-0}"#, #"{"n":0.0}"#, true),
    (#"{"n":9007199254740993}"#, #"{"n":9007199254740992}"#, true), (#"{"n":1e999}"#, #"{"n":2e999}"#, false),
    (#"{"prompt":"é"}"#, "{\"prompt\":\"e\u{301}\"}", false), (#"{"é":1}"#, "{\"e\u{301}\":1}", false),
    (#"{"prompt":"a","l":[1,2]}"#, #"{"prompt":"a","l":[2,1]}"#, false),
    (#"{"prompt":"a","o":{"x":1,"y":null}}"#, #"{"prompt":"a","o":{"y":null,"x":1}}"#, true),
    (#"{"prompt":"a","image":"data:image/png;base64,AA"}"#, #"{"prompt":"a","image":"https://x"}"#, true),
    (#"{"prompt":"a","image":"DATA:x"}"#, #"{"prompt":"a"}"#, true),
    (#"{"prompt":"a","images":["data:x","data:y"]}"#, #"{"prompt":"b"}"#, false),
    (#"{"image":"data:x"}"#, #"{"image":"https://x"}"#, false), (#"{"b":true}"#, #"{"b":1}"#, false),
    (#"{"prompt":"data: one"}"#, #"{"prompt":"data: two"}"#, false),
    (#"{"prompt":"a","image":"https://x"}"#, #"{"prompt":"a","image":"data:x"}"#, false), ("{}", "{}", false),
  ])
  func matching(ours: String, theirs: String, isMatch: Bool) throws {
    #expect(try likeness(ours).matches(likeness(theirs)) == isMatch)
  }

  /// A file whose address is not known cannot be compared; without files the same string was sent as it is.
  @Test(arguments: [
    (#"{"prompt":"a","image":"@/x.png"}"#, #"{"prompt":"a","image":"https://x"}"#, true),
    (#"{"prompt":"a","image":"@/x.png"}"#, #"{"prompt":"b","image":"https://x"}"#, false),
    (#"{"prompt":"a","images":["https://y","@/x.png"],"o":{"p":"@/x.png"}}"#, #"{"prompt":"a"}"#, true),
    (#"{"prompt":"@/x.png"}"#, #"{"prompt":"https://x"}"#, false), (#"{"image":"@/x.png"}"#, #"{"image":"a"}"#, false),
  ])
  func matchingFiles(ours: String, theirs: String, isMatch: Bool) throws {
    #expect(try likeness(ours, hasFiles: true).matches(likeness(theirs)) == isMatch)
    #expect(try !likeness(ours).matches(likeness(theirs)))
  }

  @Test("an input without comparable fields proves nothing, and may have made any item")
  func nothingToCompare() throws {
    let ours = try likeness(#"{"image":"data:x"}"#)
    #expect(try !ours.matches(likeness(#"{"image":"https://x"}"#)))
    #expect(try ours.couldHaveMade(likeness(#"{"image":"https://x"}"#)))
  }

  @Test func aStoredLikenessIsReadAgainAndShowsNoValue() throws {
    let ours = try likeness(#"{"prompt":"a secret","image":"data:x","é":[1]}"#)
    #expect(Likeness(bytes: ours.bytes) == ours)
    #expect(!String(decoding: ours.bytes, as: UTF8.self).contains("secret"))
    for damaged in ["", "[]", #"{"prompt":1}"#, #"{"prompt":"ab"#] {
      #expect(Likeness(bytes: Array(damaged.utf8)) == nil)
    }
  }
}
