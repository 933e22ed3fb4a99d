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
  }

  /// The provider is done. Bytes that came with the answer exist nowhere else: they are kept until they are files.
  func finish(_ prediction: Prediction, _ result: RemoteResult) {
    keepBytes(of: result, for: prediction)
    record(prediction.id, .finished(result), by: writer(of: prediction))
  }

  /// Keeps outputs that came as bytes until they are files. Beyond what may be in memory they are read again, one
  /// prediction after the other, where the provider can bring them once more.
  private func keepBytes(of result: RemoteResult, for prediction: Prediction) {
    guard case .completed(let outputs, _, _) = result else { return }
    let id = prediction.id
    var bytes: [Int: [UInt8]] = [:]
    for (index, output) in outputs.enumerated() {
      if case .bytes(let output) = output { bytes[index + 1] = output }
    }
    guard !bytes.isEmpty else { return }
    let (held, provider) = state.withLock { state in
      (
        state.bytes.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } },
        state.providers[prediction.account]
      )
    }
    let isOverLimit = held + bytes.values.reduce(0) { $0 + $1.count } > Self.heldBytes
    if held > 0, isOverLimit, provider?.canRepeat(prediction) == true { return }
    state.withLock { $0.bytes[id] = bytes }
  }

  func relink(_ prediction: Prediction, at provider: any Provider) {
    provider.poll(prediction) { [self] outcome in
      guard case .answered(.completed(let outputs, _, _), _) = outcome else {
        return react(.relinkFailed(prediction.id, reason: "The provider gave no fresh link."))
      }
      if case .answered(let result, _) = outcome { keepBytes(of: result, for: prediction) }
      let links = outputs.enumerated().map { index, output in
        if case .location(let location) = output { location } else { "inline:\(index + 1)" }
      }
      record(prediction.id, .relinked(links), by: writer(of: prediction))
    }
  }
}
