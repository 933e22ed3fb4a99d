import JSON
import JSONRPC
import Predictions
import Testing

@testable import Service

@Suite("Params in every form")
struct MethodParametersTests {
  private let id = Parameter("id", .string)
  private let timeout = Parameter("timeout_ms", .milliseconds(atMost: 10), default: 7)
  private let inline = Parameter("inline", .bool, default: false)

  private func params(_ text: String?, strict: Bool = true) throws -> MethodParameters {
    let parameters: [any DescribedParameter] = [id, timeout, inline]
    return try MethodParameters(
      text.map { try! JSONValue(parsing: $0) }, of: parameters.map(\.description), strict: strict)
  }

  private func refusal(_ text: String?) throws -> JSONValue {
    let error = try #require(throws: RPCError.self) { try params(text) }
    #expect(error.code == -32_602)
    let data = try JSONValue(parsing: try #require(error.data))
    #expect(data["type"] == "invalid_params")
    #expect(data["retryable"] == false)
    return data
  }

  @Test(
    "the same call in every form",
    arguments: [
      #"{"id":"x","timeout_ms":0}"#, #"["x",0]"#, #"["x",{"timeout_ms":0}]"#, #"[{"id":"x","timeout_ms":0}]"#,
      #"["x",0,null]"#, #"{"id":"x","timeout_ms":0,"inline":null}"#, #"{"id":"x","timeout_ms":0,"_meta":{"a":1}}"#,
      #"{"id":"x","timeout_ms":0,"workDoneToken":0,"partialResultToken":"p","task":{}}"#,
    ])
  func forms(text: String) throws {
    let params = try params(text)
    #expect(try params[id] == "x")
    #expect(try params[timeout] == 0)
    #expect(try params[inline] == false)
  }

  @Test("params may be absent in several forms", arguments: [nil, "null", "{}", "[]", "[null]", "[{}]"])
  func none(text: String?) throws {
    #expect(try refusal(text)["path"] == "id")
    #expect(try MethodParameters(text.map { try! JSONValue(parsing: $0) }, of: [], strict: true).object.isEmpty)
  }

  @Test func unknownParametersAreNamed() throws {
    #expect(try refusal(#"{"id":"x","timeout":1}"#)["path"] == "timeout")
    let lenient = try params(#"{"id":"x","rootUri":null,"trace":"off"}"#, strict: false)
    #expect(lenient.object["trace"] == "off")
  }

  @Test func tooManyPositions() throws {
    #expect(try refusal(#"["x",0,true,4]"#)["type"] == "invalid_params")
  }

  @Test func givenTwice() throws {
    #expect(try refusal(#"["x",{"id":"y"}]"#)["path"] == "id")
  }

  @Test("params that are neither an object nor an array are an invalid request", arguments: [#""x""#, "5", "true"])
  func notStructured(text: String) throws {
    let error = try #require(throws: RPCError.self) { try params(text) }
    #expect(error.code == -32_600)
  }
}

/// Each bound is stated once, so the schema and the reader are tested against each other.
@Suite("Parameters")
struct ParameterTests {
  private static let prediction = "019c0000-0000-7000-8000-000000000001"

  private func read<Value>(_ text: String, _ parameter: Parameter<Value>) throws -> Value {
    try parameter.value(in: try #require(try JSONValue(parsing: text).object))
  }

  private func refusal<Value>(_ text: String, _ parameter: Parameter<Value>) throws -> (code: Int, data: JSONValue) {
    let error = try #require(throws: RPCError.self) { try read(text, parameter) }
    return (error.code, try JSONValue(parsing: try #require(error.data)))
  }

  private func schema(_ parameter: any DescribedParameter) -> JSONValue { parameter.description.schema().json(.inline) }

  @Test func aParameterIsRequiredOptionalOrHasADefault() throws {
    let required = Parameter("p", .string)
    let optional = Parameter(optional: "p", .string)
    let usual = Parameter("p", .bool, default: true, about: "Whether.")
    #expect(required.description.isRequired && !optional.description.isRequired && !usual.description.isRequired)
    #expect(try refusal("{}", required).data["path"] == "p")
    #expect(try read("{}", optional) == nil)
    #expect(try read("{}", usual))
    #expect(schema(usual).text == #"{"type":"boolean","default":true,"description":"Whether."}"#)
  }

  @Test(
    "a string has a length in bytes",
    arguments: [("\"\"", false), ("\"ab\"", true), ("\"é\"", true), ("\"éa\"", false), ("5", false)])
  func length(value: String, isAccepted: Bool) throws {
    let parameter = Parameter("p", .name(bytes: 1...2))
    #expect(schema(parameter).text == #"{"type":"string","minLength":1,"maxLength":2}"#)
    let text = "{\"p\":\(value)}"
    if isAccepted { #expect(try read(text, parameter) == JSONValue(parsing: value).string) }
    if !isAccepted { #expect(try refusal(text, parameter).data["path"] == "p") }
  }

  @Test func aNameHasNoControlCharacters() throws {
    #expect(try refusal(#"{"p":"a\u001bb"}"#, Parameter("p", .model)).code == -32_602)
    #expect(try read(#"{"p":"a\u001bb"}"#, Parameter("p", .string)) == "a\u{1B}b")
  }

  @Test func aFileIsNamedByItsAbsolutePath() throws {
    let parameter = Parameter("p", .absolutePath)
    #expect(schema(parameter).text == #"{"type":"string","pattern":"^/"}"#)
    #expect(try read(#"{"p":"/a\u001bb/ü.png"}"#, parameter) == "/a\u{1B}b/ü.png")
    let long = "\"/" + String(repeating: "a", count: 4_096) + "\""
    for bad in ["\"\"", "\"fox.png\"", "\"./fox.png\"", "\"~/fox.png\"", "\"@/fox.png\"", "5", "[]", long] {
      let error = try refusal(#"{"p":\#(bad)}"#, parameter)
      #expect(error.code == -32_602 && error.data["path"] == "p")
    }
  }

  @Test(
    "a number out of range is clamped",
    arguments: [("0", 1), ("1", 1), ("500", 500), ("501", 500), ("-9223372036854775808", 1), ("5e2", 500)])
  func clamped(text: String, value: Int) throws {
    let parameter = Parameter("p", .integer(clampedTo: 1...500), default: 50)
    #expect(try read(#"{"p":\#(text)}"#, parameter) == value)
    #expect(schema(parameter).text == #"{"type":"integer","default":50,"description":"Clamped to 1 to 500."}"#)
  }

  @Test(
    "a duration is clamped and may be written as 5e4",
    arguments: [
      ("5e4", 50_000), ("50000.0", 50_000), ("-1", 0), ("1e30", 1_800_000), ("-1e30", 0), ("1800001", 1_800_000),
    ] as [(String, Int64)])
  func durations(text: String, milliseconds: Int64) throws {
    let parameter = Parameter("p", .milliseconds(atMost: 1_800_000), default: 7, about: "Time")
    #expect(try read(#"{"p":\#(text)}"#, parameter) == milliseconds)
    #expect(schema(parameter)["description"] == "Time, in milliseconds; 0 to 1800000, clamped.")
  }

  @Test("a duration is a whole number", arguments: [#""5""#, "0.5", "true"])
  func noDuration(text: String) throws {
    let parameter = Parameter("p", .milliseconds(atMost: 10), default: 7)
    #expect(try refusal(#"{"p":\#(text)}"#, parameter).data["path"] == "p")
  }

  @Test func amountsAreReadAsMillionths() throws {
    let parameter = Parameter("p", .dollars)
    #expect(try read(#"{"p":0.05}"#, parameter) == 50_000)
    #expect(try refusal(#"{"p":-1}"#, parameter).code == -32_602)
  }

  @Test func aWordIsOneOfThoseInTheSchema() throws {
    let parameter = Parameter("mode", .word([WaitMode.all, .any]), default: .all)
    #expect(schema(parameter).text == #"{"type":"string","enum":["all","any"],"default":"all"}"#)
    #expect(try read(#"{"mode":"any"}"#, parameter) == .any)
    let error = try #require(throws: RPCError.self) { try read(#"{"mode":"one"}"#, parameter) }
    #expect(error.message == "Invalid params: mode must be one of all, any, not \"one\"")
  }

  @Test func idsAreCheckedAndEachIsTakenOnce() throws {
    let parameter = Parameter("ids", .ids)
    #expect(try read(#"{"ids":["\#(Self.prediction)","\#(Self.prediction)"]}"#, parameter).count == 1)
    for text in [#"{"ids":[]}"#, #"{"ids":"\#(Self.prediction)"}"#] {
      #expect(try refusal(text, parameter).data["path"] == "ids")
    }
    #expect(try refusal(#"{"ids":[1]}"#, parameter).data["path"] == "ids[0]")
    let many = Array(repeating: "\"\(Self.prediction)\"", count: 1_001).joined(separator: ",")
    #expect(try refusal(#"{"ids":[\#(many)]}"#, parameter).data["limit"] == 1_000)
    #expect(schema(parameter)["maxItems"] == 1_000)
  }

  @Test func aStringThatIsNoIDNamesNoPrediction() throws {
    let refused = try refusal(#"{"id":"p1"}"#, Parameter("id", .id))
    #expect(refused.code == ErrorKind.predictionNotFound.code)
    #expect(refused.data["id"] == "p1")
  }

  @Test func tagsHaveANumberAndALength() throws {
    let parameter = Parameter("tags", .tags)
    #expect(try read(#"{"tags":["a","a"]}"#, parameter) == ["a", "a"])
    #expect(try refusal(#"{"tags":["a",""]}"#, parameter).data["path"] == "tags[1]")
    let many = Array(repeating: "\"a\"", count: 33).joined(separator: ",")
    #expect(try refusal(#"{"tags":[\#(many)]}"#, parameter).data["limit"] == 32)
    #expect(schema(parameter)["maxItems"] == 32 && schema(parameter)["items"]?["maxLength"] == 128)
  }

  @Test("paths and names of files", arguments: ["../x", "a/b", ".hidden", "a\\\\b"])
  func fileNames(name: String) throws {
    #expect(try refusal(#"{"p":"\#(name)"}"#, Parameter("p", .outputName)).code == -32_602)
    #expect(try refusal(#"{"p":"\#(name)"}"#, Parameter("p", .outputDirectory)).code == -32_602)
    #expect(try read(#"{"p":"/a b"}"#, Parameter("p", .outputDirectory)) == "/a b")
    #expect(try read(#"{"p":"a b"}"#, Parameter("p", .outputName)) == "a b")
  }

  @Test func metadataIsBounded() throws {
    let parameter = Parameter("metadata", .metadata, about: "Any object")
    let long = String(repeating: "a", count: 8_192)
    #expect(try refusal(#"{"metadata":{"a":"\#(long)"}}"#, parameter).data["limit"] == 8_192)
    #expect(try read(#"{"metadata":{"a":1.0}}"#, parameter)["a"]?.text == "1.0")
    #expect(schema(parameter)["description"] == "Any object, up to 8 KiB.")
  }
}
