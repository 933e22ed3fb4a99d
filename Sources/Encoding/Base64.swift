/// Base64 (RFC 4648 section 4), with padding and without line breaks; `decode` accepts nothing else, and `decodeLeniently` what
/// servers send for it.
public enum Base64 {
  /// The number of bytes to encode at a time where the whole need not be in memory. A multiple of 3, so that the
  /// encodings of the pieces, joined, are the encoding of the whole.
  public static let pieceBytes = 49_152

  /// Appends the encoding of these bytes. Only the last piece of a text may have a length that is not a multiple of 3.
  public static func encode(_ bytes: borrowing Span<UInt8>, into text: inout [UInt8]) {
    var place = text.count
    text += [UInt8](repeating: UInt8(ascii: "="), count: (bytes.count + 2) / 3 * 4)
    var output = text.mutableSpan
    let pairs = pairs.span
    var index = 0
    // Two letters (twelve bits) at a time, from a table of 8 KB.
    while index + 3 <= bytes.count {
      let bits = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
      let high = pairs[bits >> 12]
      let low = pairs[bits & 0xFFF]
      output[place] = UInt8(truncatingIfNeeded: high)
      output[place + 1] = UInt8(truncatingIfNeeded: high >> 8)
      output[place + 2] = UInt8(truncatingIfNeeded: low)
      output[place + 3] = UInt8(truncatingIfNeeded: low >> 8)
      index += 3
      place += 4
    }
    guard index < bytes.count else { return }
    let first = Int(bytes[index])
    let second = index + 1 < bytes.count ? Int(bytes[index + 1]) : 0
    output[place] = letters[first >> 2]
    output[place + 1] = letters[(first & 3) << 4 | second >> 4]
    if index + 1 < bytes.count { output[place + 2] = letters[(second & 15) << 2] }
  }

  /// The encoding of these bytes.
  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    encode(bytes.span, into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of a text; `nil` where `encode` would not write exactly this text: with white space, without padding, or
  /// with bits behind the last byte.
  public static func decode(_ text: borrowing Span<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard text.count > 0 else { return [] }
    var padding = 0
    while padding < 2, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
    var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3 - padding)
    var output = bytes.mutableSpan
    let values = values.span
    var place = 0
    var index = 0
    let whole = padding == 0 ? text.count : text.count - 4
    while index < whole {
      let (a, b) = (values[Int(text[index])], values[Int(text[index + 1])])
      let (c, d) = (values[Int(text[index + 2])], values[Int(text[index + 3])])
      guard a | b | c | d < 64 else { return nil }
      output[place] = a << 2 | b >> 4
      output[place + 1] = b << 4 | c >> 2
      output[place + 2] = c << 6 | d
      index += 4
      place += 3
    }
    guard padding > 0 else { return bytes }
    let (a, b) = (values[Int(text[index])], values[Int(text[index + 1])])
    let c = padding == 1 ? values[Int(text[index + 2])] : 0
    guard a | b | c < 64 else { return nil }
    output[place] = a << 2 | b >> 4
    if padding == 2 { return b & 15 == 0 ? bytes : nil }
    output[place + 1] = b << 4 | c >> 2
    return c & 3 == 0 ? bytes : nil
  }

  /// The bytes of a text of any dialect: with line breaks and tabs, the letters for URLs (RFC 4648 section 5), and with padding
  /// or without; bits behind the last byte are dropped. `nil` for any other text, also one with spaces: those are words.
  public static func decodeLeniently(_ text: borrowing Span<UInt8>) -> [UInt8]? {
    // The usual text has nothing to forgive, and is read four letters at a time.
    if let bytes = decode(text) { return bytes }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 2)
    let values = values.span
    var (bits, letters, padding) = (UInt32(0), 0, 0)
    for index in text.indices {
      var letter = text[index]
      switch letter {
      case 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "="):
        padding += 1
        continue
      case UInt8(ascii: "-"): letter = UInt8(ascii: "+")
      case UInt8(ascii: "_"): letter = UInt8(ascii: "/")
      default: break
      }
      let value = values[Int(letter)]
      guard value < 64, padding == 0 else { return nil }
      bits = bits << 6 | UInt32(value)
      letters += 1
      guard letters % 4 == 0 else { continue }
      bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
      bytes.append(UInt8(truncatingIfNeeded: bits))
    }
    let rest = letters % 4
    guard padding == 0 || rest > 1 && padding + rest == 4 else { return nil }
    switch rest {
    case 1: return nil
    case 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
      bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
    default: break
    }
    return bytes
  }

  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The two letters of twelve bits, the first one in the lower byte.
  private static let pairs: [UInt16] = (0..<4_096).map {
    UInt16(letters[$0 >> 6]) | UInt16(letters[$0 & 63]) << 8
  }

  /// The six bits of each letter; 0xFF for other bytes.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()
}
