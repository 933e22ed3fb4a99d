internal import Encoding
internal import Threads

extension PredictionEngine {
  /// Saves the missing outputs of a prediction: each to a temporary file, then all that arrived under their names.
  ///
  /// A few at a time, because each has files open.
  func save(_ prediction: Prediction, from provider: any Provider) {
    let round = SavingRound(prediction, from: provider, into: outputs.begin(prediction))
    let isEmbedded = provider.isEmbedded
    guard !prediction.missingOutputs.isEmpty else { return files.async { [self] in conclude(round) } }
    for job in state.withLock({ $0.downloads.begin(round, isEmbedded: isEmbedded) }) { start(job) }
  }

  private func start(_ job: Downloads.Job) {
    files.async { [self] in
      if job.round.batch.takeUp(index: job.index) { return end(job, .written(FormatHint())) }
      let writer: any OutputWriter
      do throws(OutputError) {
        writer = try job.round.batch.begin(index: job.index)
      } catch {
        return end(job, .unsaved(error))
      }
      fetch(job, into: writer) { [self] outcome in
        files.async { [self] in end(job, finish(writer, outcome, of: job)) }
      }
    }
  }

  /// Completes the file of an output, or removes it.
  private func finish(_ writer: any OutputWriter, _ outcome: DownloadOutcome, of job: Downloads.Job) -> DownloadOutcome
  {
    files.assertIsCurrent()
    let address = job.round.prediction.outputs[job.index - 1]
    guard case .written(let hint) = outcome else {
      switch outcome {
      case .transient, .expired: writer.setAside(FormatHint(address: address))
      case .written, .refused, .unsaved: writer.discard()
      }
      return outcome
    }
    do throws(OutputError) {
      do throws(OutputError) {
        try writer.finish(hint)
      } catch .cut(let sha256)
        where state.withLock({ $0.downloads.hasRepeated(sha256, of: job.round.prediction.id, at: job.index) })
      {
        var whole = hint
        whole.saysItsEnd = true
        try writer.finish(whole)
      }
      return outcome
    } catch {
      if case .cut = error { writer.setAside(hint) } else { writer.discard() }
      switch error {
      case .empty, .textInstead, .cut: return .transient(reason: error.message)
      default: return .unsaved(error)
      }
    }
  }

  private func end(_ job: Downloads.Job, _ outcome: DownloadOutcome) {
    // First, because it closes the directory.
    if job.round.end(job.index, outcome) { conclude(job.round) }
    if let next = state.withLock({ $0.downloads.end(job) }) { start(next) }
  }

  /// Names what a round has saved, and brings it to where it is kept.
  private func conclude(_ round: SavingRound) {
    files.assertIsCurrent()
    do throws(OutputError) {
      try round.batch.deliver(round.batch.place()) { [self] saved, errors in
        commit(
          saved, of: round,
          failures: round.failures + errors.map { $0.mayPass ? .transient(reason: $0.message) : .unsaved($0) })
      }
    } catch {
      commit([], of: round, failures: round.failures + [.unsaved(error)])
    }
  }

  /// Commits what a round has saved; then the scheduler decides about the rest.
  private func commit(_ saved: [OutputFile], of round: SavingRound, failures: [DownloadOutcome]) {
    let id = round.prediction.id
    if failures.isEmpty {
      state.withLock { $0.downloads.dropBytes(of: id) }
    } else if saved.isEmpty {
      react(.downloadFailed(id, failures))
      return state.signal { $0.downloads.settle(id) }
    } else {
      state.withLock { $0.downloads.note(failures, of: id) }
    }
    record(id, .saved(saved), by: writer(of: round.prediction)) { [self] in
      round.batch.settle(saved)
      state.signal { $0.downloads.settle(id) }
    }
  }

  /// Commits that the rest of the outputs could not be saved, and what came of them.
  func giveUp(_ prediction: Prediction, reason: String, isFinal: Bool) {
    // Until the commit counts itself: the process must not end between the two.
    state.withLock { $0.pendingRecords.begin() }
    files.async { [self] in
      let partial = outputs.begin(prediction).placeParts()
      record(
        prediction.id, .downloadGivenUp(reason: reason, isFinal: isFinal, partial: partial), by: writer(of: prediction))
      state.signal { $0.pendingRecords.end() }
    }
  }

  /// Removes the parts of outputs that are whole now, or of which more came, before it calls the rest: at once where there are
  /// none, as usual.
  func removingParts(after change: Change, _ rest: @escaping @Sendable () -> Void) {
    let kept = Set(change.after.partialFiles.map(\.path))
    let gone = change.before.partialFiles.filter { !kept.contains($0.path) }
    guard !gone.isEmpty else { return rest() }
    files.async { [self] in
      _ = outputs.remove(gone.map(\.file), for: change.after.origin)
      rest()
    }
  }

  /// Files of a round are committed, or its prediction has gone on without them: the scheduler decides about the outputs that
  /// are missing. Not before the commit, since the next round would save the same files again.
  func goOn(afterSaving prediction: Prediction?, _ id: PredictionID) {
    let failures = state.withLock { $0.downloads.takeFailures(of: id) }
    guard let prediction, prediction.phase == .fetching, !failures.isEmpty else { return }
    react(.downloadFailed(id, failures))
  }

  private func fetch(
    _ job: Downloads.Job, into writer: any OutputWriter, completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    let prediction = job.round.prediction
    let output = prediction.outputs[job.index - 1]
    guard output == "inline:\(job.index)",
      let known = state.withLock({ $0.downloads.output(of: prediction.id, at: job.index) })
    else {
      // An address; or bytes that were too many for the memory, or whose reply another process read.
      return job.round.provider.download(
        output, index: job.index, of: prediction, into: writer, completion: completion)
    }
    do throws(OutputError) {
      try writer.write(known.bytes.span)
      completion(.written(known.hint))
    } catch {
      completion(.unsaved(error))
    }
  }
}
