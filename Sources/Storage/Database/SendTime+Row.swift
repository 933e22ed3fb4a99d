internal import Predictions

extension SendTime {
  /// The cells `sent_ms`, `until_ms`, `steady_ms`, `boot` and `skew_ms`, which follow each other.
  init(_ row: borrowing TableRow, from first: Int32) {
    self.init(
      sentAt: row.integer(first), untilAt: row.integerIfAny(first + 1), steady: row.integerIfAny(first + 2),
      boot: row.textIfAny(first + 3), clockSkew: row.integerIfAny(first + 4))
  }
}
