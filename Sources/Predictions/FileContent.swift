internal import Encoding

/// What a file must hold to be sent: the number of its bytes and their hash. A reference to a file may end with it,
/// `@/pictures/fox.png#sha256=HEX&bytes=N`; then other bytes under that name are not sent. Pure.
public struct FileContent: Sendable, Hashable {
  /// SHA-256, 32 bytes.
  public let digest: [UInt8]
  /// Its length in bytes, more than 0.
  public let bytes: Int64

  /// A content.
  public init(digest: [UInt8], bytes: Int64) {
    self.digest = digest
    self.bytes = bytes
  }

  /// The end of a reference to a file with this content.
  var ending: String { "\(Self.mark)\(digest.hexadecimal)\(Self.separator)\(bytes)" }

  private static let mark = "#sha256="
  private static let separator = "&bytes="
  private static let hashLength = 64

  /// Reads the end of a reference.
  ///
  /// - Returns: the content and the text before it; `nil` where the text does not end with a content.
  static func split(_ text: String) -> (before: String, content: FileContent)? {
    // A string of an input may have megabytes.
    let longest = mark.utf8.count + hashLength + separator.utf8.count + String(Int64.max).utf8.count
    let bytes = Array(text.utf8.suffix(longest))
    guard let start = bytes.lastIndex(of: UInt8(ascii: "#")) else { return nil }
    let end = bytes[start...]
    guard end.starts(with: mark.utf8), end.count > mark.utf8.count + hashLength else { return nil }
    let hash = end.dropFirst(mark.utf8.count).prefix(hashLength)
    let rest = end.dropFirst(mark.utf8.count + hashLength)
    let number = String(decoding: rest.dropFirst(separator.utf8.count), as: UTF8.self)
    guard let digest = [UInt8](hexadecimal: hash), rest.starts(with: separator.utf8), let length = Int64(number),
      length > 0, String(length) == number
    else { return nil }
    let before = String(decoding: text.utf8.dropLast(end.count), as: UTF8.self)
    return (before, FileContent(digest: digest, bytes: length))
  }
}
