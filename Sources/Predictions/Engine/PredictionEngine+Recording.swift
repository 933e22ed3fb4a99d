internal import Threads

extension PredictionEngine {
  /// Commits an event, and publishes the row. A commit that fails with the disk is tried again until it succeeds: a
  /// remote id is not lost.
  func record(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?, completion: (@Sendable () -> Void)? = nil
  ) {
    state.withLock { $0.pendingRecords.begin() }
    store.change(id, event, by: writer) { [self] result in
      switch result {
      case .success(let change):
        state.withLock { $0.pendingRecords.succeed() }
        // A client that learns that an output is saved finds no part of it.
        return removingParts(after: change) { [self] in
          wasRecorded(change, event)
          state.signal { $0.pendingRecords.end() }
          completion?()
        }
      case .failure(.illegal), .failure(.notFound):
        // Lost a race; the current row wins.
        if case .saved = event { goOn(afterSaving: nil, id) }
        reload(id, after: event)
      case .failure where event.isBill: break
      case .failure where event == .downloadAgain:
        // Not tried again: the caller gets the answer now, and a later retry might undo what happens meanwhile.
        break
      case .failure(let error):
        if recordLater(.init(id: id, event: event, writer: writer)) {
          notice("The new state of \(id) could not be written, and is tried again: \(error.message)")
        }
      }
      state.signal { $0.pendingRecords.end() }
      completion?()
    }
  }

  private func wasRecorded(_ change: Change, _ event: PredictionEvent) {
    switch event {
    case .refused(_, pause: .some), .uploadFailed(_, pause: .some): refreshPauses()
    default: break
    }
    if event.took != nil {
      let row = change.after
      state.withLock { $0.scheduler.polls.noteDuration(account: row.account, model: row.model) }
    }
    rowWasCommitted(change.after)
    if case .saved = event { goOn(afterSaving: change.after, change.after.id) }
    awaitBill(after: change)
  }

  /// Tries a commit again after a pause; see `PendingRecords`.
  ///
  /// - Returns: whether it is the first time for this prediction.
  @discardableResult
  func recordLater(_ record: PendingRecords.Record) -> Bool {
    let now = time.now.steady
    return state.withLock { state in
      defer { arm(&state, now: now) }
      return state.pendingRecords.add(record, now: now)
    }
  }

  private func reload(_ id: PredictionID, after event: PredictionEvent) {
    let row: Prediction?
    do { row = try store.prediction(id) } catch { return }
    guard let prediction = row else {
      // Deleted meanwhile: the files that were just saved belong to no prediction.
      if case .saved(let files) = event {
        _ = outputs.remove(files, for: nil)
        outputs.withdraw(files) { _ in }
      }
      return forgetDeleted([id])
    }
    if case .adopted = event, prediction.phase == .looking, prediction.owner == owner {
      rowWasCommitted(prediction, schedules: false)
      return react(.looked(id, .contested))
    }
    if case .adopted = event, prediction.isUnsent {
      rowWasCommitted(prediction, schedules: false)
      return react(.searched(id, .contested))
    }
    rowWasCommitted(prediction)
  }
}
