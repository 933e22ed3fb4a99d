/// The schedules of the jobs at hand, each built from the durations that are stored. A pure struct; all moments are
/// milliseconds on the steady clock.
struct PollSchedules: Sendable {
  /// How many are kept; what was used longest ago goes first. One has about two kilobytes.
  static let count = 64
  /// A schedule is built again at most this often after a job of this process, …
  static let ownInterval: Int64 = 1_000
  /// … and after jobs of other processes, whose models are not known.
  static let otherInterval: Int64 = 10_000

  private struct Entry: Sendable {
    var schedule: PollSchedule
    var builtAt: Int64
    var usedAt: Int64
    /// When it is to be built again; `nil` while nothing was added.
    var staleAt: Int64?
  }

  private var entries: [JobTopic: Entry] = [:]

  /// The schedule of a topic; where nothing is known, the one of unknown jobs.
  subscript(topic: JobTopic?) -> PollSchedule { topic.flatMap { entries[$0]?.schedule } ?? .unknown }

  /// Whether a schedule is to be built, for the first time or again. Notes that it is used.
  mutating func isNeeded(_ topic: JobTopic, now: Int64) -> Bool {
    guard let entry = entries[topic] else { return true }
    entries[topic]?.usedAt = now
    return entry.staleAt.map { $0 <= now } ?? false
  }

  /// Stores a schedule that was built from durations read at `now`.
  mutating func set(_ schedule: PollSchedule, for topic: JobTopic, now: Int64) {
    if entries[topic] == nil, entries.count >= Self.count,
      let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt })
    {
      entries[oldest.key] = nil
    }
    entries[topic] = Entry(schedule: schedule, builtAt: now, usedAt: now)
  }

  /// This process has added a duration.
  mutating func noteOwn(account: String, model: String) {
    for topic in entries.keys where topic.account == account && topic.model == model {
      expire(topic, after: Self.ownInterval)
    }
  }

  /// Another process may have added durations.
  mutating func noteOthers() {
    for topic in entries.keys { expire(topic, after: Self.otherInterval) }
  }

  private mutating func expire(_ topic: JobTopic, after interval: Int64) {
    guard let entry = entries[topic] else { return }
    entries[topic]?.staleAt = min(entry.staleAt ?? .max, entry.builtAt + interval)
  }
}
