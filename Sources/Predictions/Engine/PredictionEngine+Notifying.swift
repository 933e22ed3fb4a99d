internal import Threads

/// What follows from a committed or deleted row.
extension PredictionEngine {
  /// A row was committed, by this process or another: remembers it, answers the waits that it fulfils, notifies the
  /// watcher, and lets the scheduler decide what is done next.
  ///
  /// - Parameter schedules: false where the scheduler need not know, or learns of the row by another event.
  /// - Returns: the newest state of the prediction that is known.
  @discardableResult
  func rowWasCommitted(_ prediction: Prediction, schedules: Bool = true) -> PredictionSnapshot {
    // The file goes first: a client that learns that the prediction is over finds no preview.
    if prediction.status.isTerminal { discardPreview(of: prediction.id) }
    let now = time.now
    let (snapshot, fulfilled) = state.withLock { state -> (PredictionSnapshot, [(Waiters.Waiter, WaitOutcome)]) in
      let snapshot = remember(prediction, in: &state)
      if snapshot.prediction.phase != .sending { state.posts.noteOutcome(of: prediction.id) }
      return (snapshot, takeFulfilled(by: prediction.id, in: &state, now: now))
    }
    answer(fulfilled)
    notifyWatchers()
    if schedules { schedule(snapshot) }
    if prediction.status.isTerminal { followIfAwaited(prediction.id) }
    return snapshot
  }

  /// Tells the scheduler of a row: as this process's work, or as another's.
  private func schedule(_ snapshot: PredictionSnapshot) {
    let current = snapshot.prediction
    let isOurs = current.owner == nil || current.owner == owner
    if !isOurs || current.phase == nil { releaseReply(of: current) }
    // A client here that waits for it learns from now on what the other process does.
    if !isOurs, !snapshot.isSettled {
      state.withLock { state in
        if state.waiters.isAwaited(current.id) { state.periodicTasks.hasForeignWaiters = true }
      }
    }
    react(isOurs ? .changed(current) : .lost(current.id))
  }

  /// Reads a row again if changes were noted since a count: its next change may be among them, from the time when the
  /// prediction was not in memory yet.
  func rereadIfChanged(_ id: PredictionID, since changeCount: Int) {
    if state.withLock({ $0.live.changeCount }) != changeCount { refresh(id) }
  }

  /// This process does nothing more for a prediction: its reply is dropped, from memory and by the provider.
  private func releaseReply(of prediction: Prediction) {
    let id = prediction.id
    let (provider, hasBytes) = state.withLock { state in
      (state.providers[prediction.account], state.downloads.hasBytes(of: id))
    }
    let isOver = prediction.needsNoReply
    assertUnlocked()
    // After a cancellation the images may still come, or be on their way to files.
    guard let provider, isOver || prediction.status != .cancelled else { return }
    if hasBytes, isOver || provider.canRepeat(prediction) { state.withLock { $0.downloads.dropBytes(of: id) } }
    if isOver { provider.forget(prediction) }
  }

  /// Forgets deleted predictions, and answers waits for them without them.
  func forgetDeleted(_ ids: [PredictionID]) {
    let now = time.now
    let answered = state.withLock { state -> [(Waiters.Waiter, WaitOutcome)] in
      ids.flatMap { id -> [(Waiters.Waiter, WaitOutcome)] in
        state.live.remove(id)
        state.downloads.dropBytes(of: id)
        state.posts.noteOutcome(of: id)
        return takeFulfilled(by: id, in: &state, now: now)
      }
    }
    answer(answered)
    for id in ids { react(.lost(id)) }
  }

  /// Takes out the waits that a prediction fulfils, with their outcomes.
  private func takeFulfilled(
    by id: PredictionID, in state: inout State, now: Moment
  ) -> [(Waiters.Waiter, WaitOutcome)] {
    let live = state.live
    let fulfilled = state.waiters.takeFulfilled(by: id) { live[$0]?.isSettled ?? true }
    for waiter in fulfilled { forgetWait(waiter, in: &state, now: now) }
    return fulfilled.map { ($0, outcome($0.ids, isFulfilled: true, in: &state)) }
  }

  /// Stores a row in memory.
  @discardableResult
  func remember(_ prediction: consuming Prediction, in state: inout State) -> PredictionSnapshot {
    if state.live.isFull {
      let (scheduler, waiters) = (state.scheduler, state.waiters)
      state.live.evict { scheduler.isWorking(on: $0) || waiters.isAwaited($0) }
    }
    let url = resultURL(of: prediction, in: &state)
    return state.live.remember(prediction, resultURL: url)
  }

  func resultURL(of prediction: Prediction, in state: inout State) -> String? {
    guard let remoteID = prediction.remoteID else { return nil }
    return state.providers[prediction.account]?.resultURL(for: remoteID)
  }

  /// The outcome of a wait. `inout` here and elsewhere, because the whole state as a parameter would be copied.
  func outcome(_ ids: [PredictionID], isFulfilled: Bool, in state: inout State) -> WaitOutcome {
    WaitOutcome(isFulfilled: isFulfilled, snapshots: ids.compactMap { state.live[$0].map { shown($0, state.pauses) } })
  }
}
