internal import Threads

/// Changes by other processes that share the store.
extension PredictionEngine {
  /// Runs the periodic tasks that are due.
  func runPeriodicTasks(_ due: Set<PeriodicTasks.Kind>) {
    if due.contains(.touch) { store.touch() }
    if due.contains(.watch) {
      if store.hasChanged() { reading { [self] in readChanges() } }
      state.withLock { state in
        guard state.periodicTasks.hasForeignWaiters else { return }
        state.periodicTasks.hasForeignWaiters = state.waiters.awaited.contains { isForeign($0, in: &state) }
      }
    }
    if due.contains(.recover) { recover() }
  }

  /// Whether a prediction is unfinished and another process's.
  func isForeign(_ id: PredictionID, in state: inout State) -> Bool {
    !state.scheduler.isWorking(on: id) && state.live[id]?.isSettled == false
  }

  /// Reads predictions again that have changed since the last call. Takes microseconds where none has.
  func noticeChanges() {
    if store.hasChanged() { readChanges() }
  }

  /// Another process has committed something: subscriptions read it, and so do waits for its predictions.
  func hearOfCommit() {
    notifyWatchers()
    let isWanted = state.withLock { $0.periodicTasks.hasForeignWaiters || $0.chains.areWaiting }
    if isWanted { reading { [self] in noticeChanges() } }
  }

  private func readChanges() {
    refreshPauses()
    let cursor = state.withLock { $0.live.cursor }
    guard let changes = try? store.changes(after: cursor) else { return }
    // After a failover the database may lack what was accepted in its last moments.
    let isReset = cursor != nil && !changes.isComplete
    let recent = PredictionID(at: time.now.wall - Self.lossWindow)
    let stale = state.withLock { state in
      state.scheduler.polls.noteChanges()
      let (waiters, scheduler) = (state.waiters, state.scheduler)
      return state.live.note(changes, after: cursor) { id in
        waiters.isAwaited(id) || scheduler.isWorking(on: id) || isReset && id > recent
      }
    }
    for id in stale { refresh(id, isReset: isReset) }
    if state.withLock({ $0.chains.areWaiting }) { follow() }
  }

  /// Stores snapshots again that were evicted since they were read, because no wait named them yet.
  ///
  /// - Returns: their ids. They must be refreshed: changes that were noted meanwhile are not noted again.
  func keepAgain(_ snapshots: [PredictionSnapshot], in state: inout State) -> [PredictionID] {
    snapshots.compactMap { state.live.restore($0) ? $0.prediction.id : nil }
  }

  /// What was accepted in the last ten minutes is looked for after a failover, in milliseconds.
  private static let lossWindow: Int64 = 600_000

  /// Reads a changed row again. This process's own commits come through here too, mostly before their completions,
  /// which schedule what follows.
  ///
  /// - Parameter isReset: whether the log of changes does not say that it was deleted.
  func refresh(_ id: PredictionID, isReset: Bool = false) {
    guard let known = state.withLock({ $0.live[id]?.prediction }) else { return }
    let read: Prediction?
    do { read = try store.prediction(id) } catch { return }
    guard let row = read else {
      if isReset {
        notice(
          """
          The prediction \(id) was accepted and is not in the database any more. It may have been sent and billed: look at the \
          provider's history.
          """)
      }
      return forgetDeleted([id])
    }
    guard row.revision != known.revision || row.epoch != known.epoch || row.phase != known.phase else { return }
    // Other processes change a row of this one only in two ways: it was cancelled, or the remote id that it had adopted
    // belongs to another prediction, and it is searched for again.
    let isMoved = [.settling, .looking].contains(row.phase) && known.phase != row.phase
    guard row.owner != owner || isMoved else {
      rowWasCommitted(row, schedules: false)
      return
    }
    rowWasCommitted(row)
  }
}
