public import Predictions

extension HistoryWindow {
  /// The bounds in all tests: a week, with tolerances of seconds.
  public static let ofTests = HistoryWindow(reach: 7 * 86_400_000, before: 5_000, after: 60_000)
}

extension HistoryMatch {
  /// A match in a history with the bounds of all tests.
  public init(
    remoteID: String, createdAt: Int64, clockSkew: Int64, likeness: Likeness? = nil, isNamed: Bool = false
  ) {
    self.init(
      remoteID: remoteID, createdAt: createdAt, clockSkew: clockSkew, likeness: likeness, isNamed: isNamed,
      window: .ofTests)
  }
}
