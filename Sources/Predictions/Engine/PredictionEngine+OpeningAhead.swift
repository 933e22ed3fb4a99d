internal import Threads

/// Connections to the hosts of outputs, opened before the provider says that a job is done: the download need not wait for a
/// handshake then.
extension PredictionEngine {
  /// Lets the provider open one, where outputs of the model came from before.
  func openAhead(for prediction: Prediction, at provider: any Provider) {
    let source = OutputSource(account: prediction.account, model: prediction.model)
    let known = state.withLock { $0.outputSources[source] }
    // Read once a process, before the first output of the model arrives.
    guard let output = known ?? (try? store.lastOutput(of: source.account, model: source.model)) else { return }
    if known == nil { state.withLock { $0.outputSources.note(output, of: source) } }
    provider.openAhead(for: output)
  }

  /// Notes where the first output of a finished job is.
  func noteSource(of result: RemoteResult, for prediction: Prediction) {
    guard case .completed(let outputs, _, _, _) = result, case .location(let output)? = outputs.first else { return }
    let source = OutputSource(account: prediction.account, model: prediction.model)
    state.withLock { $0.outputSources.note(output, of: source) }
  }
}
