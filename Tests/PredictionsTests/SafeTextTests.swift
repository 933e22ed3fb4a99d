import JSON
import Predictions
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct SafeTextTests {
  /// `Tests/Fixtures/hostile-text.json`, by name.
  private static let strings: [(name: String, text: String)] = {
    fixture("hostile-text")["strings"]!.array!.map { entry in
      let text = entry["text"]?.string ?? (try! JSONValue(parsing: entry["json"]!.string!)).string!
      return (entry["name"]!.string!, String(repeating: text, count: Int(entry["times"]?.int64 ?? 1)))
    }
  }()

  /// The ranges of `Tests/Fixtures/link-escapes.json`, the unsafe characters for clients, without the space.
  private static let unsafe: Set<UInt32> = {
    let rules = fixture("link-escapes")
    let ranges = (rules["space"]!.array! + rules["unsafe"]!.array!).map { range in
      let ends = range.array!.map { UInt32($0.string!, radix: 16)! }
      return ends[0]...ends[1]
    }
    return Set(ranges.joined()).subtracting([0x20])
  }()

  private static func fixture(_ name: String) -> JSONValue {
    let root = #filePath.dropLast("PredictionsTests/SafeTextTests.swift".count)
    let file = fopen("\(root)Fixtures/\(name).json", "r")!
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return try! JSONValue(parsing: bytes)
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool { unsafe.contains(scalar.value) }

  private func hasUnsafe(_ text: SafeText, but kept: String = "") -> Bool {
    text.description.unicodeScalars.contains { Self.isUnsafe($0) && !kept.unicodeScalars.contains($0) }
  }

  @Test func noInitialiserLetsUnsafeCharactersThrough() throws {
    for (name, text) in Self.strings {
      #expect(!hasUnsafe(SafeText(text)), "\(name)")
      #expect(!hasUnsafe("a \(text) z"), "\(name)")
      #expect(!hasUnsafe("a \(Optional(text) as Any) \([text]) z"), "\(name)")
      #expect(!hasUnsafe(SafeText(path: text)), "\(name)")
      #expect(!hasUnsafe(SafeText(lines: text), but: "\n\t"), "\(name)")
      let json = JSONValue.array([.string(text)])
      let shown = SafeText(json: json.serialized)
      #expect(!hasUnsafe(shown), "\(name)")
      #expect(try JSONValue(parsing: shown.description) == json, "\(name)")
    }
  }

  @Test func theUnsafeCharactersAreThoseOfTheClients() {
    // Every block in which a range of either begins or ends.
    for value in [0..<0x3000, 0xFE00..<0x1_0000, 0xDFF00..<0xE0200].joined() as FlattenSequence<[Range<UInt32>]> {
      guard let scalar = Unicode.Scalar(value), scalar != " " else { continue }
      let isChanged = SafeText(String(scalar)).description.unicodeScalars.first != scalar
      if isChanged != Self.isUnsafe(scalar) { Issue.record("U+\(String(value, radix: 16))") }
    }
  }

  @Test func safeTextIsUnchanged() {
    for text in ["", "a fox", "  a  ", "狐狸 لوحة תמונה l’été", "👩‍👩‍👧 🏳️", "e\u{301}", "]] {{ }} <script>"] {
      #expect(SafeText(text).description == text)
      #expect(SafeText(path: text).description == text)
      #expect("\(SafeText("\(text)"))" as SafeText == SafeText(text))
    }
  }

  @Test func aValueIsOneLineAndLiteralsStay() {
    #expect(SafeText("a\r\nb\tc\u{1B}[2J\u{202E}d\u{85}e" as String).description == "a  b c\u{FFFD}[2Jd e")
    #expect(("a\n\u{1B}[0m\("b\n\u{1B}")" as SafeText).description == "a\n\u{1B}[0mb \u{FFFD}")
    #expect(SafeText.joined(["a\nb", SafeText("c\nd" as String)], separator: "\n").description == "a\nb\nc d")
  }

  @Test func unsafeCharactersOfAPathAreEscaped() {
    #expect(SafeText(path: "/a\n\u{1B}\u{9B}\u{E0041}\t/b.png").description == #"/a\n\u001b\u009b\udb40\udc41\t/b.png"#)
  }

  @Test func aValueIsBounded() {
    #expect(SafeText(String(repeating: "é", count: 20_000)).description.count == SafeText.limit)
    #expect(SafeText("abcdef", atMost: 4).description == "abc…")
    #expect(SafeText("abcd", atMost: 4).description == "abcd")
  }

  @Test func aSecretIsFoundDespiteInvisibleCharactersInIt() {
    #expect(SafeText("Invalid key sk-123.", without: "sk-123").description == "Invalid key [key].")
    #expect(SafeText("Invalid key sk-\u{200B}12\u{2060}3", without: "sk-123").description == "Invalid key [key]")
    #expect(SafeText("sk-1", without: "").description == "sk-1")
  }

  @Test func namesAreFreeOfControlAndFormatCharacters() {
    for (name, text) in Self.strings {
      let isName = text.unicodeScalars.allSatisfy { scalar in
        ![.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
          && !Self.isUnsafe(scalar)
      }
      #expect(SafeText.isName(text) == isName, "\(name)")
    }
    #expect(!SafeText.isName("a\u{600}b"))
    #expect(SafeText.isName("狐狸 (1) {x}"))
  }

  @Test(arguments: [
    (["a", "b."], "a. b."), (["a.", "b"], "a. b."), (["a..", "b. "], "a. b."), (["a!", "b?"], "a! b?"), (["a…"], "a…"),
    ([nil, "", "a"], "a."), ([#"it says "a.""#, "b"], #"it says "a.". b."#), ([], ""),
  ])
  func sentencesEndOnce(parts: [String?], text: String) {
    switch parts.count {
    case 0: #expect(sentences() == text)
    case 1: #expect(sentences(parts[0]) == text)
    case 2: #expect(sentences(parts[0], parts[1]) == text)
    default: #expect(sentences(parts[0], parts[1], parts[2]) == text)
    }
  }
}
