/// What is known of each job that this process polls, and when it is polled next: a part of the scheduler's state. A pure
/// struct; all moments are milliseconds on the steady clock.
struct Polls: Sendable {
  private struct Plan: Sendable {
    let account: String
    var topic: JobTopic?
    /// When the provider accepted it; `nil` before that.
    var acceptedAt: Int64?
    /// Whether this process did not send it, so that it may have been done long before.
    var isTakenOver = false
    /// When the last poll was sent.
    var sentAt: Int64?
    /// When the last poll that found it running was sent.
    var stillAt: Int64?
    /// Not before this moment, which the provider asked for.
    var earliest = Int64.min
    /// Not before this moment, after faults.
    var backOff = Int64.min
    /// By how much the present step is longer or shorter, so that jobs that began together do not stay in step.
    var jitter = 1.0
    var demand: PollLoad.Demand?
    var share = ProgressShare()
  }

  private var plans: [PredictionID: Plan] = [:]
  private var loads: [String: PollLoad] = [:]
  private var schedules = PollSchedules()
  /// Until when the shortest pause of an account is twice as long, because it was asked too often.
  private var limitedUntil: [String: Int64] = [:]

  /// How long a 429 makes the shortest pause twice as long.
  static let limitedTime: Int64 = 60_000

  // MARK: - What happens

  /// Adds an account.
  ///
  /// - Parameter limit: polls a second for all of its jobs together.
  mutating func add(account: String, limit: Int) {
    if loads[account] == nil { loads[account] = PollLoad(limit: Double(limit)) }
  }

  /// A job has been accepted; its step begins.
  mutating func accept(_ id: PredictionID, account: String, at acceptedAt: Int64, isTakenOver: Bool, jitter: Double) {
    var plan = Plan(account: account, topic: plans[id]?.topic, acceptedAt: acceptedAt)
    plan.demand = plans[id]?.demand
    plan.isTakenOver = isTakenOver
    plan.jitter = jitter
    plans[id] = plan
  }

  mutating func noteSent(_ id: PredictionID, at now: Int64) { plans[id]?.sentAt = now }

  /// A poll found it running.
  mutating func noteRunning(_ id: PredictionID) {
    let sentAt = plans[id]?.sentAt
    plans[id]?.stillAt = sentAt
  }

  /// The account was asked too often.
  mutating func noteLimit(_ account: String, now: Int64) { limitedUntil[account] = now + Self.limitedTime }

  /// A poll has ended, and the next step begins.
  ///
  /// - Parameters:
  ///   - fault: milliseconds to wait because of a fault.
  ///   - asked: milliseconds that the provider asked for.
  mutating func begin(_ id: PredictionID, fault: Int64?, asked: Int64?, jitter: Double, now: Int64) {
    plans[id]?.backOff = fault.map { now + $0 } ?? .min
    plans[id]?.earliest = asked.map { now + $0 } ?? .min
    plans[id]?.jitter = jitter
  }

  /// The job is not polled any more.
  mutating func leave(_ id: PredictionID) {
    guard let plan = plans.removeValue(forKey: id) else { return }
    loads[plan.account]?.replace(plan.demand, by: nil)
  }

  // MARK: - When

  /// When the job is polled next: never before the provider allows it.
  mutating func next(_ id: PredictionID, isAwaited: Bool, now: Int64) -> Int64? {
    guard let plan = plans[id], let acceptedAt = plan.acceptedAt else { return nil }
    var price = isAwaited ? PollPrice.awaited : .others
    if let until = limitedUntil[plan.account], now < until { price.shortestPause *= 2 }
    let age = Double(max((plan.sentAt ?? acceptedAt) - acceptedAt, 0)) / 1_000
    let schedule = schedules[plan.topic]
    var next = schedule.next(after: age, price: price, jitter: plan.jitter)
    let demand = PollLoad.Demand(isAwaited: isAwaited, pause: next - age)
    loads[plan.account]?.replace(plan.demand, by: demand)
    plans[id]?.demand = demand
    let stretch = loads[plan.account]?.stretch(isAwaited: isAwaited) ?? 1
    if stretch > 1 { next = schedule.next(after: age, price: price, jitter: plan.jitter, stretch: stretch) }
    return max(acceptedAt + Int64((next * 1_000).rounded()), plan.backOff, plan.earliest, now)
  }

  /// Ends the pause after faults early, because a client asks.
  ///
  /// - Returns: the moment that holds instead; `nil` where there is no such pause.
  mutating func shortenBackOff(_ id: PredictionID, to moment: Int64) -> Int64? {
    guard let plan = plans[id], plan.backOff > moment else { return nil }
    plans[id]?.backOff = moment
    return max(moment, plan.earliest)
  }

  // MARK: - What is known

  func topic(of id: PredictionID) -> JobTopic? { plans[id]?.topic }

  /// Whether a schedule is to be built.
  mutating func isNeeded(_ topic: JobTopic, now: Int64) -> Bool { schedules.isNeeded(topic, now: now) }

  /// Notes which jobs a job is like.
  ///
  /// - Parameter schedule: what they say; `nil` where that is known.
  mutating func learn(_ id: PredictionID, _ topic: JobTopic, _ schedule: PollSchedule?, now: Int64) {
    if let schedule { schedules.set(schedule, for: topic, now: now) }
    plans[id, default: Plan(account: topic.account)].topic = topic
  }

  /// A duration of this process was committed.
  mutating func noteDuration(account: String, model: String) { schedules.noteOwn(account: account, model: model) }

  /// Other processes may have committed durations.
  mutating func noteChanges() { schedules.noteOthers() }

  /// How long a job took whose final answer has just arrived; `nil` where that tells too little.
  func duration(of id: PredictionID, inference: Int64?, now: Int64) -> JobDuration? {
    guard let plan = plans[id], let acceptedAt = plan.acceptedAt, let topic = plan.topic, plan.sentAt != nil,
      !plan.isTakenOver || plan.stillAt != nil
    else { return nil }
    return JobDuration(
      kind: topic.kind, still: max((plan.stillAt ?? acceptedAt) - acceptedAt, 0), done: now - acceptedAt,
      inference: inference)
  }

  /// How likely a job that its last poll found running is done at a moment, from 0 to 1.
  func likelihood(of id: PredictionID, doneBy moment: Int64) -> Double {
    guard let plan = plans[id], let acceptedAt = plan.acceptedAt else { return 0 }
    return schedules[plan.topic].likelihood(
      from: Double((plan.stillAt ?? acceptedAt) - acceptedAt) / 1_000, to: Double(moment - acceptedAt) / 1_000)
  }

  /// What is expected of a job that the provider has accepted; `nil` for any other, and where nothing is learned.
  mutating func expectation(of id: PredictionID, now: Int64) -> Expectation? {
    guard let plan = plans[id], let acceptedAt = plan.acceptedAt, let topic = plan.topic else { return nil }
    let age = Double(max(now - acceptedAt, 0)) / 1_000
    let remaining = schedules[topic].remaining(at: age)
    let share = plans[id]?.share.update(at: age, remaining: remaining) ?? 0
    return Expectation(remaining: remaining.map { Int64(($0 * 1_000).rounded()) }, share: share)
  }
}
