import JSON
import Service
import Testing

@testable import Commands

@Suite("The request of imagewire call")
struct CallRequestTests {
  private static let methods: JSONValue = [
    [
      "name": "submit", "result": [:],
      "params": [
        ["name": "prompt", "schema": ["type": ["string", "null"]]],
        ["name": "input", "schema": ["type": ["object", "null"]]],
        ["name": "tags", "schema": ["type": ["array", "null"]]], ["name": "wait_ms", "schema": ["type": "integer"]],
      ],
    ],
    ["name": "exit", "params": []],
  ]

  private func params(_ words: String...) throws -> JSONValue? {
    let request = try CallRequest(["submit"] + words, methods: Self.methods)
    return try JSONValue(parsing: request.text)["params"]
  }

  @Test func aValueIsATextWhereTheParameterIsOneAndJSONElsewhere() throws {
    #expect(try params("prompt=5", "wait_ms=5") == ["prompt": "5", "wait_ms": 5])
    #expect(try params("wait_ms=soon", "other=true", "more=x") == ["wait_ms": "soon", "other": true, "more": "x"])
    #expect(try params("prompt=a=b") == ["prompt": "a=b"])
    #expect(try params("prompt=") == ["prompt": ""])
  }

  @Test func aFieldOfAParameterIsNamedWithADot() throws {
    #expect(try params("input.n=2", "input.size=1024x1024") == ["input": ["n": 2, "size": "1024x1024"]])
    #expect(try params(#"input={"n":1}"#, "input.size=64x64") == ["input": ["n": 1, "size": "64x64"]])
    #expect(throws: UsageError.self) { try params("input=text", "input.size=64x64") }
  }

  @Test func aListIsWrittenWholeOrElementByElement() throws {
    #expect(try params("tags=a", "tags=5") == ["tags": ["a", "5"]])
    #expect(try params(#"tags=["a"]"#) == ["tags": ["a"]])
  }

  @Test func allParametersCanBeOneJSONText() throws {
    #expect(try params(#"{"prompt":"fox"}"#) == ["prompt": "fox"])
    #expect(try params(#"["fox"]"#) == ["fox"])
    #expect(throws: UsageError.self) { try params(#"{"prompt""#) }
  }

  @Test func aRequestHasAnIDAndANotificationHasNone() throws {
    func text(_ words: String...) throws -> String { try CallRequest(words, methods: Self.methods).text }
    #expect(try text("submit") == #"{"jsonrpc":"2.0","id":1,"method":"submit"}"#)
    #expect(try text("unknown") == #"{"jsonrpc":"2.0","id":1,"method":"unknown"}"#)
    #expect(try text("exit") == #"{"jsonrpc":"2.0","method":"exit"}"#)
  }

  @Test(arguments: ["prompt", "=x", ""]) func whatIsNoParameterIsRefused(word: String) {
    #expect(throws: UsageError.self) { try params(word) }
  }
}
