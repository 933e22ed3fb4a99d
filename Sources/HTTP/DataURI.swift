internal import Encoding

/// A `data:` URI with base64 in it (RFC 2397): bytes inside a text.
public struct DataURI: Sendable, Equatable {
  /// As the URI names it: `image/png`; empty where it names none.
  public let mediaType: String
  /// The decoded content.
  public let bytes: [UInt8]

  /// `nil` for any other text, for data that is not base64, and for an empty content.
  public init?(_ text: String) {
    guard text.prefix(5).lowercased() == "data:" else { return nil }
    let text = Array(text.utf8)
    guard let comma = text.firstIndex(of: UInt8(ascii: ",")) else { return nil }
    let head = String(decoding: text[5..<comma], as: UTF8.self).lowercased()
    guard head.hasSuffix(";base64"), let bytes = Base64.decode(Array(text[(comma + 1)...]).span), !bytes.isEmpty else {
      return nil
    }
    mediaType = String(head.prefix { $0 != ";" })
    self.bytes = bytes
  }

  /// PNG, JPEG, GIF, WebP or AVIF by its first bytes: any word of four letters is base64 too.
  public static func isImage(_ bytes: [UInt8]) -> Bool {
    func has(_ text: StaticString, at place: Int = 0) -> Bool {
      bytes.count >= place + text.utf8CodeUnitCount
        && bytes[place..<place + text.utf8CodeUnitCount].elementsEqual(
          UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    return bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      || bytes.starts(with: [0xFF, 0xD8, 0xFF]) || has("GIF87a") || has("GIF89a") || has("RIFF") && has("WEBP", at: 8)
      || has("ftyp", at: 4) && (has("avif", at: 8) || has("avis", at: 8))
  }
}
