import Encoding
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-2 appendix B, and NIST's examples of the same algorithm.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func vectors(text: String, hash: String) {
    #expect(SHA256.hash(Array(text.utf8)).hexadecimal == hash)
  }

  @Test func aMillionAs() {
    let hash = SHA256.hash([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
    #expect(hash.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Lengths 0 to 330 cross every border of blocks and padding; the hash of all their hashes is from another
  /// implementation (Python's hashlib).
  @Test func everyLengthAroundTheBorders() {
    var all: [UInt8] = []
    for length in 0...330 {
      all += SHA256.hash((0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) })
    }
    #expect(SHA256.hash(all).hexadecimal == "76c4b46983d04acbb481c596a1ca31a2ca42a7195ff86811fce1867ec60714e3")
  }

  @Test func piecesAreTheWhole() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 31) }
    let whole = SHA256.hash(bytes)
    for piece in 1...150 {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: piece) {
        hash.update(bytes.span.extracting(start..<min(start + piece, bytes.count)))
      }
      #expect(hash.finish() == whole, "in pieces of \(piece)")
    }
    for cut in 0...300 {
      var hash = SHA256()
      hash.update(bytes.span.extracting(0..<cut))
      hash.update(bytes.span.extracting(cut..<300))
      #expect(hash.finish() == whole, "cut at \(cut)")
    }
  }
}
