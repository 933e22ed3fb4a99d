/// Keeps the log from repeating a sentence: while a store is away for hours, the same calls fail every few seconds. Pure.
struct RecentNotices: Sendable {
  /// The same sentence is written again after so many milliseconds.
  static let pause: Int64 = 60_000
  /// How many sentences are remembered.
  static let count = 16

  private var times: [String: Int64] = [:]

  /// Whether a sentence is to be written now.
  ///
  /// - Parameter now: on the steady clock, in milliseconds.
  mutating func mayWrite(_ sentence: String, at now: Int64) -> Bool {
    if let last = times[sentence], now - last < Self.pause { return false }
    times = times.filter { now - $0.value < Self.pause }
    // Sentences that differ each time are all written.
    if times.count >= Self.count { times = [:] }
    times[sentence] = now
    return true
  }
}
