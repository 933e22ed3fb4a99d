internal import Threads

/// Deletes old predictions.
extension PredictionEngine {
  /// The outcome of a pruning.
  public struct Pruned: Sendable, Equatable {
    /// The deleted predictions, oldest first.
    public var predictions: [PredictionID] = []
    /// Paths of files that were kept because they were changed.
    public var kept: [String] = []
    /// Whether all of their content has also left the store's log.
    public var scrubbed = true
  }

  /// Deletes predictions that are old and over, batch by batch; see `Prediction.mayBePruned`.
  ///
  /// - Parameters:
  ///   - milliseconds: only those accepted before this moment, since 1970.
  ///   - tags: predictions with one of these are kept.
  ///   - files: whether their files are removed too, where they are unchanged.
  ///   - completion: gets the deleted predictions, even where an error ended the pruning.
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
        if !batch.deleted.isEmpty { pruned.scrubbed = batch.scrubbed }
        forget(batch.deleted, files: files) { [self, pruned] kept in
          var pruned = pruned
          pruned.kept += kept
          guard let last = batch.last else { return completion(pruned, nil) }
          var next = request
          next.after = last
          prune(next, files: files, pruned, completion)
        }
      case .failure(let error): completion(before, error)
      }
    }
  }

  /// Deletes one batch of predictions that exceed the retention. Files stay, as with `delete`.
  func pruneExpired(_ request: PruneRequest) {
    store.prune(request) { [self] result in
      var last: PredictionID?
      switch result {
      case .success(let batch):
        forget(batch.deleted, files: false) { _ in }
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

  /// Removes deleted predictions from memory, with their previews and replies, and their files if requested.
  ///
  /// - Parameter completion: gets the paths and locations of files that were kept because they were changed; at once where all
  ///   are on the disk.
  func forget(_ gone: [Prediction], files: Bool, completion: @escaping @Sendable ([String]) -> Void) {
    guard !gone.isEmpty else { return completion([]) }
    forgetDeleted(gone.map(\.id))
    previews.discard(Set(gone.map(\.id)))
    outputs.forget(gone.flatMap(\.files))
    let providers = state.withLock { $0.providers }
    for prediction in gone { providers[prediction.account]?.forget(prediction) }
    let kept = files ? gone.flatMap { outputs.remove($0.files + $0.partialFiles.map(\.file), for: $0.origin) } : []
    notifyWatchers()
    guard files else { return completion(kept) }
    for prediction in gone where !prediction.outputs.isEmpty { outputs.begin(prediction).abandon() }
    outputs.withdraw(gone.flatMap(\.files)) { completion(kept + $0) }
  }
}
