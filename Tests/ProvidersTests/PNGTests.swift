import Testing

@testable import Providers

@Suite("PNG files")
struct PNGTests {
  /// The test's reader must read streams of zlib: a stored block, one with fixed codes, one with its own.
  @Test(
    "the reader reads what zlib wrote",
    arguments: [
      ("7801011100eeff68656c6c6f2068656c6c6f2068656c6c6f3a2e067d", "hello hello hello"),
      ("7801cb48cdc9c957c8402701680308b1", "hello hello hello hello"),
    ])
  func reader(hex: String, text: String) throws {
    #expect(String(decoding: try Inflate.unpack(bytes(hex)), as: UTF8.self) == text)
  }

  @Test("the reader reads a stream of zlib with dynamic codes")
  func readerDynamic() throws {
    let packed = bytes(
      """
      78daedd109a26b300000c068519edab7226a0d1a253496d0dcff5cff04ff069d2b0cb8c10b5d95c677d22d8f32fad0ee096bcaf76d401814\
      ae5b008c4665a8bb3335f4782d92eac88308df8f5dce3551cb6576ea7d1c965f94563bb4ec1cf4ed7cffbc46113d1e8d4430d53fdd5b285c\
      273b9bbc13509c8e96c03564a916d2b860930cb6575c76bcf0fc5a9cde9bbd8f54c510627521ccd987596ec2a0127a34c8382ba92f5dcd97\
      6ff8d812e560a9f2fe46da416ca2f8a52ed3e973ca0c5214c4609407fcb3693d4c3a99bce63f52b72cfe53bc3172a2d157b5e4e8d074a7fd\
      acf4cf6c348ef5125f77ee2c4db3b88089c9753bcda9c8076d193793763dcf4c3da2cff04923ddcc8401af369b369d94d5c715ce5ba67031\
      6418b38704d45cf95ebc05d5b375d0afc78649ac5c3b6515acd8d3f16a691e8f00ac5f6769bb3d9404add6451502420004bf8fdfc7efe3bf\
      1fff00882b943f
      """)
    let once = (0..<400).map { (index: Int) -> UInt8 in UInt8((index * index * 7 + index / 13) % 61) }
    #expect(try Inflate.unpack(packed) == Array([once, once, once].joined()))
  }

  @Test("every pixel comes back", arguments: [(1, 1), (1, 7), (7, 1), (2, 2), (64, 64), (65, 33), (333, 5)])
  func pixelsComeBack(width: Int, height: Int) throws {
    for kind in 0..<3 {
      let pixels = (0..<width * height * 3).map { index -> UInt8 in
        switch kind {
        case 0: UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 13)  // no row helps the next
        case 1: UInt8(truncatingIfNeeded: index % (width * 3))  // every row is the one above
        default: UInt8(truncatingIfNeeded: index / (width * 3))  // every pixel is the one to its left
        }
      }
      let picture = try PNGDecoder(PNG.encode(pixels, width: width, height: height))
      #expect(picture.width == width && picture.height == height)
      #expect(picture.pixels == pixels)
      #expect(picture.chunks == ["IHDR", "IDAT", "IEND"])
    }
  }

  @Test("each flipped bit is detected, so the checksums are right and cover everything")
  func checksums() throws {
    let file = PNG.encode((0..<48).map { UInt8($0 * 5) }, width: 4, height: 4)
    _ = try PNGDecoder(file)
    for index in file.indices {
      var broken = file
      broken[index] ^= 0x10
      #expect(throws: PNGDecoder.Malformed.self, "byte \(index)") { try PNGDecoder(broken) }
    }
  }

  // MARK: - Deflate

  @Test("sizes around every limit of the format come back")
  func sizes() throws {
    for size in [0, 1, 2, 3, 4, 5, 255, 256, 257, 258, 259, 260, 5_551, 5_552, 5_553, 32_767, 32_768, 32_769, 65_537] {
      let zeros = [UInt8](repeating: 0, count: size)
      #expect(try Inflate.unpack(Deflate.compress(zeros)) == zeros, "\(size) zeros")
      let mixed = (0..<size).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }
      #expect(try Inflate.unpack(Deflate.compress(mixed)) == mixed, "\(size) mixed")
    }
  }

  @Test("the farthest and the longest match are used, and no farther one")
  func window() throws {
    var chance = Chance(seed: 5)
    let piece = (0..<300).map { _ in UInt8(chance.next(0, 256)) }
    for distance in [32_767, 32_768, 32_769, 40_000] {
      let between = (0..<distance - piece.count).map { _ in UInt8(chance.next(0, 256)) }
      let whole = piece + between + piece
      #expect(try Inflate.unpack(Deflate.compress(whole)) == whole, "\(distance) apart")
    }
  }

  @Test("random bytes, random runs, random words", arguments: 0..<25 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    let letters = chance.next(1, 256)
    var bytes: [UInt8] = []
    let size = Int(chance.next(0, 120_000))
    while bytes.count < size {
      let count = Int(chance.next(1, 600))
      if !bytes.isEmpty, chance.next() < 0.4 {
        let start = Int(chance.next(0, Double(bytes.count)))
        bytes += bytes[start..<min(bytes.count, start + count)]
      } else if chance.next() < 0.3 {
        bytes += Array(repeating: UInt8(chance.next(0, letters)), count: count)
      } else {
        for _ in 0..<count { bytes.append(UInt8(chance.next(0, letters))) }
      }
    }
    #expect(try Inflate.unpack(Deflate.compress(bytes)) == bytes)
  }

  /// Counts that grow like Fibonacci's make the longest codes: an optimal one would need more than 15 bits.
  @Test("the rarest symbols have codes of at most 15 bits")
  func rareSymbols() throws {
    var bytes: [UInt8] = []
    var (one, other) = (1, 1)
    for symbol in 0..<20 {
      for _ in 0..<one { bytes.append(UInt8(symbol)) }
      (one, other) = (other, one + other)
    }
    // Mixed, so that no match is found that would hide the counts.
    var chance = Chance(seed: 3)
    for index in bytes.indices { bytes.swapAt(index, Int(chance.next(0, Double(bytes.count)))) }
    #expect(try Inflate.unpack(Deflate.compress(bytes)) == bytes)
  }

  @Test("repeated data is compressed")
  func ratio() {
    #expect(Deflate.compress([UInt8](repeating: 7, count: 100_000)).count < 600)
    let words = Array(String(repeating: "a red fox in snow, ", count: 5_000).utf8)
    #expect(Deflate.compress(words).count < words.count / 50)
  }

  private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8(Character(UnicodeScalar($0)).hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
