import JSON
import Testing

@Suite struct WriterTests {
  private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("", #""""#), ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\u{08}\t\n\u{0C}\r", #""\b\t\n\f\r""#),
    ("\0\u{01}\u{1F}", #""\u0000\u0001\u001f""#), ("\u{7F}é€😀\u{2028}", "\"\u{7F}é€😀\u{2028}\""),
    ("a\nb\nc", #""a\nb\nc""#),
  ]) func strings(_ text: String, _ expected: String) {
    #expect(written { $0.value(text) } == expected)
    #expect(written { $0.value(JSONValue.string(text)) } == expected)
  }

  @Test(arguments: [0, 1, -1, 10, 99, 100, -1_000, Int64.max, Int64.min]) func integers(_ integer: Int64) {
    #expect(written { $0.value(integer) } == "\(integer)")
  }

  @Test(arguments: [(6, true), (5, false)]) func whatIsTooLongIsRemovedWithItsComma(limit: Int, fits: Bool) {
    var writer = JSONWriter()
    writer.beginArray()
    writer.value(1)
    #expect(writer.write(atMost: limit) { $0.value("a") } == fits)
    writer.value(2)
    writer.endArray()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == (fits ? #"[1,"a",2]"# : "[1,2]"))
  }

  @Test func commasStandBetweenValuesOnly() {
    let text = written {
      $0.beginObject()
      $0.name("a")
      $0.beginArray()
      $0.value(1)
      $0.value("x")
      $0.beginArray()
      $0.endArray()
      $0.beginObject()
      $0.endObject()
      $0.null()
      $0.value(true)
      $0.value(false)
      $0.raw(Array("{\"kept\":1}".utf8))
      $0.endArray()
      $0.name(escaping: "b\"")
      $0.value(["c": [1, 2.asNumber("2.50")]] as JSONValue)
      $0.name("d")
      $0.value(JSONObject())
      $0.endObject()
    }
    #expect(text == #"{"a":[1,"x",[],{},null,true,false,{"kept":1}],"b\"":{"c":[1,2.50]},"d":{}}"#)
  }

  @Test func theTextIsOneLine() throws {
    let value: JSONValue = ["a\nb": ["\r\n", "\u{85}"], "c": [:], "d": []]
    #expect(!value.serialized.contains(0x0A))
    #expect(try JSONValue(parsing: value.serialized) == value)
  }

  @Test func aClearedWriterStartsAnew() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("a")
    writer.value(1)
    writer.clear()
    #expect(writer.bytes.isEmpty)
    writer.beginArray()
    writer.value(1)
    writer.value(2)
    writer.endArray()
    #expect(writer.bytes == Array("[1,2]".utf8))
  }

  @Test func kindsAreDistinguished() {
    let values: [JSONValue] = [nil, true, 1, "x", [], [:]]
    #expect(values.map(\.kind) == ["null", "boolean", "number", "string", "array", "object"])
    #expect(values.map(\.isNull) == [true, false, false, false, false, false])
    #expect(values.compactMap(\.bool) == [true])
    #expect(values.compactMap(\.int64) == [1])
    #expect(values.compactMap(\.string) == ["x"])
    #expect(values.compactMap(\.array).count == 1)
    #expect(values.compactMap(\.object).count == 1)
  }

  /// The bytes may be inside other values, whose depth counts.
  @Test func aScannerCountsTheDepthAroundIt() throws {
    let text = Array(Vectors.nested(510).utf8)
    var inside = JSONScanner(depth: 2)
    #expect(try inside.skipValue(in: text.span) == 0..<text.count)
    var deeper = JSONScanner(depth: 3)
    #expect(throws: JSONError.self) { try deeper.skipValue(in: text.span) }
  }
}

extension Int {
  /// A number in a spelling of its own.
  fileprivate func asNumber(_ spelling: String) -> JSONValue { .number(JSONNumber(spelling) ?? JSONNumber(self)) }

  @Test(
    "for people: what is short and holds nothing deeper stays on one line",
    arguments: [
      ("{}", "{}"), ("[]", "[]"), ("5e4", "5e4"), (#"["a",1]"#, #"["a", 1]"#),
      (#"{"a":1,"b":null}"#, #"{"a": 1, "b": null}"#),
      (#"{"a":{"b\"":[]}}"#, "{\n  \"a\": {\n    \"b\\\"\": []\n  }\n}"),
      (#"[[1],{"a":true}]"#, "[\n  [1],\n  {\"a\": true}\n]"),
    ]) func indented(_ text: String, _ expected: String) throws
  {
    let value = try JSONValue(parsing: text)
    #expect(value.indented == expected)
    #expect(try JSONValue(parsing: value.indented) == value)
  }

  @Test func aLongObjectTakesALineAMember() throws {
    let long = String(repeating: "x", count: 120)
    #expect(JSONValue.object(JSONObject([("a", .string(long))])).indented == "{\n  \"a\": \"\(long)\"\n}")
  }

  @Test func aMemberThatCannotBeWrittenLeavesNoTrace() {
    var json = JSONWriter()
    json.beginObject()
    json.name("a")
    json.value(1)
    #expect(
      !json.member("b") { text in
        text += "half of it".utf8
        return false
      })
    #expect(
      json.member("c") { text in
        text += "all of it".utf8
        return true
      })
    json.endObject()
    #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"a":1,"c":"all of it"}"#)

    json.clear()
    json.beginObject()
    #expect(!json.member("b") { _ in false })
    json.name("c")
    json.null()
    json.endObject()
    #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"c":null}"#)
  }
}
