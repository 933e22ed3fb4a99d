import Testing

@testable import Pictures

@Suite("Colour profiles")
struct ColourProfileTests {
  private let wide = ColourProfile(Array("Display P3".utf8))!

  private func segments(_ bytes: [UInt8]) -> JPEGSegments { bytes.withUnsafeBufferPointer { JPEGSegments($0) } }

  /// A JPEG's start with these parts of a profile.
  private func jpeg(_ parts: [(number: UInt8, of: UInt8, bytes: [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8]
    for part in parts {
      let segment = Array("ICC_PROFILE\0".utf8) + [part.number, part.of] + part.bytes
      let length = segment.count + 2
      bytes += [0xFF, 0xE2, UInt8(length >> 8), UInt8(length & 0xFF)] + segment
    }
    return bytes + [0xFF, 0xDA]
  }

  @Test(arguments: ["sRGB IEC61966-2.1", "s\0R\0G\0B\0 \0b\0u\0i\0l\0t\0-\0i\0n\0", "GIMP built-in sRGB", ""])
  func sRGBIsAssumedWithoutOne(name: String) {
    #expect(ColourProfile(Array(name.utf8)) == nil)
    #expect(segments(jpeg([(1, 1, Array(name.utf8))])).profile == nil)
  }

  @Test(arguments: ["GIMP built-in Linear sRGB", "sRGB-elle-V4-g10.icc (linear)", "ProPhoto, not sRGB"])
  func anotherOneThatNamesSRGBIsCopied(name: String) { #expect(ColourProfile(Array(name.utf8)) != nil) }

  @Test func aVeryLongOneIsLeftOut() {
    #expect(ColourProfile([UInt8](repeating: 7, count: 64 << 10)) != nil)
    #expect(ColourProfile([UInt8](repeating: 7, count: 64 << 10 + 1)) == nil)
  }

  @Test func thePartsOfAJPEGAreJoinedByTheirNumbers() {
    #expect(segments(jpeg([(2, 2, [3, 4]), (1, 2, [1, 2])])).profile == ColourProfile([1, 2, 3, 4]))
    for parts in [[(1, 2, [1])], [(2, 2, [1])], [(1, 2, [1]), (1, 2, [2])], [(1, 1, [])], [(0, 1, [1])]]
      as [[(number: UInt8, of: UInt8, bytes: [UInt8])]]
    { #expect(segments(jpeg(parts)).profile == nil) }
  }

  @Test func itStandsBehindTheSegmentOfJFIF() {
    let segment: [UInt8] = [0xFF, 0xE2, 0, 26] + Array("ICC_PROFILE\0\u{1}\u{1}Display P3".utf8)
    #expect(
      wide.added(toJPEG: [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xD9])
        == [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2] + segment + [0xFF, 0xD9])
    #expect(wide.added(toJPEG: [0xFF, 0xD8, 0xFF, 0xDB, 0xFF]) == [0xFF, 0xD8] + segment + [0xFF, 0xDB, 0xFF])
    for broken: [UInt8] in [[], [0xFF, 0xD8], [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 0, 0]] {
      #expect(wide.added(toJPEG: broken) == broken)
    }
  }

  @Test func aLongOneTakesSeveralSegments() throws {
    let long = try #require(ColourProfile((0..<64 << 10).map { UInt8($0 % 251) }))
    let jpeg = long.added(toJPEG: [0xFF, 0xD8, 0xFF, 0xDB, 0, 2, 0xFF, 0xDA])
    #expect(segments(jpeg).profile == long)
  }

  // MARK: - Chunks

  private func chunk(_ kind: String, _ contents: [UInt8]) -> [UInt8] {
    let checksum: [UInt8] = [9, 9, 9, 9]
    return [0, 0, 0, UInt8(contents.count)] + Array(kind.utf8) + contents + checksum
  }

  @Test func theChunksBeforeThePixelsAreFound() {
    var png = [UInt8](repeating: 0, count: 8)
    for (kind, contents): (String, [UInt8]) in [
      ("IHDR", [1, 2, 3]), ("gAMA", [4, 5]), ("iCCP", [6]), ("IDAT", [7]), ("gAMA", [8]),
    ] { png += chunk(kind, contents) }
    func chunks(_ bytes: [UInt8]) -> PNGChunks { bytes.withUnsafeBufferPointer { PNGChunks($0) } }
    #expect(Array(png[chunks(png).gamma]) == [4, 5] && Array(png[chunks(png).profile]) == [6])
    for length in png.indices {
      let found = chunks(Array(png.prefix(length)))
      #expect(found.gamma.upperBound <= length && found.profile.upperBound <= length)
    }
    for place in png.indices {
      var damaged = png
      damaged[place] = 0xFF
      #expect(chunks(damaged).profile.upperBound <= png.count)
    }
  }

  @Test func theProfileOfAWebPIsFound() {
    func chunk(_ kind: String, _ contents: [UInt8]) -> [UInt8] {
      let padding = [UInt8](repeating: 0, count: contents.count % 2)
      return Array(kind.utf8) + [UInt8(contents.count), 0, 0, 0] + contents + padding
    }
    let (first, second, third) = (chunk("VP8X", [1, 2, 3]), chunk("ICCP", [4, 5, 6]), chunk("VP8 ", [7]))
    let webp = Array("RIFF....WEBP".utf8) + first + second + third
    func profile(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBufferPointer { WebPChunks.profile(of: $0) } }
    #expect(profile(webp) == [4, 5, 6])
    for length in webp.indices { #expect([[], [4, 5, 6]].contains(profile(Array(webp.prefix(length))))) }
    for place in webp.indices {
      var damaged = webp
      damaged[place] = 0xFF
      #expect(profile(damaged).count <= webp.count)
    }
  }
}
