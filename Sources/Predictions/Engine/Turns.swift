internal import Encoding

/// Limits how many jobs run at once; the others wait in the order of their arrival. A pure struct.
struct Turns<Waiting: Sendable>: Sendable {
  /// How many jobs run at once.
  let limit: Int
  private(set) var running = 0
  private var waiting = FIFO<Waiting>()

  init(limit: Int) {
    self.limit = limit
  }

  /// Adds a job.
  ///
  /// - Returns: whether it may run now; otherwise `end` returns it when its turn comes.
  mutating func begin(_ new: Waiting) -> Bool {
    guard running < limit else {
      waiting.append(new)
      return false
    }
    running += 1
    return true
  }

  /// Ends a job.
  ///
  /// - Returns: the job that may run now.
  mutating func end() -> Waiting? {
    if let next = waiting.popFirst() { return next }
    running -= 1
    return nil
  }
}
