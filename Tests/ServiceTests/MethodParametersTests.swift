import JSON
import JSONRPC
import Predictions
import Testing

@testable import Service

@Suite("Params, whichever way they are sent")
struct MethodParametersTests {
  private let parameters = [
    Parameter("id", .id, required: true), Parameter("timeout_ms", .integer()), Parameter("inline", .bool),
  ]

  private func params(_ text: String?) throws -> MethodParameters {
    try MethodParameters(text.map { try! JSONValue(parsing: $0) }, of: parameters, strict: true)
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
    "the same call in every shape",
    arguments: [
      #"{"id":"x","timeout_ms":0}"#, #"["x",0]"#, #"["x",{"timeout_ms":0}]"#, #"[{"id":"x","timeout_ms":0}]"#,
      #"["x",0,null]"#, #"{"id":"x","timeout_ms":0,"inline":null}"#, #"{"id":"x","timeout_ms":0,"_meta":{"a":1}}"#,
      #"{"id":"x","timeout_ms":0,"workDoneToken":0,"partialResultToken":"p","task":{}}"#,
    ])
  func shapes(text: String) throws {
    let params = try params(text)
    #expect(try params.string("id") == "x")
    #expect(try params.milliseconds("timeout_ms", default: 7, atMost: 10) == 0)
    #expect(try params.bool("inline") == nil)
  }

  @Test("no arguments, however that is spelled", arguments: [nil, "null", "{}", "[]", "[null]", "[{}]"])
  func none(text: String?) throws {
    #expect(try refusal(text)["path"] == "id")
    #expect(try MethodParameters(text.map { try! JSONValue(parsing: $0) }, of: [], strict: true).object.isEmpty)
  }

  @Test func unknownMembersAreNamed() throws {
    #expect(try refusal(#"{"id":"x","timeout":1}"#)["path"] == "timeout")
    let lenient = try MethodParameters(
      try JSONValue(parsing: #"{"rootUri":null,"trace":"off"}"#), of: [], strict: false)
    #expect(try lenient.string("trace") == "off")
  }

  @Test func tooManyPositions() throws {
    #expect(try refusal(#"["x",0,true,4]"#)["type"] == "invalid_params")
  }

  @Test func givenTwice() throws {
    #expect(try refusal(#"["x",{"id":"y"}]"#)["path"] == "id")
  }

  @Test("what is no structure is no request", arguments: [#""x""#, "5", "true"])
  func notStructured(text: String) throws {
    let error = try #require(throws: RPCError.self) { try params(text) }
    #expect(error.code == -32_600)
  }

  @Test(
    "times are clamped and integers may be spelled 5e4",
    arguments: [
      ("5e4", 50_000), ("50000.0", 50_000), ("-1", 0), ("1e30", 1_800_000), ("-1e30", 0), ("1800001", 1_800_000),
    ] as [(String, Int64)])
  func times(text: String, milliseconds: Int64) throws {
    let params = try params(#"{"id":"x","timeout_ms":\#(text)}"#)
    #expect(try params.milliseconds("timeout_ms", default: 7, atMost: 1_800_000) == milliseconds)
  }

  @Test(
    "a value of the wrong kind is named",
    arguments: [
      #"{"id":"x","timeout_ms":"5"}"#, #"{"id":"x","timeout_ms":0.5}"#, #"{"id":"x","timeout_ms":true}"#,
    ])
  func wrongKind(text: String) throws {
    let params = try params(text)
    let error = try #require(throws: RPCError.self) {
      try params.milliseconds("timeout_ms", default: 7, atMost: 10)
    }
    #expect(try JSONValue(parsing: try #require(error.data))["path"] == "timeout_ms")
  }

  @Test func idsAreCheckedAndEachTakenOnce() throws {
    let id = "019c0000-0000-7000-8000-000000000001"
    let both = try MethodParameters(
      try JSONValue(parsing: #"[["\#(id)","\#(id)"]]"#), of: [Parameter("ids", .any, required: true)], strict: true)
    #expect(try both.ids().map(\.description) == [id])
    for text in [#"{"ids":[]}"#, #"{"ids":"\#(id)"}"#, #"{"ids":[1]}"#] {
      let params = try MethodParameters(try JSONValue(parsing: text), of: [Parameter("ids", .any)], strict: true)
      #expect(try #require(throws: RPCError.self) { try params.ids() }.code == -32_602)
    }
    let foreign = try MethodParameters(
      try JSONValue(parsing: #"{"ids":["p1"]}"#), of: [Parameter("ids", .any)], strict: true)
    #expect(try #require(throws: RPCError.self) { try foreign.ids() }.code == ErrorCode.predictionNotFound)
  }
}
