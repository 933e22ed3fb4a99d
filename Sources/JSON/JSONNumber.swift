/// A JSON number, stored as its spelling.
///
/// The spelling holds what a `Double` loses: `9007199254740993`, `1.0` and `-0` are written as they were read. It is
/// always a valid number of RFC 8259, so a writer may copy it.
public struct JSONNumber: Sendable, Hashable {
  /// The number as it was written: ASCII, RFC 8259 section 6.
  public let spelling: String

  /// Takes a spelling that a parser has already checked.
  init(checked spelling: String) {
    self.spelling = spelling
  }

  /// A number by its spelling; `nil` where that is not exactly one number of RFC 8259.
  public init?(_ spelling: String) {
    let bytes = Array(spelling.utf8)
    var scanner = JSONScanner()
    guard let end = try? scanner.skipNumber(in: bytes.span), end == bytes.count else { return nil }
    self.spelling = spelling
  }

  /// An integer in plain decimal spelling.
  public init(_ value: some BinaryInteger) {
    spelling = String(value)
  }

  /// The integer that it equals (`5`, `5.0` and `5e4` are integers); `nil` where it is not one or does not fit.
  public var int64: Int64? {
    if let plain = Int64(spelling) { return plain }
    let decimal = ExactDecimal(spelling)
    guard decimal.exponent >= 0, decimal.digits.count + decimal.exponent <= 19 else { return nil }
    return Int64((decimal.negative ? "-" : "") + decimal.digits + String(repeating: "0", count: decimal.exponent))
  }

  /// The nearest binary floating-point number; an overflowing one is infinite.
  public var double: Double {
    Double(spelling) ?? .nan
  }

  /// The same spelling for all equal numbers: `1`, `1.0`, `1e0` and `10e-1` share one, `9007199254740993` and `…992` do
  /// not. It has sign, significant digits and exponent, and is computed without a `Double`.
  public var canonicalSpelling: String {
    let decimal = ExactDecimal(spelling)
    if decimal.digits == "0" { return "0" }
    return (decimal.negative ? "-" : "") + decimal.digits + "e\(decimal.exponent)"
  }
}

/// A number without rounding, `digits × 10^exponent`; `digits` has no zero at either end.
private struct ExactDecimal {
  var negative = false
  var digits = ""
  var exponent = 0

  init(_ spelling: String) {
    var written = 0
    var writtenNegative = false
    var fraction = 0
    var significant: [UInt8] = []
    var inFraction = false
    var inExponent = false
    for byte in spelling.utf8 {
      switch byte {
      case UInt8(ascii: "-"):
        if inExponent { writtenNegative = true } else { negative = true }
      case UInt8(ascii: "."):
        inFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        inExponent = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if inExponent {
          // Clamped to a billion so that it cannot overflow.
          written = min(written * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000_000)
        } else {
          significant.append(byte)
          if inFraction { fraction += 1 }
        }
      default:
        break
      }
    }
    exponent = (writtenNegative ? -written : written) - fraction
    while significant.count > 1, significant.last == UInt8(ascii: "0") {
      significant.removeLast()
      exponent += 1
    }
    let leading = significant.prefix { $0 == UInt8(ascii: "0") }.count
    significant.removeFirst(min(leading, significant.count - 1))
    digits = String(decoding: significant, as: UTF8.self)
    if digits == "0" {
      exponent = 0
      negative = false
    }
  }
}
