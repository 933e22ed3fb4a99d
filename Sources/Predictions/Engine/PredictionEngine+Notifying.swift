internal import Threads

/// How a committed row is made known: what is remembered of it, who is answered, and what follows from it.
extension PredictionEngine {
  /// Keeps a committed row, and does what follows from it: for us, or no more.
  @discardableResult
  func follow(_ prediction: Prediction) -> PredictionSnapshot {
    let snapshot = publish(prediction)
    let current = snapshot.prediction
    let isOurs = current.owner == nil || current.owner == store.owner
    if !isOurs || current.phase == nil { letGo(of: current) }
    // Whoever waits for it here hears from now on of what the other process does.
    if !isOurs, !snapshot.isSettled {
      state.withLock { state in if state.waiters.isAwaited(current.id) { state.periodicTasks.hasForeignWaiters = true }
      }
    }
    react(isOurs ? .changed(current) : .lost(current.id))
    return snapshot
  }

  /// Nothing more is done for it here: what was kept for that goes, from memory and at the provider's.
  private func letGo(of prediction: Prediction) {
    let id = prediction.id
    let (provider, hasBytes) = state.withLock { state in
      (state.providers[prediction.account], state.downloads.hasBytes(of: id))
    }
    let isOver = prediction.needsNoReply
    // After a cancel the images may still follow, and be on their way to their files.
    guard let provider, isOver || prediction.status != .cancelled else { return }
    if hasBytes, isOver || provider.canRepeat(prediction) { state.withLock { $0.downloads.dropBytes(of: id) } }
    if isOver { provider.forget(prediction) }
  }

  /// These are in the table no more: nothing is left to do for them, and whoever waits for one is answered without it.
  func forgetDeleted(_ ids: [PredictionID]) {
    let now = time.now
    let answered = state.withLock { state -> [(Waiters.Waiter, WaitOutcome)] in
      var answered: [(Waiters.Waiter, WaitOutcome)] = []
      for id in ids {
        state.live.remove(id)
        state.downloads.dropBytes(of: id)
        state.posts.noteOutcome(of: id)
        let live = state.live
        let fulfilled = state.waiters.takeFulfilled(by: id) { live[$0]?.isSettled ?? true }
        for waiter in fulfilled { forgetWait(waiter, in: &state, now: now) }
        answered += fulfilled.map { ($0, outcome($0.ids, isFulfilled: true, in: state)) }
      }
      return answered
    }
    for (waiter, outcome) in answered { waiter.completion(outcome) }
    for id in ids { react(.lost(id)) }
  }

  /// Keeps a committed prediction, and answers whoever waits for it.
  @discardableResult
  func publish(_ prediction: Prediction) -> PredictionSnapshot {
    // First the file: whoever hears that it is over finds no preview any more.
    if prediction.status.isTerminal { discardPreview(of: prediction.id) }
    let now = time.now
    let (snapshot, fulfilled) = state.withLock { state -> (PredictionSnapshot, [(Waiters.Waiter, WaitOutcome)]) in
      let snapshot = remember(prediction, in: &state)
      if snapshot.prediction.phase != .sending { state.posts.noteOutcome(of: prediction.id) }
      let live = state.live
      let fulfilled = state.waiters.takeFulfilled(by: prediction.id) { live[$0]?.isSettled ?? true }
      for waiter in fulfilled { forgetWait(waiter, in: &state, now: now) }
      return (snapshot, fulfilled.map { ($0, outcome($0.ids, isFulfilled: true, in: state)) })
    }
    for (waiter, outcome) in fulfilled { waiter.completion(outcome) }
    notifyWatcher()
    return snapshot
  }

  /// The same for a row that was committed or read after so many notices. What was noticed since may have been its next
  /// change, when it was not kept yet, so it is read again.
  func publish(_ prediction: Prediction, since notices: Int) -> PredictionSnapshot {
    let snapshot = publish(prediction)
    if state.withLock({ $0.live.changeCount }) != notices { refresh(prediction.id) }
    return snapshot
  }

  @discardableResult
  func remember(_ prediction: consuming Prediction, in state: inout State) -> PredictionSnapshot {
    if state.live.isFull {
      let (scheduler, waiters) = (state.scheduler, state.waiters)
      state.live.evict { scheduler.isWorking(on: $0) || waiters.isAwaited($0) }
    }
    let url = resultURL(of: prediction, in: state)
    return state.live.remember(prediction, resultURL: url)
  }

  func resultURL(of prediction: Prediction, in state: State) -> String? {
    guard let remoteID = prediction.remoteID else { return nil }
    return state.providers[prediction.account]?.resultURL(for: remoteID)
  }

  func outcome(_ ids: [PredictionID], isFulfilled: Bool, in state: State) -> WaitOutcome {
    WaitOutcome(isFulfilled: isFulfilled, snapshots: ids.compactMap { state.live[$0].map { shown($0, state.pauses) } })
  }
}
