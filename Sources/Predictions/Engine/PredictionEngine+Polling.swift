internal import Encoding
internal import Threads

extension PredictionEngine {
  func poll(_ prediction: Prediction, at provider: any Provider) {
    provider.poll(prediction) { [self] outcome in
      if case .answered(let result, _) = outcome, result != .running {
        finish(prediction, result)
      } else {
        react(.polled(prediction.id, outcome))
      }
    }
    learn(prediction, at: provider)
  }

  /// Commits that the provider has finished. Bytes that arrived with the answer exist nowhere else: they are stored
  /// until they are files.
  func finish(_ prediction: Prediction, _ result: RemoteResult) {
    let took = duration(of: prediction.id, result)
    storeBytes(of: result, for: prediction)
    noteSource(of: result, for: prediction)
    record(prediction.id, .finished(result, took: took), by: writer(of: prediction))
  }

  /// Stores outputs that arrived as bytes until they are files. Bytes beyond the limit are dropped and read again
  /// later, one prediction after the other, where the provider can give them once more.
  private func storeBytes(of result: RemoteResult, for prediction: Prediction) {
    guard case .completed(let outputs, _, _, _) = result else { return }
    let id = prediction.id
    var arrived: [Int: Downloads.Arrived] = [:]
    for (index, output) in outputs.enumerated() {
      if case .bytes(let bytes, let hint) = output { arrived[index + 1] = .init(bytes: bytes, hint: hint) }
    }
    guard !arrived.isEmpty else { return }
    let count = arrived.values.reduce(0) { $0 + $1.bytes.count }
    let (isFull, provider) = state.withLock { state in
      (state.downloads.isFull(with: count), state.providers[prediction.account])
    }
    if isFull, provider?.canRepeat(prediction) == true { return }
    state.withLock { [arrived] in $0.downloads.store(arrived, of: id) }
  }

  func relink(_ prediction: Prediction, at provider: any Provider) {
    provider.poll(prediction) { [self] outcome in
      guard case .answered(.completed(let outputs, _, _, _), _) = outcome else {
        return react(.relinkFailed(prediction.id, reason: "The provider gave no fresh link."))
      }
      guard outputs.count == prediction.outputs.count || outputs.count > Prediction.savedOutputs else {
        return react(.relinkFailed(prediction.id, reason: "The provider names another number of outputs than before."))
      }
      if case .answered(let result, _) = outcome { storeBytes(of: result, for: prediction) }
      let links = outputs.enumerated().map { index, output in
        if case .location(let location) = output { location } else { "inline:\(index + 1)" }
      }
      record(prediction.id, .relinked(links), by: writer(of: prediction))
    }
  }
}
