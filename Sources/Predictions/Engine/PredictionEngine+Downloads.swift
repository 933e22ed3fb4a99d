internal import Encoding
internal import Threads

extension PredictionEngine {
  /// Saves all outputs of a prediction: each to a temporary file, then all together under their names.
  ///
  /// A few at a time, because each has files open.
  func save(_ prediction: Prediction, from provider: any Provider) {
    let isEmbedded = provider.isEmbedded
    let job = state.withLock { $0.downloads.begin(prediction, from: provider, isEmbedded: isEmbedded) }
    if let job { start(job) }
  }

  /// Saves the outputs one after another, on the files' queue.
  private func start(_ job: Downloads.Job) {
    let id = job.prediction.id
    files.async { [self] in
      outputs.save(job.prediction, from: job.provider, with: self) { [self] result in
        if let next = state.withLock({ $0.downloads.end(job) }) { start(next) }
        switch result {
        case .success(let files):
          state.withLock { $0.downloads.dropBytes(of: id) }
          record(id, .saved(files), by: writer(of: job.prediction)) { [self] in
            state.signal { $0.downloads.settle(job) }
          }
        case .failure(let failure):
          react(.downloadFailed(id, failure.outcome))
          state.signal { $0.downloads.settle(job) }
        }
      }
    }
  }

  fileprivate struct SaveFailure: Error {
    var outcome: DownloadOutcome
  }

  fileprivate func saveNext<Outputs: OutputStore>(
    _ prediction: Prediction, from provider: any Provider, to outputs: Outputs, saved: [Outputs.Writer],
    completion: @escaping @Sendable (Result<[OutputFile], SaveFailure>) -> Void
  ) {
    files.assertIsCurrent()
    let index = saved.count + 1
    guard index <= min(prediction.outputs.count, Downloads.savedOutputs) else {
      do throws(OutputError) {
        completion(.success(try outputs.place(saved, of: prediction)))
      } catch {
        for writer in saved { writer.discard() }
        completion(.failure(SaveFailure(outcome: .unsaved(error))))
      }
      return
    }
    let writer: Outputs.Writer
    do throws(OutputError) {
      writer = try outputs.begin(prediction, index: index)
    } catch {
      for writer in saved { writer.discard() }
      return completion(.failure(SaveFailure(outcome: .unsaved(error))))
    }
    fetch(prediction, index: index, from: provider, into: writer) { [self] outcome in
      files.async { [self] in
        var outcome = outcome
        var isSaved = false
        if case .written(let hint) = outcome {
          do throws(OutputError) {
            try writer.finish(hint)
            isSaved = true
          } catch {
            switch error {
            case .empty, .textInstead: outcome = .transient(reason: error.message)
            default: outcome = .unsaved(error)
            }
          }
        }
        guard isSaved else {
          for writer in saved + [writer] { writer.discard() }
          return completion(.failure(SaveFailure(outcome: outcome)))
        }
        saveNext(prediction, from: provider, to: outputs, saved: saved + [writer], completion: completion)
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
    guard let known = state.withLock({ $0.downloads.output(of: prediction.id, at: index) }) else {
      // They were too many for the memory, or another process read the reply.
      return provider.download(output, index: index, of: prediction, into: writer, completion: completion)
    }
    do throws(OutputError) {
      try writer.write(known.bytes.span)
      completion(.written(known.hint))
    } catch {
      completion(.unsaved(error))
    }
  }
}

extension OutputStore {
  /// Saves all outputs of a prediction; here, so that the type of the store's writers is known.
  fileprivate func save(
    _ prediction: Prediction, from provider: any Provider, with engine: PredictionEngine,
    completion: @escaping @Sendable (Result<[OutputFile], PredictionEngine.SaveFailure>) -> Void
  ) {
    engine.saveNext(prediction, from: provider, to: self, saved: [], completion: completion)
  }
}
