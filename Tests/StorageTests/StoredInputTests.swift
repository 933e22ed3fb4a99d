import JSON
import Testing

@testable import Storage

@Suite("Stored inputs") struct StoredInputTests {
  @Test func aMarkIsReadAsItWasWritten() throws {
    let mark = StoredInput(bytes: 70_000, sha256: String(repeating: "ab", count: 32))
    #expect(StoredInput(cell: mark.cell) == mark)
    // An older program finds an object without a prompt, which it never sends.
    #expect(try JSONValue(parsing: mark.cell)["prompt"] == nil)
  }

  @Test(arguments: [
    #"{"prompt":"a"}"#, #"{"stored":{"bytes":1,"sha256":"ab"},"prompt":"a"}"#,
    #"{"stored":{"bytes":-1,"sha256":"ab"}}"#,
    #"{"stored":{"bytes":1}}"#, #"{"stored":{"bytes":9223372036854775807,"sha256":"ab"}}"#, "", "{",
    #"{"stored":{"bytes":"#,
  ])
  func anythingElseIsNone(_ cell: String) {
    #expect(StoredInput(cell: Array(cell.utf8)) == nil)
  }
}
