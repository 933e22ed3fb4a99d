internal import Threads

/// Connections to the hosts of outputs, opened before the provider says that a job is done: the download need not wait for a
/// handshake then.
extension PredictionEngine {
  /// Lets the provider open one, where outputs of the model came from before.
  func openAhead(for prediction: Prediction, at provider: any Provider) {
    let source = OutputSource(account: prediction.account, model: prediction.model)
    guard state.withLock({ $0.outputSources.isUnknown(source) }) else { return openAhead(for: source, at: provider) }
    reading { [self] in
      let output = try? store.lastOutput(of: source.account, model: source.model)
      state.withLock { $0.outputSources.note(output, of: source) }
      openAhead(for: source, at: provider)
    }
  }

  private func openAhead(for source: OutputSource, at provider: any Provider) {
    let now = time.now.steady
    if let output = state.withLock({ $0.outputSources.open(source, now: now) }) { provider.openAhead(for: output) }
  }

  /// Notes where the first output of a finished job is.
  func noteSource(of result: RemoteResult, for prediction: Prediction) {
    guard case .completed(let outputs, _, _, _) = result, case .location(let output)? = outputs.first else { return }
    let source = OutputSource(account: prediction.account, model: prediction.model)
    state.withLock { $0.outputSources.note(output, of: source) }
  }
}
