import JSON
import Predictions
import Testing

/// Every supported keyword with valid and invalid values, and unsupported keywords, which are ignored.
@Suite("Input schemas")
struct InputSchemaTests {
  private func paths(_ schema: String, _ value: String) throws -> [String] {
    let whole = #"{"properties":{"x":\#(schema)}}"#
    let input = try JSONValue(parsing: Array(#"{"x":\#(value)}"#.utf8))
    return InputSchema(Array(whole.utf8)).problems(with: try #require(input.object)).map(\.path)
  }

  @Test(
    "allowed values are no problem",
    arguments: [
      (#"{"type":"string"}"#, #""a""#), (#"{"type":"integer"}"#, "1"), (#"{"type":"integer"}"#, "1.0"),
      (#"{"type":"integer"}"#, "5e4"), (#"{"type":"integer"}"#, "123456789012345678901234567890"),
      (#"{"type":"number"}"#, "1"), (#"{"type":"number"}"#, "1.5"), (#"{"type":"boolean"}"#, "false"),
      (#"{"type":"array"}"#, "[]"), (#"{"type":"object"}"#, "{}"), (#"{"type":["string","integer"]}"#, "7"),
      (#"{"enum":["a",1,null,[1],{"b":2,"c":3}]}"#, "1.0"), (#"{"enum":["a",[1]]}"#, "[1.0]"),
      (#"{"enum":[{"b":2,"c":3}]}"#, #"{"c":3,"b":2e0}"#), (#"{"const":true}"#, "true"),
      (#"{"minimum":1,"maximum":3}"#, "1"), (#"{"minimum":1,"maximum":3}"#, "3"),
      (#"{"exclusiveMinimum":1,"exclusiveMaximum":3}"#, "2"), (#"{"minimum":1,"exclusiveMinimum":false}"#, "1"),
      // Two integers that are equal as Double are different.
      (#"{"exclusiveMaximum":9007199254740993}"#, "9007199254740992"),
      (#"{"maximum":9007199254740992}"#, "9007199254740993"),
      (#"{"minLength":1,"maxLength":2}"#, #""狐🦊""#), (#"{"maxLength":2}"#, "333"), (#"{"maximum":2}"#, #""333""#),
      (#"{"minItems":1,"maxItems":2}"#, "[1,2]"), (#"{"items":{"type":"string"}}"#, #"["a","b"]"#),
      (#"{"items":{"type":"string"}}"#, #""a""#),
    ])
  func allowed(schema: String, value: String) throws {
    #expect(try paths(schema, value) == [])
  }

  @Test(
    "a certain violation is a problem, with its path",
    arguments: [
      (#"{"type":"string"}"#, "1", "input.x"), (#"{"type":"integer"}"#, "1.5", "input.x"),
      (#"{"type":"integer"}"#, #""1""#, "input.x"), (#"{"type":"number"}"#, "true", "input.x"),
      (#"{"type":"boolean"}"#, "1", "input.x"), (#"{"type":"array"}"#, "{}", "input.x"),
      (#"{"type":"object"}"#, "[]", "input.x"), (#"{"type":["string","integer"]}"#, "[]", "input.x"),
      (#"{"enum":["a","b"]}"#, #""c""#, "input.x"), (#"{"enum":[1]}"#, #""1""#, "input.x"),
      (#"{"enum":[{"a":1}]}"#, #"{"a":1,"b":2}"#, "input.x"), (#"{"enum":["é"]}"#, #""e\u0301""#, "input.x"),
      (#"{"const":1}"#, "2", "input.x"), (#"{"minimum":1}"#, "0.5", "input.x"), (#"{"maximum":3}"#, "4", "input.x"),
      (#"{"exclusiveMinimum":1}"#, "1.0", "input.x"), (#"{"exclusiveMaximum":3}"#, "3", "input.x"),
      (#"{"minimum":1,"exclusiveMinimum":true}"#, "1", "input.x"),
      (#"{"maximum":3,"exclusiveMaximum":true}"#, "3", "input.x"),
      (#"{"minLength":2}"#, #""狐""#, "input.x"), (#"{"maxLength":1}"#, #""狐🦊""#, "input.x"),
      (#"{"minItems":1}"#, "[]", "input.x"), (#"{"maxItems":1}"#, "[1,2]", "input.x"),
      (#"{"items":{"type":"string"}}"#, #"["a",2]"#, "input.x[1]"),
      (#"{"items":{"properties":{"url":{"type":"string"}}}}"#, #"[{"url":1}]"#, "input.x[0].url"),
      (#"{"required":["y"]}"#, "{}", "input.x.y"), (#"{"properties":{"y":{"maximum":1}}}"#, #"{"y":2}"#, "input.x.y"),
    ])
  func refused(schema: String, value: String, path: String) throws {
    #expect(try paths(schema, value) == [path])
  }

  @Test(
    "what is not understood is never refused",
    arguments: [
      ("true", "1"), ("false", "1"), ("null", "1"), (#""string""#, "1"), ("{}", "1"), (#"{"type":"file"}"#, "1"),
      (#"{"type":["string","file"]}"#, "1"), (#"{"type":[]}"#, "1"), (#"{"type":7}"#, "1"), (#"{"enum":"a"}"#, "1"),
      (#"{"pattern":"^a$"}"#, #""b""#), (#"{"format":"uri"}"#, #""b""#), (#"{"multipleOf":2}"#, "3"),
      (#"{"maximum":"1"}"#, "2"), (#"{"maxLength":"1"}"#, #""ab""#), (#"{"minItems":1.5}"#, "[]"),
      (#"{"items":[{"type":"string"}]}"#, "[1]"), (#"{"items":{"type":"string"},"prefixItems":[{}]}"#, "[1]"),
      (#"{"anyOf":[{"type":"string"}]}"#, "1"), (#"{"not":{}}"#, "1"), (##"{"$ref":"#/x","type":"string"}"##, "1"),
      (#"{"additionalProperties":false}"#, #"{"y":1}"#), (#"{"required":"y"}"#, "{}"), (#"{"required":[7]}"#, "{}"),
      (#"{"properties":[1]}"#, #"{"y":1}"#), (#"{"properties":{"y":7}}"#, #"{"y":1}"#),
    ])
  func unknown(schema: String, value: String) throws {
    #expect(try paths(schema, value) == [])
  }

  @Test(
    "null is not given, unless the schema takes it",
    arguments: [
      (#"{"required":["y"]}"#, #"{"y":null}"#, [] as [String]),
      (#"{"properties":{"y":{"type":"string"}}}"#, #"{"y":null}"#, []),
      (#"{"required":["y"],"properties":{"y":{"type":"string"}}}"#, #"{"y":null}"#, ["input.x.y"]),
      (#"{"required":["y"],"properties":{"y":{"type":["string","null"]}}}"#, #"{"y":null}"#, []),
      (#"{"required":["y"],"properties":{"y":{"type":"string","nullable":true}}}"#, #"{"y":null}"#, []),
      (#"{"required":["y"],"properties":{"y":{"default":1}}}"#, "{}", []),
      (#"{"items":{"type":"string","nullable":true}}"#, "[null]", []),
      (#"{"items":{"type":"string"}}"#, "[null]", ["input.x[0]"]),
    ])
  func null(schema: String, value: String, paths expected: [String]) throws {
    #expect(try paths(schema, value) == expected)
  }

  @Test("bytes that are not a schema allow everything", arguments: ["", "{", "[]", "null", "7"])
  func noSchema(text: String) {
    #expect(InputSchema(Array(text.utf8)).problems(with: JSONObject([("prompt", 1)])).isEmpty)
  }

  @Test("all problems are reported up to a limit, and long values are cut")
  func many() throws {
    let schema = InputSchema(Array(#"{"properties":{"x":{"items":{"enum":["a"]}}},"required":["y"]}"#.utf8))
    let long = JSONValue.string(String(repeating: "b", count: 500))
    let few = schema.problems(with: JSONObject([("x", [long, "a", "c"])]))
    #expect(few.map(\.path) == ["input.y", "input.x[0]", "input.x[2]"])
    #expect(few.allSatisfy { $0.message.utf8.count < 200 })
    let many = schema.problems(with: JSONObject([("x", .array(Array(repeating: "b", count: 10_000)))]))
    #expect(many.count == InputSchema.mostProblems)
  }

  @Test("a message names the field, its value and the allowed values")
  func messages() {
    let schema = InputSchema(
      Array(
        #"{"required":["p"],"properties":{"s":{"enum":["a","b","c"]},"n":{"type":["integer","null"]},"i":{"maxItems":1}}}"#
          .utf8))
    #expect(
      schema.problems(with: JSONObject([("s", "d"), ("n", "1"), ("i", [1, 2])])).map(\.message) == [
        "input.p is missing", #"input.s is "d"; it may be "a", "b" or "c""#,
        "input.n must be an integer or null, not a string", "input.i has 2 elements; at most 1 may be there",
      ])
  }
}

@Suite("Retired models")
struct RetiredModelTests {
  @Test(
    "a retired model is recognised by its names",
    arguments: [
      ("openai/gpt-image-1-high-fidelity", "2026-10-23"), ("openai/gpt-image-1/text-to-image", "2026-10-23"),
      ("gpt-image-1", "2026-10-23"), ("openai/gpt-image-1-mini/edit", "2026-12-01"),
      ("openai/gpt-image-1.5", "2026-12-01"),
      ("openai/dall-e-3", "2026-05-12"), ("openai/gpt-image-2", nil), ("acme/my-gpt-image-1-clone", nil), ("", nil),
    ])
  func hints(model: String, day: String?) {
    let hint = RetiredModel.hint(for: model)
    #expect((hint == nil) == (day == nil))
    if let day { #expect(hint?.contains(day) == true) }
  }
}
