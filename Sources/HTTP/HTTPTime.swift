internal import CCurl

/// Times in headers of HTTP.
public enum HTTPTime {
  /// Milliseconds since 1970 of an HTTP date in any of its three formats. libcurl must have been opened.
  public static func httpDate(_ text: String) -> Int64? {
    let seconds = ccurl_date(text)
    // To the end of the year 9999: a server may send any number.
    return (0...253_402_300_799).contains(seconds) ? seconds * 1_000 : nil
  }

  /// The wait that `Retry-After` asks for, in milliseconds, between 0 and 120 s; `nil` where it cannot be read. It is a
  /// number of seconds, also with a fraction, or a date.
  public static func retryAfter(_ headers: [String: String], now: Int64) -> Int64? {
    guard let text = headers["retry-after"] else { return nil }
    let wait: Double
    if let seconds = Double(text), seconds.isFinite {
      wait = seconds * 1_000
    } else if let date = httpDate(text) {
      // By the server's own clock, where the answer has a `Date`.
      wait = Double(date - (headers["date"].flatMap(httpDate) ?? now))
    } else {
      return nil
    }
    return Int64(min(max(wait, 0), 120_000).rounded(.up))
  }

  /// The server's clock minus ours, in milliseconds; `nil` without a `Date`. That header has whole seconds, so half a
  /// second is added.
  public static func skew(_ headers: [String: String], now: Int64) -> Int64? {
    headers["date"].flatMap(httpDate).map { $0 + 500 - now }
  }
}
