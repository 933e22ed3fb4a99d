/// What one prediction may cost, and what a day may; both in millionths of a dollar, `nil` where there is no limit.
public struct Budget: Sendable, Equatable {
  /// For the one prediction.
  public var maxCost: Int64?
  /// For everything that is sent in a day (UTC).
  public var maxSpend: Int64?

  /// Limits.
  public init(maxCost: Int64?, maxSpend: Int64?) {
    self.maxCost = maxCost
    self.maxSpend = maxSpend
  }

  /// Why a price is too high, in one sentence; `nil` where it is not.
  ///
  /// - Parameter spent: what the day has cost or may cost so far; asked only where a limit of the day holds.
  public func excess<Failure>(
    of estimate: Int64, spent: () throws(Failure) -> Int64
  ) throws(Failure) -> String? {
    if let maxCost, estimate > maxCost {
      return "It would cost \(Money.dollars(estimate)), and max_cost is \(Money.dollars(maxCost))."
    }
    guard let maxSpend else { return nil }
    let spent = try spent()
    guard spent + estimate > maxSpend else { return nil }
    return """
      It would cost \(Money.dollars(estimate)); today \(Money.dollars(spent)) of the \(Money.dollars(maxSpend)) of \
      --max-spend are spent or promised.
      """
  }
}
