import Testing

import Encoding

@Suite struct Base64Tests {
  /// RFC 4648 section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func vectors(plain: String, text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == text)
    #expect(Base64.decode(Array(text.utf8).span) == Array(plain.utf8))
  }

  @Test func everyByteAndLengthComesBack() {
    for length in 0..<300 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length) }
      #expect(Base64.decode(Array(Base64.encode(bytes).utf8).span) == bytes)
    }
  }

  @Test func piecesAreTheWhole() {
    let bytes = (0..<Base64.pieceBytes * 2 + 1_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: Base64.pieceBytes) {
      Base64.encode(Array(bytes[start..<min(start + Base64.pieceBytes, bytes.count)]).span, into: &text)
    }
    #expect(String(decoding: text, as: UTF8.self) == Base64.encode(bytes))
  }

  @Test(arguments: [
    "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm9v====", "Zm-v", "Zm_v", "Z===",
    "Zg==Zg==",
    "Zm\u{e9}", "A=AA",
  ])
  func strict(text: String) {
    #expect(Base64.decode(Array(text.utf8).span) == nil)
  }

  /// What servers send for Base64: other letters, line breaks, no padding.
  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zg", "f"), ("Zm9", "fo"), ("Zm9v\n", "foo"), ("\nZm\r\n9v\tYg\n", "foob"),
    ("Zm9vYg\n==", "foob"),
    ("Zm9vYg=\r\n=\r\n", "foob"), ("Zh==", "f"), ("Pz8_", "???"), ("Pj4-", ">>>"), ("Pz8/Pj4-", "???>>>"),
    ("Pz8_Pz8=", "?????"),
  ])
  func lenient(text: String, plain: String) {
    #expect(Base64.decodeLeniently(Array(text.utf8).span) == Array(plain.utf8))
  }

  @Test(arguments: [
    "Z", "Zm9vZ", "Zg=", "Zg===", "Zm9v=", "====", "Zg==Zg==", "Zm9v.", "Zm9v\u{0}", "Zm\u{e9}", "<html>", "Zm9v,Zm9v",
    "no image",
  ])
  func otherTextsAreNotBase64(text: String) {
    #expect(Base64.decodeLeniently(Array(text.utf8).span) == nil)
  }

  @Test func everyLengthComesBackWithLineBreaks() {
    for length in 0..<200 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 11 &+ length) }
      let letters = Array(Base64.encode(bytes).utf8.filter { $0 != UInt8(ascii: "=") })
      let lines = stride(from: 0, to: letters.count, by: 19).map { Array(letters[$0..<min($0 + 19, letters.count)]) }
      #expect(Base64.decodeLeniently(Array(lines.joined(separator: [0x0D, 0x0A])).span) == bytes)
    }
  }
}
