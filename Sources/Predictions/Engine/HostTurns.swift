/// Limits how many jobs run at once, in all and for each host, so that a slow host does not hold up the others; the jobs that
/// wait keep the order of their arrival. A pure struct.
struct HostTurns<Waiting: Sendable>: Sendable {
  /// How many jobs run at once.
  let limit: Int
  /// How many of one host run at once.
  let hostLimit: Int
  private var running: [String: Int] = [:]
  private var total = 0
  private var waiting: [(host: String, job: Waiting)] = []

  init(limit: Int, hostLimit: Int) {
    self.limit = limit
    self.hostLimit = hostLimit
  }

  /// Adds a job.
  ///
  /// - Returns: whether it may run now; otherwise `end` returns it when its turn comes.
  mutating func begin(_ new: Waiting, host: String) -> Bool {
    guard hasRoom(for: host) else {
      waiting.append((host, new))
      return false
    }
    run(host)
    return true
  }

  /// Ends a job of a host.
  ///
  /// - Returns: the job that may run now.
  mutating func end(host: String) -> Waiting? {
    total -= 1
    let rest = (running[host] ?? 1) - 1
    running[host] = rest > 0 ? rest : nil
    guard let index = waiting.firstIndex(where: { hasRoom(for: $0.host) }) else { return nil }
    let next = waiting.remove(at: index)
    run(next.host)
    return next.job
  }

  private func hasRoom(for host: String) -> Bool { total < limit && running[host] ?? 0 < hostLimit }

  private mutating func run(_ host: String) {
    total += 1
    running[host, default: 0] += 1
  }
}
