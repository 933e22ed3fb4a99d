internal import HTTP
internal import Predictions

/// What a request that never began means for a prediction.
extension HTTPFailure {
  private static let hint = "imagewire doctor checks it. The sandbox works without it."

  /// The outcome of a POST of which not a byte was written. What this machine lacks is not cured by trying again.
  func unsent(_ reason: String) -> SubmitOutcome {
    guard kind == .unavailable else { return .unsent(reason: reason) }
    return .refused(
      PredictionFailure(
        .configuration, retryable: false, message: "\(reason) Nothing was sent and nothing is billed.", hint: Self.hint),
      pause: nil)
  }

  /// The answer to a question that costs nothing.
  func asProviderError(_ reason: String) -> ProviderError {
    guard kind == .unavailable else {
      return ProviderError(message: reason, hint: "Check the network.", isRetryable: true)
    }
    return ProviderError(message: reason, hint: Self.hint, isRetryable: false, kind: .configuration)
  }
}
