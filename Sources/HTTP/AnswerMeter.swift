/// Counts the bytes of a JSON answer that are not media, so that one without media can be bounded more tightly. Media are
/// strings of many bytes: images in Base64. A pure struct.
///
/// An answer of another kind, such as a file or a stream of events, is not judged.
struct AnswerMeter: Sendable {
  /// From so many bytes on, a string counts as media.
  static let mediaBytes: Int64 = 4_096

  /// How many bytes beside media are allowed.
  let limit: Int64
  private var isJSON: Bool?
  /// Bytes outside of media, before the string that is open.
  private var plain: Int64 = 0
  /// Bytes of the string that is open; `nil` outside of strings.
  private var open: Int64?
  private var isEscaped = false

  init(limit: Int64) {
    self.limit = limit
  }

  /// Counts the next bytes.
  ///
  /// - Returns: whether the limit still holds.
  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in bytes {
      guard let isJSON else {
        plain += 1
        if byte > 0x20 { self.isJSON = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }
        if self.isJSON == nil, plain > limit { return false }
        continue
      }
      guard isJSON else { return true }
      guard let length = open else {
        plain += 1
        if byte == UInt8(ascii: "\"") { open = 0 }
        if plain > limit { return false }
        continue
      }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        plain += length < Self.mediaBytes ? length + 1 : 1
        open = nil
        if plain > limit { return false }
        continue
      }
      open = length + 1
    }
    return true
  }
}
