/// Times as the protocol writes them: `2026-11-23T12:34:56.789Z` (RFC 3339, UTC, milliseconds).
public enum Timestamp {
  /// The number of bytes of a spelling.
  public static let length = 24

  /// The spelling of milliseconds since 1970.
  public static func text(_ milliseconds: Int64) -> String {
    String(unsafeUninitializedCapacity: length) { buffer in
      write(milliseconds, to: buffer)
      return length
    }
  }

  /// Writes the spelling of milliseconds since 1970 to a buffer of `length` bytes.
  public static func write(_ milliseconds: Int64, to buffer: UnsafeMutableBufferPointer<UInt8>) {
    let (days, rest) = floorDivide(milliseconds, 86_400_000)
    let (year, month, day) = civil(days)
    var place = 0
    func put(_ value: Int64, _ width: Int, _ end: UInt8) {
      var value = value
      for index in stride(from: place + width - 1, through: place, by: -1) {
        buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
        value /= 10
      }
      buffer[place + width] = end
      place += width + 1
    }
    put(min(max(year, 0), 9_999), 4, UInt8(ascii: "-"))
    put(month, 2, UInt8(ascii: "-"))
    put(day, 2, UInt8(ascii: "T"))
    put(rest / 3_600_000, 2, UInt8(ascii: ":"))
    put(rest / 60_000 % 60, 2, UInt8(ascii: ":"))
    put(rest / 1_000 % 60, 2, UInt8(ascii: "."))
    put(rest % 1_000, 3, UInt8(ascii: "Z"))
  }

  /// Milliseconds since 1970 of a date or a time, with any number of digits in its fraction; without an offset it is UTC.
  /// `nil` for anything else.
  public static func milliseconds(of text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int64? {
      guard rest.count >= digits else { return nil }
      var value: Int64 = 0
      for byte in rest.prefix(digits) {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      rest = rest.dropFirst(digits)
      return value
    }
    func accept(_ bytes: UInt8...) -> UInt8? {
      guard let first = rest.first, bytes.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }
    let hyphen = UInt8(ascii: "-")
    let colon = UInt8(ascii: ":")
    guard let year = number(4), accept(hyphen) != nil, let month = number(2), (1...12).contains(month),
      accept(hyphen) != nil, let day = number(2), (1...31).contains(day)
    else { return nil }
    let date = self.days(year: year, month: month, day: day) * 86_400_000
    guard civil(date / 86_400_000 - (date % 86_400_000 < 0 ? 1 : 0)) == (year, month, day) else { return nil }
    if rest.isEmpty { return date }
    guard accept(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")) != nil, let hour = number(2), hour < 24,
      accept(colon) != nil, let minute = number(2), minute < 60, accept(colon) != nil, let second = number(2),
      second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if accept(UInt8(ascii: "."), UInt8(ascii: ",")) != nil {
      var scale: Int64 = 100
      var digits = 0
      while let digit = number(1) {
        fraction += digit * scale
        scale /= 10
        digits += 1
      }
      if digits == 0 { return nil }
    }
    var offset: Int64 = 0
    if !rest.isEmpty, accept(UInt8(ascii: "Z"), UInt8(ascii: "z")) == nil {
      guard let sign = accept(UInt8(ascii: "+"), hyphen), let hours = number(2), hours < 24, accept(colon) != nil,
        let minutes = number(2), minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * 60_000 * (sign == hyphen ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }
    return date + hour * 3_600_000 + minute * 60_000 + second * 1_000 + fraction - offset
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// The proleptic Gregorian date of a day counted from 1970-01-01; years are counted from March, so that the leap day
  /// comes last.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
