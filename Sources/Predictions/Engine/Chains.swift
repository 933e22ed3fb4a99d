/// Rounds over the predictions that wait for outputs of others: one at a time. A pure struct.
struct Chains: Sendable {
  /// Whether the store has such predictions, as far as this process knows: then changes by other processes are read.
  private(set) var areWaiting = false
  private var isRunning = false
  private var mustRepeat = false

  /// Notes that there is one.
  mutating func note() { areWaiting = true }

  /// Starts a round. During another one it is repeated: that one may have read the store before.
  ///
  /// - Returns: false while one runs.
  mutating func begin() -> Bool {
    guard !isRunning else {
      mustRepeat = true
      return false
    }
    isRunning = true
    return true
  }

  /// Ends a round.
  ///
  /// - Parameter areWaiting: whether any prediction waits; `nil` where the round failed.
  /// - Returns: whether another one is to follow.
  mutating func end(areWaiting: Bool?) -> Bool {
    isRunning = false
    if let areWaiting { self.areWaiting = areWaiting }
    defer { mustRepeat = false }
    return mustRepeat
  }
}
