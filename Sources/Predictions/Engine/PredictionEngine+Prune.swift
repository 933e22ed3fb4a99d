internal import Threads

/// Deletes old predictions.
extension PredictionEngine {
  /// What a pruning did.
  public struct Pruned: Sendable, Equatable {
    /// The deleted predictions, oldest first.
    public var predictions: [PredictionID] = []
    /// Paths of files that were left because they are no longer what was saved.
    public var kept: [String] = []
    /// Whether all of their content has also left the store's log.
    public var scrubbed = true
  }

  /// Deletes predictions that are old and over, batch by batch; see `Prediction.mayBePruned`.
  ///
  /// - Parameters:
  ///   - milliseconds: only those accepted before this moment, since 1970.
  ///   - tags: those with one of them are kept.
  ///   - files: whether their files go too, where they are still what was saved.
  ///   - completion: gets what was deleted, also where an error ended it.
  public func prune(
    acceptedBefore milliseconds: Int64, keepTags tags: [String], files: Bool,
    completion: @escaping @Sendable (Pruned, StoreError?) -> Void
  ) {
    begin()
    prune(PruneRequest(acceptedBefore: milliseconds, keptTags: tags), files: files, Pruned(), completion)
  }

  private func prune(
    _ request: PruneRequest, files: Bool, _ before: Pruned,
    _ completion: @escaping @Sendable (Pruned, StoreError?) -> Void
  ) {
    store.prune(request) { [self] result in
      switch result {
      case .success(let batch):
        var pruned = before
        pruned.predictions += batch.deleted.map(\.id)
        pruned.kept += forget(batch.deleted, files: files)
        if !batch.deleted.isEmpty { pruned.scrubbed = batch.scrubbed }
        guard let last = batch.last else { return completion(pruned, nil) }
        var next = request
        next.after = last
        prune(next, files: files, pruned, completion)
      case .failure(let error): completion(before, error)
      }
    }
  }

  /// Deletes one batch of what is older than the retention. Files stay, as with `delete`.
  func pruneExpired(_ request: PruneRequest) {
    store.prune(request) { [self] result in
      var last: PredictionID?
      switch result {
      case .success(let batch):
        _ = forget(batch.deleted, files: false)
        last = batch.last
      case .failure(let error): notice("Old predictions could not be deleted: \(error.message)")
      }
      let now = time.now
      state.withLock { state in
        state.periodicTasks.finishBatch(last: last, now)
        arm(&state, now: now.steady)
      }
    }
  }

  /// What follows from a delete, in memory and outside the store.
  ///
  /// - Returns: the paths of files that were left because they are no longer what was saved.
  func forget(_ gone: [Prediction], files: Bool) -> [String] {
    guard !gone.isEmpty else { return [] }
    forgetDeleted(gone.map(\.id))
    previews.discard(Set(gone.map(\.id)))
    let providers = state.withLock { $0.providers }
    for prediction in gone { providers[prediction.account]?.forget(prediction) }
    let kept = files ? gone.flatMap { outputs.remove($0.files, for: $0.origin) } : []
    notifyWatcher()
    return kept
  }
}
