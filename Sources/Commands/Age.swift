/// An age as it is typed on the command line: `12h`, `90d`, `8w`.
enum Age {
  private static let hour: Int64 = 3_600_000
  private static let units: [Character: Int64] = ["h": hour, "d": 24 * hour, "w": 168 * hour]

  /// In milliseconds; `nil` where it is not a whole number of hours, days or weeks, or more than 100,000 of them.
  static func milliseconds(of text: String) -> Int64? {
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), (0...100_000).contains(count)
    else { return nil }
    return count * unit
  }
}
