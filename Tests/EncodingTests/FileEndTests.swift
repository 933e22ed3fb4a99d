import Encoding
import Testing

@Suite("The end of a file")
struct FileEndTests {
  /// Whether a file is cut, as `FileEnd` finds it.
  private func isCut(_ bytes: [UInt8], as suffix: String) -> Bool {
    let format = FileFormat(head: bytes, hint: FormatHint(address: "x.\(suffix)"))
    #expect(bytes.count < 12 || format.fileExtension == suffix)
    return FileEnd.isMissing(in: format, bytes: Int64(bytes.count)) { place, count in
      Array(bytes.dropFirst(Int(place)).prefix(count))
    }
  }

  private static func box(_ size: UInt32, _ type: String, _ body: [UInt8]) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } + Array(type.utf8) + body
  }

  private static let png =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + [UInt8](repeating: 1, count: 40)
    + [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
  private static let jpeg = [0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 7, count: 40) + [0xFF, 0xD9]
  private static let gif = Array("GIF89a".utf8) + [UInt8](repeating: 7, count: 40) + [0x3B]
  private static let wav = Array("RIFF".utf8) + [44, 0, 0, 0] + Array("WAVE".utf8) + [UInt8](repeating: 7, count: 40)
  private static let mp4 =
    box(20, "ftyp", Array("isom".utf8) + [UInt8](repeating: 0, count: 8))
    + box(1, "moov", [0, 0, 0, 0, 0, 0, 0, 24] + [UInt8](repeating: 7, count: 8))
    + box(16, "mdat", [UInt8](repeating: 7, count: 8))

  @Test(
    "a whole file has its end, and no shorter one has",
    arguments: [
      (png, "png"), (jpeg, "jpg"), (gif, "gif"), (wav, "wav"),
    ])
  func everyCut(file: [UInt8], suffix: String) {
    #expect(!isCut(file, as: suffix))
    for count in 12..<file.count { #expect(isCut(Array(file.prefix(count)), as: suffix), "\(count)") }
  }

  @Test("a film is whole where its boxes are")
  func boxes() {
    let ends = [20, 44, 60]
    for count in 12...Self.mp4.count {
      #expect(isCut(Array(Self.mp4.prefix(count)), as: "mp4") == !ends.contains(count), "\(count)")
    }
    // The last box may reach to the end, and no size leads backwards or beyond 64 bits.
    let open = Self.mp4.prefix(44) + Self.box(0, "mdat", [1, 2, 3])
    #expect(!isCut(Array(open), as: "mp4"))
    for size: [UInt8] in [[0, 0, 0, 3], [0xFF, 0xFF, 0xFF, 0xFF]] {
      #expect(isCut(Array(Self.mp4.prefix(44)) + size + Array("mdat".utf8), as: "mp4"))
    }
    let huge = Self.box(1, "mdat", [UInt8](repeating: 0xFF, count: 8))
    #expect(isCut(Array(Self.mp4.prefix(44)) + huge, as: "mp4"))
  }

  @Test("a stream that did not know its length, and a format without an end, are not judged")
  func notJudged() {
    for size: [UInt8] in [[0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] {
      #expect(!isCut(Array("RIFF".utf8) + size + Array("WAVEfmt ".utf8), as: "wav"))
    }
    #expect(!isCut(Array("a poem, and its".utf8), as: "txt"))
    // A camera's data behind the mark.
    #expect(!isCut(Self.jpeg + [UInt8](repeating: 0, count: 900), as: "jpg"))
  }
}
