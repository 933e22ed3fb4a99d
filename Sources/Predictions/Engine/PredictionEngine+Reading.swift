internal import Threads

/// What callers read of predictions, and on which thread the store is asked.
extension PredictionEngine {
  /// Runs a body that reads the store, for threads that others wait for: at once where a read takes microseconds, on a thread of
  /// its own where it may take seconds.
  func reading(_ body: @escaping @Sendable () -> Void) {
    if store.isRemote { reads.async(body) } else { body() }
  }

  /// A caller's completion, for a provider to call: it runs where it may read the store.
  func reading<Value: Sendable>(
    _ completion: @escaping @Sendable (Value) -> Void
  ) -> @Sendable (Value) -> Void {
    guard store.isRemote else { return completion }
    return { [reads] value in reads.async { completion(value) } }
  }

  /// The present state of a prediction; `nil` where it does not exist.
  public func snapshot(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot? {
    let now = time.now.steady
    // The usual case takes the lock once: the prediction is in memory, and fresh.
    let usual = state.withLock { state in
      state.recovery.hasBegun && !state.live.isStale(now) ? state.live[id].map { shown($0, state.pauses) } : nil
    }
    // A prediction that waits for outputs is read each time: its row does not change when one of them is finished.
    if let usual, !usual.isChained {
      askAgain(usual)
      return usual
    }
    begin()
    if state.withLock({ $0.live.beginCheck(now) }) { noticeChanges() }
    if let known = state.withLock({ state in state.live[id].map { shown($0, state.pauses) } }),
      !known.isChained
    {
      askAgain(known)
      return known
    }
    // A change that is noted between the read and the lock is not noted again, so the row is read again.
    while true {
      let count = state.withLock { $0.live.changeCount }
      var prediction = try store.prediction(id)
      if case nil = prediction { return nil }
      let read = state.withLock { state -> PredictionSnapshot? in
        // Taken out, since a constant would be copied.
        guard state.live.changeCount == count, let row = prediction.take() else { return nil }
        return remember(row, in: &state)
      }
      guard let read else { continue }
      // It may be another process's, which has exited.
      if read.isChained { noteChain() }
      askAgain(read)
      return state.withLock { shown(read, $0.pauses) }
    }
  }

  /// A prediction that this process works on, or that was read a moment ago, with its input; `nil` for any other. Does not ask the
  /// store.
  public func current(_ id: PredictionID) -> PredictionSnapshot? {
    let now = time.now.steady
    let known = state.withLock { state in
      state.recovery.hasBegun && (state.scheduler.isWorking(on: id) || !state.live.isStale(now))
        ? state.live[id].map { shown($0, state.pauses) } : nil
    }
    guard let known, !known.isChained, known.prediction.input != nil else { return nil }
    askAgain(known)
    return known
  }

  /// A prediction as it is in memory, however old; `nil` where it is not there.
  public func remembered(_ id: PredictionID) -> PredictionSnapshot? {
    state.withLock { state in state.live[id].map { shown($0, state.pauses) } }
  }

  /// The same prediction with its input, which is not in memory where it is long and the prediction is over.
  public func whole(_ snapshot: PredictionSnapshot) throws(StoreError) -> PredictionSnapshot {
    guard snapshot.prediction.input == nil, let input = try store.input(of: snapshot.prediction.id) else {
      return snapshot
    }
    var prediction = snapshot.prediction
    prediction.input = input
    return PredictionSnapshot(
      prediction, resultURL: snapshot.resultURL, waiting: snapshot.waiting, warnings: snapshot.warnings)
  }

  /// A page of the committed predictions.
  public func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    begin()
    return try store.list(query)
  }

  /// A page that includes all predictions accepted before this call. The completion may run on another thread.
  public func list(
    _ query: ListQuery, completion: @escaping @Sendable (Result<ListPage, StoreError>) -> Void
  ) {
    afterAccepted { [self] in
      completion(Result { () throws(StoreError) in try list(query) })
    }
  }

  /// The provider's result URL for a prediction, where there is one.
  public func resultURL(of prediction: Prediction) -> String? {
    state.withLock { resultURL(of: prediction, in: &$0) }
  }

  /// The bytes of a saved file; `nil` where it is missing or was changed.
  ///
  /// - Parameter origin: the prediction's.
  public func contents(of file: OutputFile, for origin: PredictionOrigin?) -> [UInt8]? {
    try? outputs.contents(of: file, for: origin)
  }

  /// Reads a saved file in pieces of `Base64.pieceBytes`, except for the last.
  ///
  /// - Returns: false where it is missing or was changed; the pieces before are then invalid.
  public func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) -> Bool {
    (try? outputs.read(file, for: origin, piece)) != nil
  }

  /// Fetches files of a finished prediction that are kept in a bucket and whose copies on this disk are missing.
  ///
  /// - Parameter completion: called at once where none is missing, otherwise on another thread.
  public func bringBack(_ prediction: Prediction, completion: @escaping @Sendable () -> Void) {
    let files = prediction.visibleFiles.filter { $0.location != nil }
    guard !files.isEmpty else { return completion() }
    outputs.bringBack(files, of: prediction) { [self] in reading(completion) }
  }
}
