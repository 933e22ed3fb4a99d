/// When a connection to the host of a job's outputs is opened ahead: a moment before a poll that likely finds it done, and only
/// for a job that a client waits for.
extension Scheduler {
  /// How likely the poll must find the job done.
  private static let likelihood = 0.1
  /// How long before the poll: three round trips over a slow line. In milliseconds.
  static let openingTime: Int64 = 1_000
  /// How long the connection is taken to stay open, in milliseconds: another is not opened for the job before.
  static let openTime: Int64 = 30_000

  /// Plans to open a connection before a poll.
  mutating func planOpening(_ id: PredictionID, before poll: Int64, now: Moment) {
    guard let job = jobs[id], job.openedAt.map({ poll - $0 >= Self.openTime }) ?? true,
      polls.likelihood(of: id, doneBy: poll) >= Self.likelihood
    else { return }
    let at = max(now.steady, poll - Self.openingTime)
    jobs[id]?.opensAt = at
    deadlines.insert(at, id)
  }

  /// Opens it, where this is the moment and a client still waits.
  mutating func open(_ id: PredictionID, at moment: Int64, now: Moment) -> [Action] {
    guard jobs[id]?.opensAt == moment else { return [] }
    jobs[id]?.opensAt = nil
    guard awaited.contains(id) else { return [] }
    jobs[id]?.openedAt = now.steady
    return [.openAhead(id)]
  }
}
