internal import CCurl

/// The times of HTTP's headers.
public enum HTTPTime {
  /// Milliseconds since 1970 of an HTTP date in any of its three formats. libcurl must have been opened.
  public static func httpDate(_ text: String) -> Int64? {
    let seconds = ccurl_date(text)
    // To the end of the year 9999: a server may say anything.
    return (0...253_402_300_799).contains(seconds) ? seconds * 1_000 : nil
  }

  /// How long to wait by `Retry-After`, in milliseconds: seconds, also with a fraction, or a date; 0 to 120 s.
  public static func retryAfter(_ headers: [String: String], now: Int64) -> Int64? {
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
  public static func skew(_ headers: [String: String], now: Int64) -> Int64? {
    headers["date"].flatMap(httpDate).map { $0 + 500 - now }
  }
}
