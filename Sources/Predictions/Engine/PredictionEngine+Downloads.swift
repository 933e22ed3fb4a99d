internal import Threads

extension PredictionEngine {
  /// A prediction whose outputs are to be saved.
  struct Save: Sendable {
    var prediction: Prediction
    var provider: any Provider
    /// Whether the outputs are made here or in memory: then the process does not end before.
    var isHere: Bool
  }

  /// Saves all outputs of a prediction: each to a temporary file, then all together under their names.
  ///
  /// A few at a time, because each has files open. What is fetched from elsewhere may be slow, and has turns of its own.
  func save(_ prediction: Prediction, from provider: any Provider) {
    let id = prediction.id
    let save = state.withLock { state -> Save? in
      let isHere = provider.isEmbedded || state.bytes[id] != nil
      if isHere { state.savesHere.insert(id) }
      let save = Save(prediction: prediction, provider: provider, isHere: isHere)
      return state.saves[isHere, default: Turns(limit: savesAtOnce)].begin(save) ? save : nil
    }
    if let save { start(save) }
  }

  /// Runs on the file queue, one output after another, because each ends with the disk's own pace.
  private func start(_ save: Save) {
    let id = save.prediction.id
    files.async { [self] in
      saveNext(save.prediction, from: save.provider, saved: []) { [self] result in
        if let next = state.withLock({ $0.saves[save.isHere]?.end() }) { start(next) }
        switch result {
        case .success(let files):
          state.withLock { $0.bytes[id] = nil }
          record(id, .saved(files), by: writer(of: save.prediction)) { [self] in
            if save.isHere { state.signal { _ = $0.savesHere.remove(id) } }
          }
        case .failure(let failure):
          react(.downloadFailed(id, failure.outcome))
          if save.isHere { state.signal { _ = $0.savesHere.remove(id) } }
        }
      }
    }
  }

  private struct SaveFailure: Error {
    var outcome: DownloadOutcome
  }

  private func saveNext(
    _ prediction: Prediction, from provider: any Provider, saved: [any OutputWriter],
    completion: @escaping @Sendable (Result<[OutputFile], SaveFailure>) -> Void
  ) {
    let index = saved.count + 1
    guard index <= prediction.outputs.count else {
      do throws(OutputError) {
        completion(.success(try outputs.place(saved, of: prediction)))
      } catch {
        for writer in saved { writer.discard() }
        completion(.failure(SaveFailure(outcome: .unsaved(error))))
      }
      return
    }
    let writer: any OutputWriter
    do throws(OutputError) {
      writer = try outputs.begin(prediction, index: index)
    } catch {
      for writer in saved { writer.discard() }
      return completion(.failure(SaveFailure(outcome: .unsaved(error))))
    }
    fetch(prediction, index: index, from: provider, into: writer) { [self] outcome in
      files.async { [self] in
        var outcome = outcome
        if outcome == .written {
          do throws(OutputError) {
            try writer.finish()
          } catch OutputError.notAnImage {
            outcome = .transient(reason: OutputError.notAnImage.message)
          } catch {
            outcome = .unsaved(error)
          }
        }
        guard outcome == .written else {
          for writer in saved + [writer] { writer.discard() }
          return completion(.failure(SaveFailure(outcome: outcome)))
        }
        saveNext(prediction, from: provider, saved: saved + [writer], completion: completion)
      }
    }
  }

  private func fetch(
    _ prediction: Prediction, index: Int, from provider: any Provider, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    let output = prediction.outputs[index - 1]
    guard output == "inline:\(index)" else {
      return provider.download(output, index: index, of: prediction, into: writer, completion: completion)
    }
    guard let bytes = state.withLock({ $0.bytes[prediction.id]?[index] }) else {
      // There were too many to keep, or they came with an answer that another process read.
      return provider.download(output, index: index, of: prediction, into: writer, completion: completion)
    }
    do throws(OutputError) {
      try writer.write(bytes.span)
      completion(.written)
    } catch {
      completion(.unsaved(error))
    }
  }
}
