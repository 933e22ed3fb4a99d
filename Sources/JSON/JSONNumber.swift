/// A number as it was written.
///
/// The spelling is kept because it carries what a `Double` loses: `9007199254740993`, `1.0` and `-0` come back as they
/// came. It is always a valid RFC 8259 number, so a writer may copy it as it stands.
public struct JSONNumber: Sendable, Hashable {
  /// The digits as they were sent: ASCII, RFC 8259 section 6.
  public let spelling: String

  /// Takes a spelling that a parser has already checked.
  init(checked spelling: String) {
    self.spelling = spelling
  }

  /// The number a spelling stands for, or `nil` where it is not exactly one RFC 8259 number.
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

  /// The integer this number equals, if it is one and fits: `5`, `5.0` and `5e4` are integers, `5.5` is not.
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

  /// One spelling for all that are the same number: `1`, `1.0`, `1e0` and `10e-1` are equal, `9007199254740993` and
  /// `…992` are not. Sign, significant digits, exponent; never a `Double` in between.
  public var canonicalSpelling: String {
    let decimal = ExactDecimal(spelling)
    if decimal.digits == "0" { return "0" }
    return (decimal.negative ? "-" : "") + decimal.digits + "e\(decimal.exponent)"
  }
}

/// A number taken apart without rounding: `digits × 10^exponent`, where digits has no zero at either end.
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
          // An exponent of more than a billion is no number anybody means; clamped so that it cannot overflow.
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
