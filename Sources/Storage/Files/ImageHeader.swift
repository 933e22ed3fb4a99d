public import Encoding

/// Format and size of an image, from its first bytes. Reading never traps, whatever the bytes, and checks every length.
public struct ImageHeader: Sendable, Equatable {
  /// The format, by its magic bytes.
  public let format: ImageFormat
  /// In pixels; `nil` where these bytes do not say.
  public let width: Int?
  /// In pixels; `nil` where these bytes do not say.
  public let height: Int?

  /// The pixels that a side may have; a header with more is treated as one without a size.
  private static let sides = 1...1 << 20

  /// Reads the first bytes of an image; `nil` where they belong to none of the formats.
  ///
  /// - Parameter bytes: the start of the file. In a JPEG the size comes after metadata, which may have hundreds of
  ///   kilobytes.
  public init?(_ bytes: [UInt8]) {
    guard let format = ImageFormat(of: bytes) else { return nil }
    self.format = format
    let reader = ImageBytes(bytes)
    let size =
      switch format {
      case .png: reader.pngSize()
      case .jpeg: reader.jpegSize()
      case .webp: reader.webpSize()
      case .gif: reader.gifSize()
      case .avif: reader.avifSize()
      }
    let known = size.flatMap { Self.sides.contains($0.width) && Self.sides.contains($0.height) ? $0 : nil }
    width = known?.width
    height = known?.height
  }
}

/// Bytes that may end anywhere; a value beyond the end is `nil`.
private struct ImageBytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  private func byte(_ place: Int) -> Int? {
    place >= 0 && place < bytes.count ? Int(bytes[place]) : nil
  }

  /// Big-endian.
  private func big(_ place: Int, bytes count: Int) -> Int? {
    var value = 0
    for offset in 0..<count {
      guard let byte = byte(place + offset) else { return nil }
      value = value << 8 | byte
    }
    return value
  }

  /// Little-endian.
  private func little(_ place: Int, bytes count: Int) -> Int? {
    var value = 0
    for offset in 0..<count {
      guard let byte = byte(place + offset) else { return nil }
      value |= byte << (8 * offset)
    }
    return value
  }

  func has(_ wanted: [UInt8], at place: Int) -> Bool {
    wanted.indices.allSatisfy { byte(place + $0) == Int(wanted[$0]) }
  }

  func has(_ wanted: String, at place: Int) -> Bool { has(Array(wanted.utf8), at: place) }

  // MARK: The formats

  /// `IHDR` is always first.
  func pngSize() -> (width: Int, height: Int)? {
    guard has("IHDR", at: 12), let width = big(16, bytes: 4), let height = big(20, bytes: 4) else { return nil }
    return (width, height)
  }

  func gifSize() -> (width: Int, height: Int)? {
    guard let width = little(6, bytes: 2), let height = little(8, bytes: 2) else { return nil }
    return (width, height)
  }

  /// Walks the segments to the first start of frame.
  func jpegSize() -> (width: Int, height: Int)? {
    var place = 2
    while let mark = byte(place), mark == 0xFF, let kind = byte(place + 1) {
      switch kind {
      case 0xFF:  // A fill byte.
        place += 1
      case 0x01, 0xD0...0xD8:  // Segments without a length.
        place += 2
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:  // Start of frame; C4, C8 and CC are something else.
        guard let height = big(place + 5, bytes: 2), let width = big(place + 7, bytes: 2) else { return nil }
        return (width, height)
      case 0xD9, 0xDA:  // The end, or the image data, without a frame before it.
        return nil
      default:
        guard let length = big(place + 2, bytes: 2), length >= 2 else { return nil }
        place += 2 + length
      }
    }
    return nil
  }

  /// The three kinds of first chunk: lossy, lossless, extended.
  func webpSize() -> (width: Int, height: Int)? {
    if has("VP8 ", at: 12) {
      guard has([0x9D, 0x01, 0x2A], at: 23), let width = little(26, bytes: 2), let height = little(28, bytes: 2)
      else { return nil }
      return (width & 0x3FFF, height & 0x3FFF)
    }
    if has("VP8L", at: 12) {
      guard byte(20) == 0x2F, let bits = little(21, bytes: 4) else { return nil }
      return (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
    }
    if has("VP8X", at: 12) {
      guard let width = little(24, bytes: 3), let height = little(27, bytes: 3) else { return nil }
      return (width + 1, height + 1)
    }
    return nil
  }

  // MARK: AVIF: nested boxes (ISO/IEC 14496-12)

  /// The largest of the sizes in `meta/iprp/ipco/ispe`: thumbnails and the tiles of a grid are smaller than the whole.
  func avifSize() -> (width: Int, height: Int)? {
    guard let meta = box("meta", in: 0..<bytes.count), meta.lowerBound + 4 <= meta.upperBound,
      let properties = box("iprp", in: meta.lowerBound + 4..<meta.upperBound),
      let container = box("ipco", in: properties)
    else { return nil }
    var largest: (width: Int, height: Int)?
    var rest = container
    while let found = box("ispe", in: rest) {
      if let width = big(found.lowerBound + 4, bytes: 4), let height = big(found.lowerBound + 8, bytes: 4),
        found.count >= 12, max(width, height) <= Int(Int32.max),
        width * height > (largest.map { $0.width * $0.height } ?? 0)
      {
        largest = (width, height)
      }
      rest = found.upperBound..<rest.upperBound
    }
    return largest
  }

  /// The content of the next box of a kind, cut at the end of the bytes.
  private func box(_ kind: String, in range: Range<Int>) -> Range<Int>? {
    var place = range.lowerBound
    while place < range.upperBound, let short = big(place, bytes: 4), byte(place + 7) != nil {
      var header = 8
      var length = short
      if short == 1 {
        // A length of 64 bits; more than 48 are invalid.
        guard let high = big(place + 8, bytes: 2), high == 0, let low = big(place + 10, bytes: 6) else { return nil }
        (header, length) = (16, low)
      } else if short == 0 {
        length = range.upperBound - place
      }
      guard length >= header else { return nil }
      let end = min(place + length, range.upperBound)
      if has(kind, at: place + 4), place + header <= end { return place + header..<end }
      place += length
    }
    return nil
  }
}
