internal import Threads

extension PredictionEngine {
  /// Commits an event, and makes it known. A commit that fails with the disk is tried again for as long as it takes:
  /// a remote id, once known, is never dropped.
  func record(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?, completion: (@Sendable () -> Void)? = nil
  ) {
    state.withLock { $0.pendingRecords.begin() }
    store.change(id, event, by: writer) { [self] result in
      switch result {
      case .success(let change):
        state.withLock { $0.pendingRecords.succeed() }
        switch event {
        case .refused(_, pause: .some), .uploadFailed(_, pause: .some): refreshPauses()
        default: break
        }
        rowWasCommitted(change.after)
      case .failure(.illegal), .failure(.notFound):
        // Somebody was first: what the row says now is what counts.
        reload(id, after: event)
      case .failure where event == .downloadAgain:
        // Somebody's wish, and they see that it did not come true; kept for later it would come true behind another.
        break
      case .failure(let error):
        if recordLater(.init(id: id, event: event, writer: writer)) {
          notice("What happened to \(id) could not be written and is tried again: \(error.message)")
        }
      }
      state.signal { $0.pendingRecords.end() }
      completion?()
    }
  }

  /// Tries a commit again after a while, which grows to half a minute.
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
      // Deleted meanwhile: the files that this attempt has just placed belong to no prediction.
      if case .saved(let files) = event { _ = outputs.remove(files, for: nil) }
      return forgetDeleted([id])
    }
    if case .adopted = event, prediction.phase == .looking, prediction.owner == owner {
      rowWasCommitted(prediction, schedules: false)
      return react(.looked(id, .contested))
    }
    if case .adopted = event, prediction.phase == .queued {
      rowWasCommitted(prediction, schedules: false)
      return react(.searched(id, .contested))
    }
    rowWasCommitted(prediction)
  }
}
