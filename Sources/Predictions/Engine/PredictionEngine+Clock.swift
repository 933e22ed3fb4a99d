internal import Threads

extension PredictionEngine {
  /// How often a wait reports progress, in milliseconds.
  static let progressInterval: Int64 = 1_000

  /// Sets the alarm to the earliest moment of all parts. The clock's thread starts with the first one.
  func arm(_ state: inout State, now: Int64) {
    state.periodicTasks.plan(
      now, hasWork: state.scheduler.hasWork, hasQueue: state.scheduler.hasQueue || state.chains.areWaiting)
    let wakes = [
      state.scheduler.nextWake, state.waiters.nextWake, state.pendingRecords.retryAt, state.periodicTasks.next,
      state.recovery.beginsAt, state.bills.nextWake,
    ]
    switch state.alarm.set(wakes.compactMap { $0 }.min()) {
    case .unchanged: break
    case .first: startThread { [self] in keepTime() }
    case .moved: alarmMoves.signal { $0 &+= 1 }
    }
  }

  private func keepTime() {
    var seen = 0
    let isRemote = store.isRemote
    while true {
      let armed = state.withLock { $0.alarm.at }
      let now = time.now.steady
      if let armed, armed <= now {
        // A server would hold up all polls.
        if isRemote { Promptness.required { tick() } } else { tick() }
        continue
      }
      let last = seen
      seen = alarmMoves.wait(atMost: armed.map { $0 - now }) { $0 != last ? $0 : nil } ?? last
    }
  }

  private func tick() {
    let moment = time.now
    let now = moment.steady
    let (expired, ticking, failed, due, expiry, mustBegin, bills, mustSearch) = state.withLock { state in
      state.alarm.ring()
      let mustBegin = state.recovery.isDue(now)
      let expired = state.waiters.takeExpired(now)
      for waiter in expired { forgetWait(waiter, in: &state, now: moment) }
      let answers = expired.map { ($0, outcome($0.ids, isFulfilled: false, in: &state)) }
      let ticking = state.waiters.ticking(now, interval: Self.progressInterval).compactMap { waiter in
        state.live[waiter.ids[0]].map { (waiter, shown($0, state.pauses)) }
      }
      return (
        answers, ticking, state.pendingRecords.takeDue(now), state.periodicTasks.takeDue(now),
        state.periodicTasks.takeExpired(moment), mustBegin, state.bills.takeDue(now), state.bills.takeSearch(now)
      )
    }
    answer(expired)
    for (waiter, snapshot) in ticking { waiter.onProgress?(snapshot) }
    for retry in failed { record(retry.id, retry.event, by: retry.writer) }
    if !failed.isEmpty { state.signal { $0.pendingRecords.end(failed.count) } }
    if mustBegin { beginPromptly() }
    runPeriodicTasks(due)
    askForBills(bills)
    if mustSearch {
      reading { [self] in
        lookForOlderBills()
        readKeptReplies()
      }
    }
    if let expiry { pruneExpired(expiry) }
    react(.woke)
  }

  /// Ends a wait: predictions that no other wait names lose their priority.
  func forgetWait(_ waiter: Waiters.Waiter, in state: inout State, now: Moment) {
    for id in waiter.ids where !state.waiters.isAwaited(id) && !state.attention.has(id) {
      _ = state.scheduler.handle(.awaited(id, false), now: now)
    }
  }
}
