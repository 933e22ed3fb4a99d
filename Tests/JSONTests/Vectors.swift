/// Texts that RFC 8259 allows and, in the second list, texts that it does not. As in the public JSONTestSuite, each is one
/// rule, which its name says.
enum Vectors {
  typealias Vector = (name: String, bytes: [UInt8])

  private static func text(_ name: String, _ text: String) -> Vector { (name, Array(text.utf8)) }

  private static func bytes(_ name: String, _ before: String, _ raw: [UInt8], _ after: String) -> Vector {
    (name, Array(before.utf8) + raw + Array(after.utf8))
  }

  static func nested(_ depth: Int, _ open: String = "[", _ close: String = "]") -> String {
    String(repeating: open, count: depth) + String(repeating: close, count: depth)
  }

  static let accepted: [Vector] = [
    // Numbers
    text("zero", "0"), text("minus zero", "-0"), text("one digit", "7"), text("many digits", "123456789"),
    text("more than 64 bits", "123456789012345678901234567890"), text("negative", "-1"), text("fraction", "1.5"),
    text("fraction with zeros", "1.500"), text("zero and fraction", "0.5"), text("negative fraction", "-0.5"),
    text("exponent", "1e5"), text("upper case exponent", "1E5"), text("signed exponent", "1e+5"),
    text("negative exponent", "1e-5"), text("zero with exponent", "0e1"), text("zero exponent", "1e00"),
    text("fraction and exponent", "1.5E-10"), text("overflowing a double", "1e400"), text("underflowing", "1e-400"),
    text("number then space", "1 "), text("number in an array", "[0,-1,2.5e3]"),
    // Strings
    text("empty string", #""""#), text("ASCII", #""abc""#), text("two-byte UTF-8", #""é""#),
    text("three-byte", #""€""#),
    text("four-byte", #""😀""#), text("DEL is not a control character", "\"\u{7F}\""),
    text("line separator", "\"\u{2028}\""),
    text("noncharacter", "\"\u{FFFF}\""), text("last code point", "\"\u{10FFFF}\""), text("quote", #""\"""#),
    text("backslash", #""\\""#), text("slash", #""\/""#), text("plain slash", #""/""#),
    text("letters", #""\b\f\n\r\t""#),
    text("unit", #""\u0041""#), text("lower-case digits", #""\u00e9""#), text("upper-case digits", #""\u00E9""#),
    text("NUL escaped", #""\u0000""#), text("pair", #""\ud83d\ude00""#), text("high alone", #""\ud800""#),
    text("low alone", #""\udc00""#), text("high, then text", #""\ud800x""#),
    text("high, then no low", #""\ud800\u0041""#),
    text("high twice", #""\ud800\ud800""#), text("low, then high", #""\udc00\ud800""#),
    text("escaped backslash before u", #""\\u0041""#), text("mark inside a string", "\"\u{FEFF}\""),
    text("other bytes a string may hold", #""{}[],:'""#), bytes("shortest three-byte", "\"", [0xE0, 0xA0, 0x80], "\""),
    bytes("before the surrogates", "\"", [0xED, 0x9F, 0xBF], "\""),
    bytes("after the surrogates", "\"", [0xEE, 0x80, 0x80], "\""),
    bytes("shortest four-byte", "\"", [0xF0, 0x90, 0x80, 0x80], "\""),
    // Words and structure
    text("null", "null"), text("true", "true"), text("false", "false"), text("empty array", "[]"),
    text("empty object", "{}"), text("space in an array", "[ ]"), text("space in an object", "{ }"),
    text("all white space", " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 ] \t\r\n"), text("spaces round a colon", #"{"a" : 1}"#),
    text("nested", #"{"a":[{"b":[]},{}]}"#), text("duplicates", #"{"a":1,"a":2}"#), text("empty name", #"{"":0}"#),
    text("escaped name", #"{"\u0061":0}"#), text("many members", #"{"a":1,"b":2,"c":3}"#),
    text("512 arrays deep", nested(512)), text("512 objects deep", nested(511, #"{"a":"#, "}").replacing511()),
    text("512 deep twice", "[" + nested(511) + "," + nested(511) + "]"),
  ]

  static let refused: [Vector] = [
    // Nothing, or more than one
    text("nothing", ""), text("white space", "  \n"), text("two values", "1 2"), text("two arrays", "[][]"),
    text("a comma behind", "{},"), text("a letter behind", "[]x"), text("a bracket behind", "[]]"),
    text("a number that goes on", "1x"), text("form feed is not white space", "\u{0C}1"),
    text("no-break space is not white space", "\u{A0}1"), text("a mark before", "\u{FEFF}1"),
    text("a mark behind", "1\u{FEFF}"),
    bytes("NUL behind", "1", [0], ""), bytes("half a mark", "", [0xEF, 0xBB], "1"),
    bytes("UTF-16", "", [0x5B, 0x00, 0x5D, 0x00], ""),
    // Numbers
    text("leading zero", "01"), text("negative leading zero", "-01"), text("two zeros", "00"), text("plus", "+1"),
    text("only minus", "-"), text("minus and space", "- 1"), text("two minuses", "--1"), text("point first", ".5"),
    text("minus and point", "-.5"), text("point last", "1."), text("point and exponent", "1.e5"),
    text("two points", "1.2.3"),
    text("exponent without digits", "1e"), text("signed exponent without digits", "1e+"),
    text("two exponents", "1e2e3"),
    text("exponent with a point", "1e1.5"), text("only an exponent", "e5"), text("hexadecimal", "0x10"),
    text("grouped", "1_000"), text("NaN", "NaN"), text("minus NaN", "-NaN"), text("Infinity", "Infinity"),
    text("minus Infinity", "-Infinity"), text("nan", "nan"), text("full-width digit", "１"),
    text("a comma in it", "1,5"),
    text("leading zero in an array", "[012]"), text("number cut off in an array", "[1."),
    // Strings
    text("no end", #""abc"#), text("only a quote", "\""), text("single quotes", "'a'"), text("no quotes", "abc"),
    text("line feed", "\"a\nb\""), text("tab", "\"\t\""), text("U+001F", "\"\u{1F}\""), bytes("NUL", "\"", [0], "\""),
    text("line feed behind an escape", "\"\\n\n\""), text("escaped end", #""\""#), text("unknown escape", #""\x41""#),
    text("octal", #""\0""#), text("capital U", #""\U0041""#), text("escaped quote of the other kind", #""\'""#),
    text("escaped space", #""\ ""#), text("u without digits", #""\u""#), text("three digits", #""\u004""#),
    text("three digits and the end", #""\u004"#), text("no hexadecimal digit", #""\u00g0""#),
    text("sign among digits", #""\u+041""#),
    text("half a pair", #""\ud800\u"#), text("bad second half", #""\ud800\uzzzz""#),
    text("backslash at the end", #""\"#),
    text("escaped line feed", "\"\\\n\""),
    bytes("a continuation alone", "\"", [0x80], "\""), bytes("two bytes cut short", "\"", [0xC3], "\""),
    bytes("three bytes cut short", "\"", [0xE2, 0x82], "\""),
    bytes("four bytes cut short", "\"", [0xF0, 0x9F, 0x98], "\""),
    bytes("overlong slash", "\"", [0xC0, 0xAF], "\""), bytes("overlong NUL", "\"", [0xC0, 0x80], "\""),
    bytes("overlong three-byte", "\"", [0xE0, 0x80, 0xAF], "\""),
    bytes("overlong four-byte", "\"", [0xF0, 0x80, 0x80, 0xAF], "\""),
    bytes("raw surrogate", "\"", [0xED, 0xA0, 0x80], "\""),
    bytes("raw pair", "\"", [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], "\""),
    bytes("beyond the last code point", "\"", [0xF4, 0x90, 0x80, 0x80], "\""),
    bytes("five bytes", "\"", [0xF8, 0x88, 0x80, 0x80, 0x80], "\""),
    bytes("0xFE", "\"", [0xFE], "\""), bytes("0xFF", "\"", [0xFF], "\""), bytes("Latin-1", "\"", [0xE9], "\""),
    bytes("bad byte behind an escape", #""\n"#, [0xFF], "\""), bytes("bad byte in a name", #"{""#, [0xFF], #"":1}"#),
    bytes("bad byte outside", "[", [0xE9], "]"),
    // Words
    text("True", "True"), text("NULL", "NULL"), text("cut word", "nul"), text("long word", "nulll"),
    text("tru", "[tru]"),
    text("undefined", "undefined"),
    // Structure
    text("open array", "["), text("open array with a value", "[1"), text("open array with a comma", "[1,"),
    text("open object", "{"), text("open object with a name", #"{"a""#), text("open object with a colon", #"{"a":"#),
    text("open object with a value", #"{"a":1"#), text("open object with a comma", #"{"a":1,"#),
    text("close array", "]"),
    text("close object", "}"), text("closed by the other", "[}"), text("object closed by the other", #"{"a":1]"#),
    text("trailing comma", "[1,]"), text("trailing comma in an object", #"{"a":1,}"#), text("only a comma", "[,]"),
    text("leading comma", "[,1]"), text("two commas", "[1,,2]"), text("two commas in an object", #"{"a":1,,"b":2}"#),
    text("no comma", "[1 2]"), text("no comma in an object", #"{"a":1 "b":2}"#), text("colon in an array", "[1:2]"),
    text("no colon", #"{"a" 1}"#), text("two colons", #"{"a"::1}"#), text("comma for colon", #"{"a",1}"#),
    text("no value", #"{"a":}"#), text("only a name", #"{"a"}"#), text("no name", "{:1}"),
    text("name without quotes", "{a:1}"),
    text("name in single quotes", "{'a':1}"), text("number as name", "{1:1}"), text("null as name", "{null:1}"),
    text("comment", "[1/* */]"), text("line comment", "[1] // x"), text("hash comment", "# x\n1"),
    text("513 arrays deep", nested(513)),
    text("513 objects deep", "[" + nested(511, #"{"a":"#, "}").replacing511() + "]"),
    text("100,000 arrays deep", nested(100_000)), text("100,000 open arrays", String(repeating: "[", count: 100_000)),
    text("100,000 open objects", String(repeating: #"{"a":"#, count: 100_000)),
  ]
}

extension String {
  /// Puts a value into the innermost of objects that were opened and closed with nothing in between.
  fileprivate func replacing511() -> String {
    let middle = utf8.index(utf8.startIndex, offsetBy: 511 * 5)
    return self[..<middle] + "{}" + self[middle...]
  }
}
