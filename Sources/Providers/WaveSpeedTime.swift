internal import CCurl

/// The ways times are written on this wire.
enum WaveSpeedTime {
  /// Milliseconds since 1970 of an RFC 3339 time with any number of digits in its fraction, also 9; `nil` where it is none.
  static func milliseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ count: Int) -> Int64? {
      guard start + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[start..<start + count] {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard bytes.count >= 19, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
      bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " ")
    else { return nil }
    var place = 19
    var fraction: Int64 = 0
    if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
      place += 1
      var weight: Int64 = 100
      while let digit = number(place, 1) {
        fraction += digit * weight
        weight /= 10
        place += 1
      }
    }
    var offset: Int64 = 0
    if place < bytes.count, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") {
      guard let hours = number(place + 1, 2), let minutes = number(place + 4, 2) else { return nil }
      offset = (hours * 60 + minutes) * (bytes[place] == UInt8(ascii: "-") ? -60 : 60)
    }
    return (days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000 + fraction
  }

  /// `2026-11-23T12:34:56Z`, rounded down.
  static func text(_ milliseconds: Int64) -> String {
    let seconds = (Double(milliseconds) / 1_000).rounded(.down)
    let day = Int64((seconds / 86_400).rounded(.down))
    let rest = Int64(seconds) - day * 86_400
    // The inverse of `days`.
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1))"
      + "T\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
  }

  /// Days since 1970 in the proleptic Gregorian calendar; years begin in March, so that leap days come last.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// Milliseconds since 1970 of an HTTP date in any of its three formats. libcurl must have been opened.
  static func httpDate(_ text: String) -> Int64? {
    let seconds = ccurl_date(text)
    return seconds < 0 ? nil : seconds * 1_000
  }

  /// How long to wait by `Retry-After`, in milliseconds: seconds, also with a fraction, or a date; 0 to 120 s.
  static func retryAfter(_ headers: [String: String], now: Int64) -> Int64? {
    guard let text = headers["retry-after"] else { return nil }
    let wait: Double
    if let seconds = Double(text), seconds.isFinite {
      wait = seconds * 1_000
    } else if let date = httpDate(text) {
      // By the server's own clock, where it tells the time.
      wait = Double(date - (headers["date"].flatMap(httpDate) ?? now))
    } else {
      return nil
    }
    return Int64(min(max(wait, 0), 120_000).rounded(.up))
  }

  /// The server's clock minus ours; its header has whole seconds, so half of one is added.
  static func skew(_ headers: [String: String], now: Int64) -> Int64? {
    headers["date"].flatMap(httpDate).map { $0 + 500 - now }
  }
}
