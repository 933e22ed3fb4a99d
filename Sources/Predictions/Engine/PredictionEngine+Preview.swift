internal import Threads

/// Partial images on their way from the provider to whoever looks. They are worth nothing once the prediction is over,
/// so whatever goes wrong with one of them costs a line in the log and no more.
extension PredictionEngine {
  /// What is left to do for one prediction whose partial images are being kept.
  struct Drafts: Sendable {
    /// The one to keep next. A newer one takes its place: of each prediction at most one waits, however fast they come.
    var next: (bytes: [UInt8], index: Int)?
  }

  /// Takes a partial image over from the provider's thread.
  func take(_ partial: PartialImage, of prediction: Prediction) {
    let id = prediction.id
    switch partial {
    case .unreadable(let reason): skip(id, reason)
    case .picture(let bytes, let index):
      let mustStart = state.withLock { state in
        guard state.live[id]?.prediction.status == .processing else { return false }
        let isIdle = state.drafts[id] == nil
        state.drafts[id] = Drafts(next: (bytes, index))
        return isIdle
      }
      if mustStart { files.async { [self] in keepNext(of: prediction) } }
    }
  }

  /// Writes the newest, commits where it is, and comes back for the next: the disk sets the pace.
  private func keepNext(of prediction: Prediction) {
    let id = prediction.id
    let next = state.withLock { state -> (bytes: [UInt8], index: Int)? in
      guard let next = state.drafts[id]?.next else {
        state.drafts[id] = nil
        return nil
      }
      state.drafts[id]?.next = nil
      return next
    }
    guard let next else { return }
    let preview: Preview
    do throws(OutputError) {
      preview = try previews.keep(next.bytes, index: next.index, of: id)
    } catch {
      skip(id, error == .notAnImage ? "it is no picture" : error.message)
      return keepNext(of: prediction)
    }
    // Behind the file, so that whoever ends the prediction finds it, or else the commit below finds the end.
    state.withLock { _ = $0.previewed.insert(id) }
    store.change(id, .previewed(preview), by: writer(of: prediction)) { [self] result in
      switch result {
      case .success(let change): publish(change.after)
      case .failure(.illegal), .failure(.notFound): discardPreview(of: id)
      case .failure: break
      }
      files.async { [self] in keepNext(of: prediction) }
    }
  }

  private func skip(_ id: PredictionID, _ reason: String) {
    notice(sentences("A preview of \(id) was left out: \(reason)"))
  }

  /// The reply is whole: what still waits is older than the picture.
  func dropDrafts(of id: PredictionID) {
    state.withLock { $0.drafts[id]?.next = nil }
  }

  /// Removes the file, if this process has put one there.
  func discardPreview(of id: PredictionID) {
    if state.withLock({ $0.previewed.remove(id) != nil }) { previews.discard([id]) }
  }

  /// Removes what processes that are gone left behind: of predictions that are over or deleted, and of those that were
  /// just taken from them. One that somebody else is making now stays.
  func sweepPreviews(taken: [Prediction]) {
    let taken = Set(taken.map(\.id))
    let stale = previews.kept.filter { id in
      if taken.contains(id) { return true }
      do { return try store.listed(id)?.status.isTerminal ?? true } catch { return false }
    }
    if !stale.isEmpty { previews.discard(stale) }
  }
}
