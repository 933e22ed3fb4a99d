internal import Encoding

/// When a job is polled.
///
/// A remote provider is asked when earlier jobs say that it pays (`PollSchedule`); on this machine the pauses grow, since a
/// poll costs nothing there.
extension Scheduler {
  /// Begins to poll a job.
  ///
  /// - Parameter before: the job before the row changed.
  mutating func beginPolling(_ id: PredictionID, of account: String, before: Job?, now: Moment) -> [Action] {
    let isNew = before?.phase == .sending
    if isNew { jobs[id]?.acceptedAt = now.steady }
    let acceptedAt = jobs[id]?.acceptedAt ?? now.steady
    let policy = policy(ofAccount: account)
    let usual = isNew ? jittered(policy.firstPoll) : 0
    polls.accept(id, account: account, at: acceptedAt, isTakenOver: !isNew, jitter: stepJitter())
    guard isNew else { return begin(id, now: now) + takeTurns(account, now: now) }
    if policy.learns { planPoll(id, now: now) } else { schedule(id, in: usual, now: now) }
    return []
  }

  mutating func polled(_ id: PredictionID, _ outcome: PollOutcome, now: Moment) -> [Action] {
    guard var job = jobs[id], job.phase == .polling else { return [] }
    let policy = policy(of: job)
    let age = now.steady - job.acceptedAt
    let usual = jittered(policy.poll(after: job.attempts, age: age))
    // What a fault asks for, and what the provider does, in milliseconds.
    var (fault, asked): (Int64?, Int64?) = (nil, nil)
    switch outcome {
    case .answered(_, let after):
      job.failures = 0
      job.goneCount = 0
      asked = after.map { max(1, $0) }
      polls.noteRunning(id)
    case .transient(_, let after, let isLimited):
      job.failures += 1
      fault = jittered(policy.transient(after: job.failures))
      asked = after
      if isLimited { polls.noteLimit(job.account, now: now.steady) }
    case .paused:
      job.failures += 1
      fault = jittered(policy.paused(after: job.failures))
    case .unreadable(let reason, let reply):
      return [.record(id, .unreadable(reason: reason, reply: reply, canLook: false))]
    case .gone(let reason):
      job.failures += 1
      if age >= policy.goneGrace {
        job.goneCount += 1
        let first = job.firstGoneAt ?? now.steady
        job.firstGoneAt = first
        if job.goneCount >= 3, now.steady - first >= policy.goneSpan {
          jobs[id] = job
          return [.record(id, .finished(.failed(.gone(reason), billing: .unknown)))]
        }
      }
      fault = jittered(policy.transient(after: job.failures))
    }
    if job.goneCount == 0 { job.firstGoneAt = nil }
    jobs[id] = job
    if policy.learns {
      polls.begin(id, fault: fault, asked: asked, jitter: stepJitter(), now: now.steady)
      planPoll(id, now: now)
    } else if let fault {
      schedule(id, in: max(usual, fault, asked ?? 0), now: now)
    } else {
      schedule(id, in: asked ?? usual, now: now)
    }
    return []
  }

  /// A client asks for a job: a pause after faults ends sooner, never sooner than the pace allows.
  mutating func asked(_ id: PredictionID, now: Moment) {
    guard let job = jobs[id], job.phase == .polling, let due = job.due, job.attempts > 0 else { return }
    let policy = policy(of: job)
    let soon = now.steady + policy.firstPoll
    let sooner = policy.learns ? polls.shortenBackOff(id, to: soon) : soon
    if let sooner { schedule(id, at: min(due, sooner)) }
  }

  /// A client waits for a job from now on: its next poll may come sooner, and not later.
  mutating func hurry(_ id: PredictionID, now: Moment) {
    guard let job = jobs[id] else { return }
    if job.isInLine { accounts[job.account]?.line.add(id, isAwaited: true) }
    guard job.phase == .polling, policy(of: job).learns, let due = job.due,
      let next = polls.next(id, isAwaited: true, now: now.steady)
    else { return }
    if next < due { schedule(id, at: next) }
    planOpening(id, before: min(next, due), now: now)
  }

  /// Notes which jobs a job is like, and plans its next poll by them.
  ///
  /// - Parameter schedule: what they say; `nil` where that is known.
  mutating func learn(_ id: PredictionID, _ topic: JobTopic, _ schedule: PollSchedule?, now: Moment) {
    guard let job = jobs[id] else { return }
    polls.learn(id, topic, schedule, now: now.steady)
    if job.phase == .polling, job.due != nil, policy(of: job).learns { planPoll(id, now: now) }
  }

  /// Plans the next poll of a job. One that nobody waits for ends on a quarter of a second, so that many share one wake-up.
  private mutating func planPoll(_ id: PredictionID, now: Moment) {
    let isAwaited = awaited.contains(id)
    guard let next = polls.next(id, isAwaited: isAwaited, now: now.steady) else { return }
    schedule(id, at: isAwaited || next - now.steady < 1_000 ? next : (next + 249) / 250 * 250)
    if isAwaited { planOpening(id, before: next, now: now) }
  }

  /// Between 0.85 and 1.15.
  private mutating func stepJitter() -> Double { 0.85 + Double(random.next() % 301) / 1_000 }
}
