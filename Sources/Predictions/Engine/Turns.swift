/// Lets a few work at a time; the others wait, in the order of their arrival.
struct Turns<Waiting: Sendable>: Sendable {
  /// How many at a time.
  let limit: Int
  private(set) var running = 0
  private(set) var waiting: [Waiting] = []

  init(limit: Int) {
    self.limit = limit
  }

  /// - Returns: whether it may work now; else `end` returns it when its turn comes.
  mutating func begin(_ new: Waiting) -> Bool {
    guard running < limit else {
      waiting.append(new)
      return false
    }
    running += 1
    return true
  }

  /// Ends the work of one.
  ///
  /// - Returns: the one whose turn it is now.
  mutating func end() -> Waiting? {
    guard waiting.isEmpty else { return waiting.removeFirst() }
    running -= 1
    return nil
  }
}
