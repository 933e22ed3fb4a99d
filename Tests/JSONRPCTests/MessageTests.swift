import JSON
import JSONRPC
import Testing

@Suite struct MessageTests {
  @Test(arguments: [
    "0", "7", "-0", "-1", "1.0", "1.5", "1e2", "1E+2", "9007199254740993", "18446744073709551616", #""1""#, #""""#,
    #""a\/b""#, #""é""#, #""\u00e9\n""#, #""\ud83d\ude00""#, "null",
  ]) func idsComeBackAsTheSameBytes(_ id: String) {
    #expect(replies(to: call(id)) == [result(id, #""echo""#)])
    #expect(replies(to: "[\(call(id).dropLast())]\n") == ["[\(result(id, #""echo""#))]"])
  }

  @Test(arguments: ["true", "false", "[]", "{}", "[1]"]) func anInvalidIDIsAnsweredUnderNull(_ id: String) {
    #expect(replies(to: call(id)) == [invalidRequest()])
  }

  @Test(arguments: [
    #"{"id":7,"method":"echo"}"#, #"{"jsonrpc":"1.0","id":7,"method":"echo"}"#,
    #"{"jsonrpc":2.0,"id":7,"method":"echo"}"#, #"{"jsonrpc":"2.0","id":7,"method":1}"#,
    #"{"jsonrpc":"2.0","id":7,"method":null}"#, #"{"jsonrpc":"2.0","id":7}"#,
    #"{"jsonrpc":"2.0","id":7,"method":"echo","params":"x"}"#, #"{"jsonrpc":"2.0","id":7,"method":"echo","params":1}"#,
    #"{"jsonrpc":"2.0","id":7,"method":"echo","params":true}"#,
    #"{"jsonrpc":"2.0","id":7,"method":5,"result":1}"#,
  ]) func anInvalidRequestIsAnsweredUnderItsID(_ text: String) {
    #expect(replies(to: text + "\n") == [invalidRequest("7")])
  }

