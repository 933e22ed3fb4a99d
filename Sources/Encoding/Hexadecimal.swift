extension Sequence<UInt8> {
  /// Two hexadecimal digits a byte, in lower case.
  @inlinable
  public var hexadecimal: String {
    var digits: [UInt8] = []
    for byte in self {
      for nibble in [byte >> 4, byte & 15] {
        digits.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}

extension [UInt8] {
  /// The bytes of a hexadecimal number in lower case, two digits each; `nil` for any other text.
  public init?(hexadecimal text: some Sequence<UInt8>) {
    var digits: [UInt8] = []
    for digit in text {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    guard digits.count % 2 == 0 else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
