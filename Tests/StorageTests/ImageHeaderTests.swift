import Encoding
import Testing

@testable import Storage

/// Headers built by hand, with the size 300 × 200 where none is given.
enum Sample {
  static func big(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
  }

  static func little(_ value: Int, _ count: Int) -> [UInt8] { big(value, count).reversed() }

  static func box(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count + 8, 4) + Array(kind.utf8) + content
  }

  static func png(_ width: Int = 300, _ height: Int = 200) -> [UInt8] {
    [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A] + big(13, 4) + Array("IHDR".utf8) + big(width, 4) + big(height, 4)
      + [8, 6, 0, 0, 0]
  }

  static let gif = Array("GIF89a".utf8) + little(300, 2) + little(200, 2) + [0, 0, 0]

  /// With an application segment, a fill byte, a table and a comment before the frame.
  static let jpeg: [UInt8] =
    [0xFF, 0xD8, 0xFF, 0xE0] + big(16, 2) + [UInt8](repeating: 0xC0, count: 14) + [0xFF, 0xFF, 0xDB] + big(4, 2)
    + [0xFF, 0xC0] + [0xFF, 0xC4] + big(3, 2) + [1] + [0xFF, 0xC2] + big(11, 2) + [8] + big(200, 2) + big(300, 2)
    + [1, 1, 0x11, 0] + [0xFF, 0xDA]

  static func webp(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    Array("RIFF".utf8) + little(100, 4) + Array("WEBP".utf8) + Array(kind.utf8) + little(content.count, 4) + content
  }

  static let lossy = webp("VP8 ", [0, 0, 0, 0x9D, 0x01, 0x2A] + little(300 | 1 << 14, 2) + little(200, 2))
  static let lossless = webp("VP8L", [0x2F] + little(299 | 199 << 14 | 1 << 28, 4))
  static let extended = webp("VP8X", [0x10, 0, 0, 0] + little(299, 3) + little(199, 3))

  static func ispe(_ width: Int, _ height: Int) -> [UInt8] { box("ispe", big(0, 4) + big(width, 4) + big(height, 4)) }

  static func avif(_ brands: [UInt8] = Array("avif\u{0}\u{0}\u{0}\u{0}mif1".utf8)) -> [UInt8] {
    let properties = box("ipco", ispe(64, 64) + box("pixi", [0, 0, 0, 0]) + ispe(300, 200) + ispe(100, 50))
    return box("ftyp", brands) + box("free", [1, 2, 3])
      + box("meta", big(0, 4) + box("hdlr", [0, 0, 0, 0]) + box("iprp", properties + box("ipma", [0])))
      + box("mdat", [9, 9])
  }

  static let avifByCompatibility = avif(Array("mif1\u{0}\u{0}\u{0}\u{0}miafavif".utf8))

  static let all: [(bytes: [UInt8], format: ImageFormat)] = [
    (png(), .png), (gif, .gif), (jpeg, .jpeg), (lossy, .webp), (lossless, .webp), (extended, .webp), (avif(), .avif),
    (avifByCompatibility, .avif),
  ]
}

@Suite("Image headers")
struct ImageHeaderTests {
  @Test func everyFormatHasItsSize() throws {
    for (bytes, format) in Sample.all {
      let header = try #require(ImageHeader(bytes))
      #expect(header.format == format && header.width == 300 && header.height == 200)
      #expect(header.format.mediaType == "image/\(format)")
    }
    #expect(ImageFormat.allCases.map(\.fileExtension) == ["png", "jpg", "webp", "gif", "avif"])
  }

  @Test(arguments: [(1 << 31, 1 << 31), (1 << 31 - 1, 1), (1, 1 << 21), (0, 5)]) func sizeThatNoPictureHasIsNotBelieved(
    width: Int, height: Int
  ) throws {
    let header = try #require(ImageHeader(Sample.png(width, height)))
    #expect(header.format == .png && header.width == nil && header.height == nil)
    #expect(ImageHeader(Sample.png(100_000, 100_000))?.width == 100_000)
  }

  @Test func everyTruncationIsTheSameFormatOrNone() {
    for (bytes, format) in Sample.all {
      for length in 0..<bytes.count {
        guard let header = ImageHeader(Array(bytes.prefix(length))) else { continue }
        #expect(header.format == format)
        // A truncated AVIF may have only a smaller size.
        let isWhole = header.width == 300 && header.height == 200
        #expect(isWhole || header.width == nil || format == .avif && header.width == 64)
      }
    }
  }

  @Test func noWrongByteTraps() {
    for (bytes, _) in Sample.all {
      for place in bytes.indices {
        for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF, bytes[place] ^ 1, .random(in: 0...255)] {
          var changed = bytes
          changed[place] = value
          _ = ImageHeader(changed)
        }
      }
    }
    for _ in 0..<2000 {
      let magic = Sample.all.randomElement()!.bytes.prefix(Int.random(in: 0...24))
      _ = ImageHeader(magic + (0..<64).map { _ in UInt8.random(in: 0...255) })
    }
  }

  @Test func hugeAndEmptyLengthsGiveNoSize() throws {
    // Boxes with impossible lengths of 32 and of 64 bits.
    let ftyp = Sample.box("ftyp", Array("avif\u{0}\u{0}\u{0}\u{0}".utf8))
    for length in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 7]] as [[UInt8]] {
      let bytes = ftyp + length + Array("meta".utf8) + [UInt8](repeating: 0xFF, count: 32)
      #expect(try #require(ImageHeader(bytes)).width == nil)
    }
    #expect(try #require(ImageHeader(Sample.png(0, 5))).width == nil)
    #expect(try #require(ImageHeader(Sample.png(0xFFFF_FFFF, 5))).width == nil)
    // The area of this one overflows; it once ended the process.
    let ispe = Sample.box("ispe", [0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8))
    let nested = Sample.box("meta", [0, 0, 0, 0] + Sample.box("iprp", Sample.box("ipco", ispe)))
    #expect(try #require(ImageHeader(ftyp + nested)).width == nil)
    for other in ["", "<html>", "RIFF    WAVE", "BM", "%PDF-1.7", "....ftypisom\u{0}\u{0}\u{0}\u{0}mp41"] {
      #expect(ImageHeader(Array(other.utf8)) == nil)
    }
    #expect(ImageHeader(Sample.box("ftyp", Array("heic\u{0}\u{0}\u{0}\u{0}mif1heic".utf8))) == nil)
  }

  @Test func aFrameBehindManySegmentsIsFound() throws {
    var bytes: [UInt8] = [0xFF, 0xD8]
    for _ in 0..<9 { bytes += [0xFF, 0xE1, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 65_533) }
    bytes += Sample.jpeg.dropFirst(2)
    #expect(try #require(ImageHeader(bytes)).width == 300)
  }
}
