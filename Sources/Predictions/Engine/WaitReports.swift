internal import Threads

/// Calls the two closures of one wait in order: no progress is reported once the wait is answered. Neither runs with a
/// lock held.
///
/// An answer that comes while progress is being reported, by another thread, is sent by that thread afterwards.
final class WaitReports: Sendable {
  private struct State: Sendable {
    var isReporting = false
    var isAnswered = false
    /// An answer that waits for the end of a report.
    var outcome: WaitOutcome?
  }

  private let state = Protected(State())
  private let onProgress: @Sendable (PredictionSnapshot) -> Void
  private let completion: @Sendable (WaitOutcome) -> Void

  init(
    onProgress: @escaping @Sendable (PredictionSnapshot) -> Void,
    completion: @escaping @Sendable (WaitOutcome) -> Void
  ) {
    self.onProgress = onProgress
    self.completion = completion
  }

  /// The closures of a wait, so that they are called in order.
  static func inOrder(
    _ onProgress: (@Sendable (PredictionSnapshot) -> Void)?, _ completion: @escaping @Sendable (WaitOutcome) -> Void
  ) -> (onProgress: (@Sendable (PredictionSnapshot) -> Void)?, completion: @Sendable (WaitOutcome) -> Void) {
    guard let onProgress else { return (nil, completion) }
    let reports = WaitReports(onProgress: onProgress, completion: completion)
    return ({ reports.report($0) }, { reports.answer($0) })
  }

  /// Reports progress, unless the wait is answered or another report is in progress.
  func report(_ snapshot: PredictionSnapshot) {
    let mayReport = state.withLock { state in
      guard !state.isAnswered, !state.isReporting else { return false }
      state.isReporting = true
      return true
    }
    guard mayReport else { return }
    onProgress(snapshot)
    let outcome = state.withLock { state in
      state.isReporting = false
      return state.outcome
    }
    if let outcome { completion(outcome) }
  }

  /// Answers the wait, once.
  func answer(_ outcome: WaitOutcome) {
    let isReporting = state.withLock { state in
      state.isAnswered = true
      if state.isReporting { state.outcome = outcome }
      return state.isReporting
    }
    if !isReporting { completion(outcome) }
  }
}
