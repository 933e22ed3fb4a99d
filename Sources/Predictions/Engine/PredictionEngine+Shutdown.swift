internal import Threads

extension PredictionEngine {
  /// How long the end waits for what could not be written to be written after all.
  static let diskPatience: Int64 = 10_000

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
      state.periodicTasks.end()
      state.recovery.end()
    }
    let begun = time.now.steady
    func left() -> Int64 { max(0, milliseconds - (time.now.steady - begun)) }
    guard store.flush(atMost: milliseconds), state.wait(atMost: left(), until: { $0.isIdle ? true : nil }) == true
    else { return false }
    // A table that is locked or full for a moment; one that is gone would be waited for in vain.
    return state.wait(atMost: min(left(), Self.diskPatience)) { $0.isIdle && $0.pendingRecords.isEmpty ? true : nil }
      ?? false
  }

  /// The last call before the process ends: lets deleted content leave the store.
  public func leave() { store.leave() }

  /// Stops handing anything over, and answers everybody who waits with what there is. What was claimed before is still
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
  /// Whether nothing is on its way that exists only in this process; but see `pendingRecords`.
  fileprivate var isIdle: Bool {
    posts.isEmpty && !downloads.hasLocalJobs && !pendingRecords.isWriting && arriving == 0 && !scheduler.isClaiming
      && (isStopping || !scheduler.isUploading && !scheduler.isSearching)
  }
}
