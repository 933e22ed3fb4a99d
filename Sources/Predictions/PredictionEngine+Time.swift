internal import Threads

extension PredictionEngine {
  /// How often somebody who wants progress hears of it.
  static let progressInterval: Int64 = 1_000
  /// How long the end waits for what could not be written to be written after all.
  static let diskPatience: Int64 = 10_000

  // MARK: - One clock for everything

  /// Sets the one alarm. The thread behind it starts with the first thing there is to wait for.
  func arm(_ state: inout State, now: Int64) {
    state.rounds.plan(
      now, hasWork: state.scheduler.hasWork, hasQueue: state.scheduler.hasQueue,
      hasForeignWaiters: state.hasForeignWaiters)
    // A process that ends takes nothing over. What others did to its predictions it finds in the rows it writes; hundreds
    // of processes that wait to write would otherwise spend their time on reading what the others wrote.
    if state.isEnding { (state.rounds.watchAt, state.rounds.recoverAt) = (nil, nil) }
    let wakes = [
      state.scheduler.nextWake, state.waiters.nextWake, state.retryRecordsAt, state.rounds.next, state.beginsAt,
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
      return (answers, ticking, unrecorded, state.rounds.takeDue(now), state.retention?.takeDue(moment), mustBegin)
    }
    for (waiter, outcome) in expired { waiter.completion(outcome) }
    for (waiter, snapshot) in ticking { waiter.onProgress?(snapshot) }
    for entry in unrecorded { record(entry.id, entry.event, by: entry.writer) }
    if !unrecorded.isEmpty { state.signal { $0.uncommittedRecords -= unrecorded.count } }
    if mustBegin { begin() }
    makeRounds(due)
    if let expiry { pruneExpired(expiry) }
    react(.woke)
  }

  /// A wait is over: what nobody waits for any more is in no hurry.
  func forgetWait(_ waiter: Waiters.Waiter, in state: inout State, now: Moment) {
    for id in waiter.ids where !state.waiters.isAwaited(id) {
      _ = state.scheduler.handle(.awaited(id, false), now: now)
    }
  }

  // MARK: - The end

  /// How long the reply to a POST that is written is waited for: as long as the slowest provider may take.
  public var postPatience: Int64 {
    state.withLock { $0.providers.values.map(\.postLimit).max() ?? 0 }
  }

  /// End of input: what the limits let through is still handed over, what was written is waited for, and what exists
  /// only here is saved. The rest stays in the table for the next process.
  ///
  /// - Returns: whether all of that was done in time.
  @discardableResult
  public func drain(atMost milliseconds: Int64) -> Bool {
    state.withLock { state in
      state.isEnding = true
      (state.beginsAt, state.retention) = (nil, nil)
    }
    let begun = time.now.steady
    func left() -> Int64 { max(0, milliseconds - (time.now.steady - begun)) }
    guard store.flush(atMost: milliseconds), state.wait(atMost: left(), until: { $0.isIdle ? true : nil }) == true
    else { return false }
    // A table that is locked or full for a moment; one that is gone would be waited for in vain.
    return state.wait(atMost: min(left(), Self.diskPatience)) { $0.isIdle && $0.unrecorded.isEmpty ? true : nil }
      ?? false
  }

  /// The last call before the process ends: lets deleted content leave the store.
  public func leave() { store.leave() }

  /// Stops handing anything over, and answers everybody who waits with what there is.
  public func stop() {
    react(.stopping)
    let waiters = state.withLock { state -> [(Waiters.Waiter, WaitOutcome)] in
      state.isStopping = true
      return state.waiters.takeAll().map { ($0, outcome($0.ids, isFulfilled: false, in: state)) }
    }
    for (waiter, outcome) in waiters { waiter.completion(outcome) }
  }
}

extension PredictionEngine.State {
  /// Whether nothing is on its way that exists only in this process; but see `unrecorded`.
  fileprivate var isIdle: Bool {
    posts.isEmpty && savesHere.isEmpty && uncommittedRecords == 0 && arriving == 0 && !scheduler.isClaiming
      && (isStopping || !scheduler.isUploading && !scheduler.isSearching)
  }
}
