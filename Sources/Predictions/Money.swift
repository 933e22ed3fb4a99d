/// Amounts of money: whole millionths, so that sums are exact.
public enum Money {
  /// `$0.167`; trailing zeros beyond the cents are left out.
  public static func dollars(_ micros: Int64) -> String { (micros < 0 ? "-$" : "$") + decimal(abs(micros), atLeast: 2) }

  /// A JSON number: `0.167`, `12`.
  public static func spelling(_ micros: Int64) -> String { (micros < 0 ? "-" : "") + decimal(abs(micros), atLeast: 0) }

  /// Millionths of an amount; `nil` for one that is negative, not finite or beyond a billion.
  public static func micros(_ amount: Double) -> Int64? {
    guard amount.isFinite, (0...1e9).contains(amount) else { return nil }
    return Int64((amount * 1e6).rounded())
  }

  /// Midnight UTC before a moment, in milliseconds since 1970.
  public static func startOfDay(_ now: Int64) -> Int64 { now - now % 86_400_000 }

  /// A sum, saturated at the largest number: a database may hold any values.
  static func sum(_ amounts: Int64...) -> Int64 {
    amounts.reduce(0) { sum, amount in
      let (result, isTooLarge) = sum.addingReportingOverflow(amount)
      return isTooLarge ? .max : result
    }
  }

  /// A product, saturated at the largest number.
  static func product(_ count: Int64, _ amount: Int64) -> Int64 {
    let (result, isTooLarge) = count.multipliedReportingOverflow(by: amount)
    return isTooLarge ? .max : result
  }

  /// The next midnight UTC, in milliseconds since 1970.
  public static func endOfDay(_ now: Int64) -> Int64 { startOfDay(now) + 86_400_000 }

  /// Counts digits with integers: every reply about a prediction has an amount, and a text of characters takes ten times as long.
  private static func decimal(_ micros: Int64, atLeast digits: Int) -> String {
    let whole = micros / 1_000_000
    var fraction = micros % 1_000_000
    var width = 6
    while width > digits, fraction % 10 == 0 {
      fraction /= 10
      width -= 1
    }
    guard width > 0 else { return String(whole) }
    var text = String(whole)
    text += "."
    let figures = String(fraction)
    for _ in figures.utf8.count..<width { text += "0" }
    text += figures
    return text
  }
}
