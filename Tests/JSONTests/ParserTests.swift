import JSON
import Testing

@Suite struct ParserTests {
  @Test(arguments: Vectors.accepted.indices) func accepts(_ index: Int) throws {
    let vector = Vectors.accepted[index]
    let value = try #require(try? JSONValue(parsing: vector.bytes), "\(vector.name)")
    // The value is the same after it is written and read again.
    #expect(try JSONValue(parsing: value.serialized) == value, "\(vector.name)")
    // Skipping a value checks it too, and ends at the same place.
    var scanner = JSONScanner()
    try scanner.skipValue(in: vector.bytes.span)
    try scanner.expectEnd(in: vector.bytes.span)
  }

  @Test(arguments: Vectors.refused.indices) func refuses(_ index: Int) {
    let vector = Vectors.refused[index]
    let error = #expect(throws: JSONError.self, "\(vector.name)") { try JSONValue(parsing: vector.bytes) }
    #expect((0...vector.bytes.count).contains(error?.offset ?? -1), "\(vector.name)")
    #expect(throws: JSONError.self, "passed over: \(vector.name)") {
      var scanner = JSONScanner()
      try scanner.skipValue(in: vector.bytes.span)
      try scanner.expectEnd(in: vector.bytes.span)
    }
  }

  @Test func thereAreEnoughVectors() {
    #expect(Vectors.accepted.count + Vectors.refused.count >= 120)
  }

  @Test func everyTextCutShortIsRefused() {
    let text = Array(#"{"a":[1.5e+2,"\u00e9é😀\ud83d\ude00\n",true,false,null,{"b":{}}],"c":-0}"#.utf8)
    #expect((try? JSONValue(parsing: text)) != nil)
    for end in 0..<text.count {
      #expect(throws: JSONError.self, "\(end)") { try JSONValue(parsing: Array(text[..<end])) }
    }
  }

  /// It never traps: each byte of a text is replaced by each of 256.
  @Test func noByteMakesItTrap() {
    let text = Array(#"{"a":[-1.5e2,"\u00e9",true]}"#.utf8)
    var accepted = 0
    for index in text.indices {
      for byte in UInt8.min...UInt8.max {
        var bytes = text
        bytes[index] = byte
        if let value = try? JSONValue(parsing: bytes) {
          accepted += 1
          #expect((try? JSONValue(parsing: value.serialized)) == value)
        }
      }
    }
    #expect(accepted > 0)
  }

  @Test(arguments: [
    ("[1,x]", JSONError(.unexpectedByte(UInt8(ascii: "x")), at: 3)), ("[1", JSONError(.unexpectedEnd, at: 2)),
    ("1 x", JSONError(.trailingBytes, at: 2)), ("[01]", JSONError(.invalidNumber, at: 1)),
    (#"["\q"]"#, JSONError(.invalidEscape, at: 3)), ("[\"a\nb\"]", JSONError(.unescapedControl, at: 3)),
    (Vectors.nested(513), JSONError(.tooDeep(limit: 512), at: 512)),
  ]) func anErrorSaysWhatAndWhere(_ text: String, _ expected: JSONError) {
    #expect(throws: expected) { try JSONValue(parsing: text) }
  }

  @Test func invalidUTF8IsReported() {
    #expect(throws: JSONError(.invalidUTF8, at: 1)) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test(arguments: [
    (#""\ud800""#, "\u{FFFD}"), (#""\udc00""#, "\u{FFFD}"), (#""a\ud800b""#, "a\u{FFFD}b"),
    (#""\ud800\u0041""#, "\u{FFFD}A"), (#""\ud800\ud800""#, "\u{FFFD}\u{FFFD}"), (#""\ud83d\ude00""#, "😀"),
    (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\udbff\udfff""#, "\u{10FFFF}"), (#""\u0000""#, "\0"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"), (#""é\u00e9\\u00e9""#, "éé\\u00e9"),
  ]) func stringsAreUnescaped(_ text: String, _ expected: String) throws {
    #expect(try JSONValue(parsing: text).string?.hasSameCodePoints(as: expected) == true)
  }

  // MARK: - Objects

  @Test func theLastOfSeveralMembersWinsInTheFirstOnesPlace() throws {
    #expect(try JSONValue(parsing: #"{"a":1,"b":2,"\u0061":3}"#).text == #"{"a":3,"b":2}"#)
    // More than sixteen members use the hash table.
    let names = (0..<100).map { "n\($0 % 40)" }
    let text = "{" + names.enumerated().map { "\"\($0.element)\":\($0.offset)" }.joined(separator: ",") + "}"
    let object = try #require(try JSONValue(parsing: text).object)
    #expect(object.members.map(\.name) == (0..<40).map { "n\($0)" })
    let last: [Int64] = Array(80..<100) + Array(60..<80)
    #expect(object.members.compactMap(\.value.int64) == last)
  }

  /// They are equal in Swift, and different in JSON.
  @Test func namesAreComparedByCodePoints() throws {
    let value = try JSONValue(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
    #expect(value.object?.members.count == 2)
    #expect(value["\u{E9}"] == 1)
    #expect(value["e\u{301}"] == 2)
    let many = (0..<20).map { "\"\($0)\":0" }.joined(separator: ",")
    #expect(try JSONValue(parsing: "{\(many),\"\u{E9}\":1,\"e\u{301}\":2}").object?.members.count == 22)
  }

  @Test func aNullMemberIsPresent() throws {
    let value = try JSONValue(parsing: #"{"a":null}"#)
    #expect(value["a"] == .some(.null))
    #expect(value["b"] == nil)
  }

  @Test func membersAreSetAndRemoved() {
    var object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
    object["b"] = nil
    object["c"] = "x"
    object["a"] = true
    object["d"] = nil
    #expect(JSONValue.object(object).text == #"{"a":true,"c":"x"}"#)
  }

  /// Comparing a million members with each other would take days.
  @Test(.timeLimit(.minutes(1))) func aLargeObjectTakesLinearTime() throws {
    let text = "{" + (0..<200_000).map { "\"n\($0)\":\($0)" }.joined(separator: ",") + "}"
    #expect(try JSONValue(parsing: text).object?.members.count == 200_000)
  }
}
