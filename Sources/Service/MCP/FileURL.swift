/// URLs of files (RFC 8089), as hosts and models write them. Pure.
enum FileURL {
  /// Whether a text is meant as one.
  static func isMeant(by text: String) -> Bool { text.utf8.prefix(5).map { $0 | 0x20 } == Array("file:".utf8) }

  /// The absolute path of a file of this machine; `nil` for any other text, for another host, and for bytes that are no text.
  static func path(_ text: String) -> String? {
    guard isMeant(by: text) else { return nil }
    var rest = text.utf8.dropFirst(5)
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let host = rest.prefix { $0 != UInt8(ascii: "/") }
      guard host.isEmpty || host.map({ $0 | 0x20 }) == Array("localhost".utf8) else { return nil }
      rest = rest.dropFirst(host.count)
    }
    guard rest.first == UInt8(ascii: "/"), let bytes = decoded(rest), !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Without percent-encoding; `nil` where a query, a fragment or a `%` without two digits is in it.
  private static func decoded(_ text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "?"), UInt8(ascii: "#"): return nil
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2)
        guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
          digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}
