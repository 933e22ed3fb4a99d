internal import Threads

extension PredictionEngine {
  /// How long the end of the process waits for failed commits to succeed, in milliseconds.
  static let diskPatience: Int64 = 10_000

  /// How long to wait for the replies to POSTs, in milliseconds: the longest limit of the providers.
  public var postPatience: Int64 {
    state.withLock { $0.providers.values.map(\.postLimit).max() ?? 0 }
  }

  /// For the end of input: predictions that the limits allow are still sent, replies to POSTs are waited for, and
  /// outputs that exist only in this process are saved. The rest stays in the store for the next process.
  ///
  /// - Returns: whether all of that was done in time.
  @discardableResult
  public func drain(atMost milliseconds: Int64) -> Bool {
    state.withLock { state in
      state.periodicTasks.end()
      state.recovery.end()
    }
    let begun = time.now.steady
    func left() -> Int64 { max(0, milliseconds - (time.now.steady - begun)) }
    guard store.flush(atMost: milliseconds), state.wait(atMost: left(), until: { $0.isIdle ? true : nil }) == true
    else { return false }
    // The database may be locked or the disk full for a moment; if it is gone, waiting longer does not help.
    return state.wait(atMost: min(left(), Self.diskPatience)) { $0.isIdle && $0.pendingRecords.isEmpty ? true : nil }
      ?? false
  }

  /// The last call before the process ends: removes deleted content from the store's log.
  public func leave() { store.leave() }

  /// Claims no more predictions, and answers all waits with the present state. Predictions claimed before are still
  /// sent.
  public func stop() {
    let waiters = state.withLock { state -> [(Waiters.Waiter, WaitOutcome)] in
      state.isStopping = true
      return state.waiters.takeAll().map { ($0, outcome($0.ids, isFulfilled: false, in: &state)) }
    }
    react(.stopping)
    answer(waiters)
  }
}

extension PredictionEngine.State {
  /// Whether no work is in progress that exists only in this process, apart from failed commits (`pendingRecords`).
  fileprivate var isIdle: Bool {
    posts.isEmpty && !downloads.hasLocalJobs && !pendingRecords.isWriting && arriving == 0 && !scheduler.isClaiming
      && (isStopping || !scheduler.isUploading && !scheduler.isSearching)
  }
}