  @Test(arguments: [
    "1", "\"x\"", "null", "true", "{}", #"{"foo":"boo"}"#, #"{"jsonrpc":"2.0","method":"echo","params":1}"#, "[[]]",
    #"{"Jsonrpc":"2.0","Method":"echo"}"#,
  ]) func whatIsNoRequestIsAnsweredUnderNull(_ text: String) {
    let expected = text == "[[]]" ? "[\(invalidRequest())]" : invalidRequest()
    #expect(replies(to: text + "\n") == [expected])
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#,
    #"{"id":null,"result":null}"#, #"[{"jsonrpc":"2.0","id":1,"result":1}]"#,
  ]) func responsesAreConsumedInSilence(_ text: String) {
    #expect(replies(to: text + "\n" + call("2")) == [result("2", #""echo""#)])
  }

  @Test func otherMembersAreIgnored() {
    let text = #"{"trace":[{"x":1}],"id":1,"params":{"a":1},"method":"echo","jsonrpc":"2.0","id2":2}"# + "\n"
    #expect(replies(to: text) == [result("1", #""echo""#)])
  }

  @Test func theLastOfTwoMembersWins() {
    let text = #"{"jsonrpc":"1","id":1,"method":"a","jsonrpc":"2.0","id":2,"method":"b","\u0069d":3}"# + "\n"
    #expect(replies(to: text) == [result("3", #""b""#)])
  }

  @Test(
    arguments: [
      (nil, "none"), ("null", "none"), ("[]", "[]"), ("{}", "{}"), ("[null]", "[null]"),
      (#"{"b":1.0,"a":"\u00e9"}"#, #"{"b":1.0,"a":"é"}"#),
    ] as [(String?, String)]) func paramsReachTheHandler(_ sent: String?, _ seen: String)
  {
    let handler = Handler(onRequest: { request, reply in
      let text = request.params?.text ?? "none"
      reply.result { $0.value(text) }
    })
    #expect(replies(to: call("1", params: sent), handler: handler).map { json($0)["result"] } == [.string(seen)])
  }

  @Test func aRequestExposesItsID() {
    let seen = Shared<[JSONValue?]>([])
    let handler = Handler(
      onRequest: { request, reply in
        seen.change { $0.append(request.id?.value) }
        reply.result { _ in }
      }, onNotification: { request in seen.change { $0.append(request.id?.value) } })
    let sent = call("7") + call(#""\u0061""#) + call("null") + #"{"jsonrpc":"2.0","method":"m"}"# + "\n"
    _ = replies(to: sent, handler: handler)
    #expect(seen.value == [7, "a", .null, nil])
  }

  @Test func twoRequestsUnderOneIDAreBothServed() {
    #expect(replies(to: call("1", "a") + call("1", "b")) == [result("1", #""a""#), result("1", #""b""#)])
  }

  @Test func anIDOverTheLimitIsRefusedUnderNull() {
    let expected = #"{"type":"invalid_params","retryable":false,"limit":1024,"path":"id"}"#
    for id in ["\"" + String(repeating: "x", count: 1_025) + "\"", String(repeating: "1", count: 1_025)] {
      let error = json(replies(to: call(id)).first ?? "")
      #expect(error["id"] == .null)
      #expect(error["error"]?["code"] == -32602)
      #expect(error["error"]?["data"] == json(expected))
    }
    for id in ["\"" + String(repeating: "x", count: 1_024) + "\"", String(repeating: "1", count: 1_024)] {
      #expect(replies(to: call(id)) == [result(id, #""echo""#)])
    }
  }

  @Test(
    arguments: [
      "{", "nonsense", "{\"a\":NaN}", "{\"jsonrpc\":\"2.0\",}", call("1").dropLast() + "x", "[1,]", "'x'", "{} {}",
      "\u{FEFF}{}",
    ].map { String($0) }) func whatIsNoJSONIsAnsweredAndTheConnectionGoesOn(_ text: String)
  {
    #expect(replies(to: call("0") + text + "\n" + call("2")).dropFirst() == [parseError, result("2", #""echo""#)])
  }

  @Test func invalidUTF8IsAnsweredAndTheConnectionGoesOn() {
    let bad = Array(#"{"jsonrpc":"2.0","id":1,"method":"a"#.utf8) + [0xFF] + Array("\"}\n".utf8)
    #expect(messages(in: exchange(bad + Array(call("2").utf8)), .line) == [parseError, result("2", #""echo""#)])
  }

  /// The envelope's braces count: 512 open at once are read, 513 are not.
  @Test func depthIsCountedFromTheFirstByte() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(replies(to: call("1", params: nested(511))) == [result("1", #""echo""#)])
    #expect(replies(to: call("1", params: nested(512))) == [parseError])
    #expect(replies(to: #"{"x":\#(nested(512))}"# + "\n") == [parseError])
    #expect(replies(to: #"{"id":\#(nested(512))}"# + "\n") == [parseError])
    #expect(replies(to: nested(512) + "\n") == ["[\(invalidRequest())]"])
    #expect(replies(to: nested(513) + "\n") == [parseError])
    #expect(replies(to: "[\(call("1", params: nested(510)).dropLast())]\n") == ["[\(result("1", #""echo""#))]"])
    #expect(replies(to: "[\(call("1", params: nested(511)).dropLast())]\n") == [parseError])
  }

  @Test(arguments: [Framing.line, .header]) func aMessageOverTheLimitIsRefusedAndSkipped(_ framing: Framing) {
    var limits = Limits()
    limits.messageBytes = 200
    let long = String(call("1", params: "[\"" + String(repeating: "x", count: 300) + "\"]").dropLast())
    let bytes = framed(long, framing) + framed(String(call("2").dropLast()), framing)
    let found = messages(in: exchange(bytes, limits: limits), framing)
    #expect(found.count == 2)
    #expect(json(found[0])["id"] == .null)
    #expect(json(found[0])["error"]?["code"] == -32600)
    #expect(
      json(found[0])["error"]?["data"]
        == json(
          #"{"type":"invalid_request","retryable":false,"hint":"The message is longer than 200 bytes.","limit":200}"#))
    #expect(found[1] == result("2", #""echo""#))
  }

  @Test func theDefaultLimitIs64MiB() {
    let padding = String(repeating: " ", count: 64 << 20)
    let atLimit = call("1").dropLast() + padding.dropLast(call("1").count - 1)
    #expect(atLimit.utf8.count == 64 << 20)
    let found = replies(to: atLimit + "\n" + atLimit + " \n" + call("2"))
    #expect(found.count == 3)
    #expect(found.first == result("1", #""echo""#))
    #expect(json(found[1])["error"]?["data"]?["limit"] == 67_108_864)
    #expect(found.last == result("2", #""echo""#))
  }

  @Test func aHeaderWithoutLengthIsOneParseError() {
    let bytes =
      Array("Content-Length: -1\r\n\r\n".utf8) + Array(call("1").utf8)
      + framed(String(call("2").dropLast()), .header)
    #expect(messages(in: exchange(bytes), .header) == [parseError, result("2", #""echo""#)])
  }

  @Test func aBatchOverTheLimitIsOneError() {
    let member = String(call("1").dropLast())
    let full = "[" + repeatElement(member, count: 1_000).joined(separator: ",") + "]\n"
    let over = "[" + repeatElement(member, count: 1_001).joined(separator: ",") + "]\n"
    #expect(json(replies(to: full).first ?? "").array?.count == 1_000)
    let found = replies(to: over)
    #expect(found.count == 1)
    #expect(json(found[0])["error"]?["code"] == -32600)
    #expect(
      json(found[0])["error"]?["data"]
        == json(
          #"{"type":"invalid_request","retryable":false,"hint":"The batch has more than 1000 members.","limit":1000}"#))
    #expect(replies(to: over.dropLast(2) + ",x]\n") == [parseError])
  }
}
