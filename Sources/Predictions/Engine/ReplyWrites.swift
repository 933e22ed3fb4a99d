/// Writes that replies to calls wait for, and how many of them are requests of each agent. A pure struct.
struct ReplyWrites: Sendable {
  /// How many are not committed yet.
  private(set) var count = 0
  private var byAgent: [String: Int] = [:]

  /// Begins a write.
  mutating func begin(for agent: String?) {
    count += 1
    if let agent { byAgent[agent, default: 0] += 1 }
  }

  /// Ends a write: it is committed, or has failed.
  mutating func end(for agent: String?) {
    count -= 1
    assert(count >= 0, "a write ended twice")
    guard let agent, let left = byAgent[agent] else { return }
    byAgent[agent] = left > 1 ? left - 1 : nil
  }

  /// How many requests of an agent are not committed yet.
  func count(of agent: String) -> Int { byAgent[agent] ?? 0 }
}
