/// The image formats that imagewire recognises.
public enum ImageFormat: String, Sendable, CaseIterable {
  /// PNG.
  case png
  /// JPEG.
  case jpeg
  /// WebP.
  case webp
  /// GIF.
  case gif
  /// AVIF.
  case avif

  /// The first eight bytes of every PNG (RFC 2083 section 3.1).
  public static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The format of a file by its first bytes; `nil` for any other.
  public init?(of bytes: [UInt8]) {
    func has(_ text: StaticString, at place: Int = 0) -> Bool {
      bytes.count >= place + text.utf8CodeUnitCount
        && bytes[place..<place + text.utf8CodeUnitCount].elementsEqual(
          UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    /// AVIF as the main or a compatible brand of the file type box (ISO/IEC 14496-12 section 4.3).
    var isAVIF: Bool {
      guard has("ftyp", at: 4), bytes.count >= 12 else { return false }
      let length = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
      return length >= 16
        && stride(from: 8, to: min(length, bytes.count) - 3, by: 4)
          .contains { $0 != 12 && (has("avif", at: $0) || has("avis", at: $0)) }
    }
    if bytes.starts(with: Self.pngSignature) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if has("RIFF"), has("WEBP", at: 8) {
      self = .webp
    } else if has("GIF87a") || has("GIF89a") {
      self = .gif
    } else if isAVIF {
      self = .avif
    } else {
      return nil
    }
  }

  /// `image/png` and so on.
  public var mediaType: String { "image/\(rawValue)" }

  /// The extension of file names, without a dot.
  public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
}
