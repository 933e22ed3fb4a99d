internal import Threads

extension PredictionEngine {
  /// How often somebody who wants progress hears of it.
  static let progressInterval: Int64 = 1_000

  /// Sets the one alarm. The thread behind it starts with the first thing there is to wait for.
  func arm(_ state: inout State, now: Int64) {
    state.periodicTasks.plan(
      now, hasWork: state.scheduler.hasWork, hasQueue: state.scheduler.hasQueue,
      hasForeignWaiters: state.hasForeignWaiters)
    // A process that ends takes nothing over. What others did to its predictions it finds in the rows it writes; hundreds
    // of processes that wait to write would otherwise spend their time on reading what the others wrote.
    if state.isEnding { (state.periodicTasks.watchAt, state.periodicTasks.recoverAt) = (nil, nil) }
    let wakes = [
      state.scheduler.nextWake, state.waiters.nextWake, state.retryRecordsAt, state.periodicTasks.next, state.beginsAt,
      state.retention?.dueAt,
    ]
    let next = wakes.compactMap { $0 }.min()
    guard next != state.armed else { return }
    state.armed = next
    if !state.isClockStarted, next != nil {
      state.isClockStarted = true
      startThread { [self] in keepTime() }
    } else {
      alarm.signal { $0 &+= 1 }
    }
  }

  private func keepTime() {
    var seen = 0
    while true {
      let armed = state.withLock { $0.armed }
      let now = time.now.steady
      if let armed, armed <= now {
        tick()
        continue
      }
      let last = seen
      seen = alarm.wait(atMost: armed.map { $0 - now }) { $0 != last ? $0 : nil } ?? last
    }
  }

  private func tick() {
    let moment = time.now
    let now = moment.steady
    let (expired, ticking, unrecorded, due, expiry, mustBegin) = state.withLock { state in
      state.armed = nil
      let mustBegin = state.beginsAt.map { $0 <= now } ?? false
      let expired = state.waiters.takeExpired(now)
      for waiter in expired { forgetWait(waiter, in: &state, now: moment) }
      let answers = expired.map { ($0, outcome($0.ids, isFulfilled: false, in: state)) }
      let ticking = state.waiters.ticking(now, interval: Self.progressInterval).compactMap { waiter in
        state.live[waiter.ids[0]].map { (waiter, shown($0, state.pauses)) }
      }
      var unrecorded: [Unrecorded] = []
      if let at = state.retryRecordsAt, at <= now {
        unrecorded = state.unrecorded
        state.unrecorded = []
        state.retryRecordsAt = nil
        // Counted from here on, so that whoever drains finds each of them in one place or the other.
        state.uncommittedRecords += unrecorded.count
      }
      return (
        answers, ticking, unrecorded, state.periodicTasks.takeDue(now), state.retention?.takeDue(moment), mustBegin
      )
    }
    for (waiter, outcome) in expired { waiter.completion(outcome) }
    for (waiter, snapshot) in ticking { waiter.onProgress?(snapshot) }
    for entry in unrecorded { record(entry.id, entry.event, by: entry.writer) }
    if !unrecorded.isEmpty { state.signal { $0.uncommittedRecords -= unrecorded.count } }
    if mustBegin { begin() }
    runPeriodicTasks(due)
    if let expiry { pruneExpired(expiry) }
    react(.woke)
  }

  /// A wait is over: what nobody waits for any more is in no hurry.
  func forgetWait(_ waiter: Waiters.Waiter, in state: inout State, now: Moment) {
    for id in waiter.ids where !state.waiters.isAwaited(id) {
      _ = state.scheduler.handle(.awaited(id, false), now: now)
    }
  }
}
