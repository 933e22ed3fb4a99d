internal import Threads

/// What other processes on the same table do.
extension PredictionEngine {
  /// Does what is due again.
  func runPeriodicTasks(_ due: Set<PeriodicTasks.Kind>) {
    if due.contains(.touch) { store.touch() }
    if due.contains(.watch) {
      noticeChanges()
      state.withLock { state in
        guard state.periodicTasks.hasForeignWaiters else { return }
        state.periodicTasks.hasForeignWaiters = state.waiters.awaited.contains { isForeign($0, in: &state) }
      }
    }
    if due.contains(.recover) { recover() }
  }

  /// Whether a prediction is unfinished and not ours.
  func isForeign(_ id: PredictionID, in state: inout State) -> Bool {
    !state.scheduler.isWorking(on: id) && state.live[id]?.isSettled == false
  }

  /// Reads again what anybody has changed of what is kept here, if anybody has. Costs microseconds where nobody has.
  func noticeChanges() {
    guard store.hasChanged() else { return }
    refreshPauses()
    let cursor = state.withLock { $0.live.cursor }
    guard let changes = try? store.changes(after: cursor) else { return }
    let stale = state.withLock { state in
      let (waiters, scheduler) = (state.waiters, state.scheduler)
      return state.live.note(changes, after: cursor) { waiters.isAwaited($0) || scheduler.isWorking(on: $0) }
    }
    for id in stale { refresh(id) }
  }

  /// Puts back what was read a moment ago and has been forgotten since, because nobody was waiting for it yet.
  ///
  /// - Returns: those; they must be refreshed, since what was noticed meanwhile is not noticed again.
  func keepAgain(_ snapshots: [PredictionSnapshot], in state: inout State) -> [PredictionID] {
    snapshots.compactMap { state.live.restore($0) ? $0.prediction.id : nil }
  }

  /// Our own commits come through here too, mostly before their completions, which do what follows from them.
  func refresh(_ id: PredictionID) {
    guard let known = state.withLock({ $0.live[id]?.prediction }) else { return }
    let read: Prediction?
    do { read = try store.prediction(id) } catch { return }
    guard let row = read else { return forgetDeleted([id]) }
    guard row.revision != known.revision || row.epoch != known.epoch || row.phase != known.phase else { return }
    // Of a row that is ours others can only change that it is to be settled, or that what it had taken for its own is
    // another's and it is to be looked for again.
    let isMoved = [.settling, .looking].contains(row.phase) && known.phase != row.phase
    guard row.owner != owner || isMoved else {
      rowWasCommitted(row, schedules: false)
      return
    }
    rowWasCommitted(row)
  }
}
