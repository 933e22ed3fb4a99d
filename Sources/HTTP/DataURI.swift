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
    guard head.hasSuffix(";base64"), let bytes = Base64.decodeLeniently(Array(text[(comma + 1)...]).span),
      !bytes.isEmpty
    else {
      return nil
    }
    mediaType = String(head.prefix { $0 != ";" })
    self.bytes = bytes
  }
}
