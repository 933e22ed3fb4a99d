internal import Threads

/// Waiting for predictions, and what somebody's asking moves.
extension PredictionEngine {
  /// Waits until one or all of these are settled. Answers at once where they are; otherwise from another thread.
  ///
  /// - Parameters:
  ///   - milliseconds: how long at most; 0 answers at once.
  ///   - onProgress: called now and then while waiting, with the first prediction.
  /// - Returns: a name by which the wait can be ended; `nil` where it was answered at once.
  @discardableResult
  public func wait(
    for ids: [PredictionID], mode: WaitMode = .all, atMost milliseconds: Int64,
    onProgress: (@Sendable (PredictionSnapshot) -> Void)? = nil,
    completion: @escaping @Sendable (WaitOutcome) -> Void
  ) throws(StoreError) -> WaitID? {
    var read: [PredictionSnapshot] = []
    for id in ids {
      guard let snapshot = try snapshot(id) else { throw .notFound }
      resume(snapshot.prediction)
      read.append(snapshot)
    }
    let (onProgress, completion) = Self.inOrder(onProgress, completion)
    let now = time.now
    var forgotten: [PredictionID] = []
    let (waitID, answer, mustRecover) = state.withLock { state -> (WaitID?, WaitOutcome?, Bool) in
      forgotten = keepAgain(read, in: &state)
      let isFulfilled = mode.isFulfilled(ids) { state.live[$0]?.isSettled ?? true }
      if isFulfilled || milliseconds <= 0 || state.isStopping {
        return (nil, outcome(ids, isFulfilled: isFulfilled, in: state), false)
      }
      let waitID = state.waiters.add(
        .init(
          ids: ids, mode: mode, deadline: now.steady + milliseconds, tick: onProgress == nil ? nil : now.steady + 1_000,
          onProgress: onProgress, completion: completion))
      for id in ids { _ = state.scheduler.handle(.awaited(id, true), now: now) }
      let waitsForOthers = ids.contains { isForeign($0, in: state) }
      if waitsForOthers { state.hasForeignWaiters = true }
      arm(&state, now: now.steady)
      return (waitID, nil, waitsForOthers)
    }
    if let answer { completion(answer) }
    for id in forgotten { refresh(id) }
    if mustRecover { recover() }
    return waitID
  }

  /// Whoever was told that it is over hears of no progress any more, though that was decided on before.
  private static func inOrder(
    _ onProgress: (@Sendable (PredictionSnapshot) -> Void)?, _ completion: @escaping @Sendable (WaitOutcome) -> Void
  ) -> ((@Sendable (PredictionSnapshot) -> Void)?, @Sendable (WaitOutcome) -> Void) {
    guard let onProgress else { return (nil, completion) }
    let isOver = Guarded(false)
    return (
      { snapshot in isOver.withLock { if !$0 { onProgress(snapshot) } } },
      { outcome in
        isOver.withLock { $0 = true }
        completion(outcome)
      }
    )
  }

  /// Ends a wait; its completion is not called any more.
  ///
  /// - Returns: whether it was still waiting.
  public func endWait(_ id: WaitID) -> Bool {
    let now = time.now
    return state.withLock { state in
      guard let waiter = state.waiters.remove(id) else { return false }
      forgetWait(waiter, in: &state, now: now)
      return true
    }
  }

  /// Somebody wants the result: what was put off is tried now, a given-up download once more.
  private func resume(_ prediction: Prediction) {
    if prediction.status == .completed, prediction.phase == nil, prediction.failure?.kind == .downloadFailed {
      // What follows reads the row's new state, so that the wait is not over before it has begun.
      let started = Guarded(false)
      record(prediction.id, .downloadAgain, by: Writer(owner: store.owner, epoch: prediction.epoch)) {
        started.signal { $0 = true }
      }
      _ = started.wait(atMost: 5_000) { $0 ? true : nil }
    } else if prediction.phase != nil, prediction.phase != .looking {
      react(.asked(prediction.id))
    }
  }

  /// Somebody asked for one whose submission is still in doubt and that nobody looks for at the moment: another look, if
  /// one is due.
  func askAgain(_ snapshot: PredictionSnapshot) {
    guard let due = snapshot.nextLookOfNobody, due <= time.now.wall else { return }
    recover()
  }
}
