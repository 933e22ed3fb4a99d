internal import Threads

/// One attempt to save the outputs of a prediction that are not saved yet: several at once, each by itself. At its end those
/// that arrived get their names and one commit.
final class SavingRound: Sendable {
  private struct State {
    var rest: Set<Int>
    var failures: [Int: DownloadOutcome] = [:]
  }

  /// The prediction at the beginning of the round.
  let prediction: Prediction
  /// Where its outputs come from.
  let provider: any Provider
  /// Its files, worked on on the files' queue only.
  let batch: any OutputBatch
  private let state: Protected<State>

  /// A round of all missing outputs.
  init(_ prediction: Prediction, from provider: any Provider, into batch: any OutputBatch) {
    self.prediction = prediction
    self.provider = provider
    self.batch = batch
    state = Protected(State(rest: Set(prediction.missingOutputs)))
  }

  /// Notes the end of one output.
  ///
  /// - Returns: whether it was the last one.
  func end(_ index: Int, _ outcome: DownloadOutcome) -> Bool {
    state.withLock { state in
      state.rest.remove(index)
      if case .written = outcome {} else { state.failures[index] = outcome }
      return state.rest.isEmpty
    }
  }

  /// How the outputs ended that were not written, in their order.
  var failures: [DownloadOutcome] {
    state.withLock { state in state.failures.keys.sorted().compactMap { state.failures[$0] } }
  }
}
