internal import CPictures

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A colour profile (ICC.1) as it stands in the file of an image. It is copied into the thumbnail; no colour is converted.
struct ColourProfile: Equatable {
  let bytes: [UInt8]

  /// A longer profile is not copied.
  static let longest = 64 << 10

  /// `nil` where it is empty or too long, or is sRGB, which is assumed without one.
  init?(_ bytes: [UInt8]) {
    guard 1...Self.longest ~= bytes.count, !Self.isSRGB(bytes) else { return nil }
    self.bytes = bytes
  }

  /// The names of common profiles of sRGB itself. One with linear light, as "Linear sRGB", is another.
  private static let namesOfSRGB = ["sRGB IEC61966-2", "sRGB built-in", "built-in sRGB", "space - sRGB", "sRGB2014"]

  /// Whether the name of a profile says so, in ASCII or in UTF-16.
  private static func isSRGB(_ profile: [UInt8]) -> Bool {
    let narrow = namesOfSRGB.map { Array($0.utf8) }
    let wide: [[UInt8]] = narrow.map { name in Array(name.flatMap { byte -> [UInt8] in [byte, 0] }.dropLast()) }
    // Its first letters are looked for alone, since a profile has thousands of bytes.
    let firsts = Set(narrow.compactMap(\.first))
    return profile.indices.contains { place in
      firsts.contains(profile[place])
        && (narrow.contains { profile[place...].starts(with: $0) }
          || wide.contains { profile[place...].starts(with: $0) })
    }
  }
}

// MARK: - JPEG

extension ColourProfile {
  /// The first bytes of a segment with a part of the profile (ICC.1, annex B.4); its number and the number of parts follow.
  static let segmentName = Array("ICC_PROFILE\0".utf8)
  /// A segment has at most 65,535 bytes: two of length, the name, the two numbers and the part.
  private static let longestPart = 65_535 - 2 - segmentName.count - 2

  /// The profile of a JPEG; `nil` where a part is missing.
  ///
  /// - Parameter segments: what follows the name in each segment, in the order of the file.
  init?(segments: [[UInt8]]) {
    let parts = segments.filter { $0.count > 2 }.sorted { $0[0] < $1[0] }
    guard let first = parts.first, parts.count == segments.count, parts.count == Int(first[1]),
      parts.enumerated().allSatisfy({ Int($1[0]) == $0 + 1 && $1[1] == first[1] })
    else { return nil }
    self.init(parts.flatMap { $0.dropFirst(2) })
  }

  /// A JPEG with the profile in it, behind its first marker and JFIF's segment, which must come first.
  func added(toJPEG jpeg: [UInt8]) -> [UInt8] {
    guard jpeg.count > 4 else { return jpeg }
    let isJFIF = jpeg[3] == 0xE0
    let place = isJFIF && jpeg.count > 6 ? 4 + (Int(jpeg[4]) << 8 | Int(jpeg[5])) : 2
    guard place <= jpeg.count else { return jpeg }
    let starts = Array(stride(from: 0, to: bytes.count, by: Self.longestPart))
    var segments: [UInt8] = []
    for (index, start) in starts.enumerated() {
      let part = bytes[start..<min(start + Self.longestPart, bytes.count)]
      let length = 2 + Self.segmentName.count + 2 + part.count
      segments += [0xFF, 0xE2, UInt8(length >> 8), UInt8(length & 0xFF)]
      segments += Self.segmentName + [UInt8(index + 1), UInt8(starts.count)] + part
    }
    return jpeg[..<place] + segments + jpeg[place...]
  }
}

// MARK: - PNG

extension ColourProfile {
  /// The profile of a PNG, with libpng open.
  ///
  /// - Parameter chunk: the contents of `iCCP` (PNG, third edition, 11.3.2.3): a name, a zero, the method, compressed bytes.
  init?(chunk: UnsafeBufferPointer<UInt8>) {
    guard let end = chunk.prefix(80).firstIndex(of: 0), end + 2 < chunk.count, chunk[end + 1] == 0 else { return nil }
    var length = 0
    let compressed = UnsafeBufferPointer(rebasing: chunk[(end + 2)...])
    guard let inflated = cpictures_inflate(compressed.baseAddress!, compressed.count, Self.longest, &length) else {
      return nil
    }
    defer { free(inflated) }
    self.init(Array(UnsafeBufferPointer(start: inflated, count: length)))
  }

  /// A PNG with the profile in it, behind its header; without it where it cannot be compressed.
  func added(toPNG png: [UInt8]) -> [UInt8] {
    let place = PNGChunks.endOfHeader
    guard png.count > place else { return png }
    var length = 0
    guard let deflated = cpictures_deflate(bytes, bytes.count, &length) else { return png }
    defer { free(deflated) }
    let contents = Array("ICC\0\0".utf8) + Array(UnsafeBufferPointer(start: deflated, count: length))
    let named = Array("iCCP".utf8) + contents
    return png[..<place] + Self.four(contents.count) + named + Self.four(Int(cpictures_crc(named, named.count)))
      + png[place...]
  }

  private static func four(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(number >> $0 & 0xFF) } }
}
