internal import Threads

/// Partial images, from the provider to files. They are worth nothing once the prediction is over, so an error with one
/// of them is written to the log and has no other effect.
extension PredictionEngine {
  /// Takes a partial image from the provider. Runs on the provider's thread.
  func take(_ partial: PartialImage, of prediction: Prediction) {
    let id = prediction.id
    switch partial {
    case .unreadable(let reason): skip(id, reason)
    case .picture(let bytes, let index):
      let mustStart = state.withLock { state in
        guard state.live[id]?.prediction.status == .processing else { return false }
        return state.previews.add((bytes, index), of: id)
      }
      if mustStart { files.async { [self] in storeNextPreview(of: prediction) } }
    }
  }

  /// Writes the newest image to a file, commits its path, and continues with the next: the disk sets the pace.
  private func storeNextPreview(of prediction: Prediction) {
    files.assertIsCurrent()
    let id = prediction.id
    guard let next = state.withLock({ $0.previews.takeNext(of: id) }) else { return }
    let preview: Preview
    do throws(OutputError) {
      preview = try previews.keep(next.bytes, index: next.index, of: id)
    } catch {
      skip(id, error == .notAnImage ? "it is not an image" : error.message)
      return storeNextPreview(of: prediction)
    }
    // After the file is there: if the prediction ends now, either its end removes the file, or the commit below fails.
    state.withLock { $0.previews.noteStored(id) }
    store.change(id, .previewed(preview), by: writer(of: prediction)) { [self] result in
      switch result {
      case .success(let change): rowWasCommitted(change.after, schedules: false)
      case .failure(.illegal), .failure(.notFound): discardPreview(of: id)
      case .failure: break
      }
      files.async { [self] in storeNextPreview(of: prediction) }
    }
  }

  private func skip(_ id: PredictionID, _ reason: String) {
    notice(sentences("A preview of \(id) was skipped: \(reason)"))
  }

  /// Removes the file, if this process has stored one.
  func discardPreview(of id: PredictionID) {
    if state.withLock({ $0.previews.removeStored(id) }) { previews.discard([id]) }
  }

  /// Removes files of processes that have exited: those of predictions that are over or deleted, and of predictions
  /// that were just taken over. Files of predictions that another process works on stay.
  func sweepPreviews(taken: [Prediction]) {
    let taken = Set(taken.map(\.id))
    let stale = previews.kept.filter { id in
      if taken.contains(id) { return true }
      do { return try store.listed(id)?.status.isTerminal ?? true } catch { return false }
    }
    if !stale.isEmpty { previews.discard(stale) }
  }
}
