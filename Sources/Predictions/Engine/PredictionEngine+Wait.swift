internal import Threads

/// Waits for predictions, and what a client's request brings forward.
extension PredictionEngine {
  /// Waits until one or all of these predictions are settled. Answers at once where they are; otherwise on another
  /// thread.
  ///
  /// - Parameters:
  ///   - milliseconds: how long at most; 0 answers at once.
  ///   - onProgress: called about once a second while waiting, with the first prediction; not after the completion.
  /// - Returns: the id of the wait, for `endWait`; `nil` where it was answered at once.
  @discardableResult
  public func wait(
    for ids: [PredictionID], mode: WaitMode = .all, atMost milliseconds: Int64,
    onProgress: (@Sendable (PredictionSnapshot) -> Void)? = nil,
    completion: @escaping @Sendable (WaitOutcome) -> Void
  ) throws(StoreError) -> WaitID? {
    var read: [PredictionSnapshot] = []
    for id in ids {
      guard let snapshot = try snapshot(id) else { throw .notFound }
      read.append(snapshot)
    }
    let retried = Set(read.filter(\.hasMissingFiles).map(\.prediction.id))
    for snapshot in read where !retried.contains(snapshot.prediction.id) { hurry(snapshot.prediction) }
    let (onProgress, completion) = WaitReports.inOrder(onProgress, completion)
    let now = time.now
    var forgotten: [PredictionID] = []
    let (waitID, answer, mustRecover) = state.withLock { state -> (WaitID?, WaitOutcome?, Bool) in
      forgotten = keepAgain(read, in: &state)
      let isFulfilled = mode.isFulfilled(ids) { !retried.contains($0) && state.live[$0]?.isSettled ?? true }
      if isFulfilled || milliseconds <= 0 || state.isStopping {
        return (nil, outcome(ids, isFulfilled: isFulfilled, in: &state), false)
      }
      let waitID = state.waiters.add(
        .init(
          ids: ids, mode: mode, deadline: now.steady + milliseconds, tick: onProgress == nil ? nil : now.steady + 1_000,
          onProgress: onProgress, completion: completion, held: retried))
      for id in ids { _ = state.scheduler.handle(.awaited(id, true), now: now) }
      let waitsForOthers = ids.contains { isForeign($0, in: &state) }
      if waitsForOthers { state.periodicTasks.hasForeignWaiters = true }
      arm(&state, now: now.steady)
      return (waitID, nil, waitsForOthers)
    }
    if let answer { completion(answer) }
    for snapshot in read where retried.contains(snapshot.prediction.id) {
      downloadAgain(snapshot.prediction, for: waitID)
    }
    for id in forgotten { refresh(id) }
    if mustRecover { recover() }
    return waitID
  }

  /// Tries a download again that was given up. The wait counts the prediction as settled only after the commit that
  /// begins the download, or after its failure: before, the row still says that the prediction is over.
  private func downloadAgain(_ prediction: Prediction, for waitID: WaitID?) {
    let id = prediction.id
    record(id, .downloadAgain, by: writer(of: prediction)) { [self] in
      guard let waitID else { return }
      let now = time.now
      let answered = state.withLock { state -> (Waiters.Waiter, WaitOutcome)? in
        let live = state.live
        guard let waiter = state.waiters.release(id, in: waitID, isSettled: { live[$0]?.isSettled ?? true }) else {
          return nil
        }
        forgetWait(waiter, in: &state, now: now)
        return (waiter, outcome(waiter.ids, isFulfilled: true, in: &state))
      }
      if let answered { answer([answered]) }
    }
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

  /// A client has subscribed to these predictions by their ids: they are polled like those that a client waits for.
  public func attend(_ ids: Set<PredictionID>) {
    let now = time.now
    state.withLock { state in
      state.attention.begin(ids)
      for id in ids { _ = state.scheduler.handle(.awaited(id, true), now: now) }
      arm(&state, now: now.steady)
    }
  }

  /// Such a subscription has ended.
  public func endAttention(to ids: Set<PredictionID>) {
    let now = time.now
    state.withLock { state in
      state.attention.end(ids)
      for id in ids where !state.attention.has(id) && !state.waiters.isAwaited(id) {
        _ = state.scheduler.handle(.awaited(id, false), now: now)
      }
    }
  }

  /// Brings the next poll forward, because a client waits for the result.
  private func hurry(_ prediction: Prediction) {
    if prediction.phase != nil, prediction.phase != .looking { react(.asked(prediction.id)) }
  }

  /// Starts another search, if one is due, for a prediction whose POST has an unknown outcome and that no process
  /// searches for at the moment.
  func askAgain(_ snapshot: PredictionSnapshot) {
    guard snapshot.waitsForSearch, snapshot.prediction.isSearchDue(at: time.now.wall) else { return }
    recover()
  }
}
