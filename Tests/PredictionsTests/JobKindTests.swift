import JSON
import Testing

@testable import Predictions

@Suite("Kinds of jobs")
struct JobKindTests {
  private func kind(_ text: String) throws -> Int64 {
    JobKind.of(try #require(try JSONValue(parsing: Array(text.utf8)).object))
  }

  @Test("no prompt, seed or order of members makes another kind")
  func same() throws {
    let one = try kind(#"{"prompt":"a","size":"64x64","n":1,"image":"x"}"#)
    #expect(try kind(#"{"n":1,"image":"y","size":"64x64","prompt":"b","seed":7,"tags":["x"]}"#) == one)
  }

  @Test(
    "size, quality, number and images do",
    arguments: [
      #"{}"#, #"{"size":"64x65"}"#, #"{"size":"64x64","n":2}"#, #"{"size":"64x64","quality":"high"}"#,
      #"{"size":"64x64","image":"x"}"#, #"{"size":"64x64","images":["x","y"]}"#, #"{"width":64}"#, #"{"height":64}"#,
      #"{"num_inference_steps":64}"#, #"{"duration":64}"#,
    ])
  func other(input: String) throws { #expect(try kind(input) != kind(#"{"size":"64x64"}"#)) }
}
