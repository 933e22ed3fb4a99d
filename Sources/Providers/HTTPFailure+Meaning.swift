internal import HTTP
internal import Predictions

/// What a request that was not sent means for a prediction.
extension HTTPFailure {
  private static let hint = "imagewire doctor checks it. The sandbox works without it."

  /// The outcome of a POST of which no byte was written. A missing library or certificate is not retried.
  func unsent(_ reason: String) -> SubmitOutcome {
    guard kind == .unavailable else { return .unsent(reason: reason) }
    return .refused(
      PredictionFailure(
        .configuration, retryable: false, message: "\(reason) Nothing was sent and nothing is billed.", hint: Self.hint),
      pause: nil)
  }

  /// The error of a request that costs nothing.
  func asProviderError(_ reason: String) -> ProviderError {
    guard kind == .unavailable else {
      return ProviderError(message: reason, hint: "Check the network.", isRetryable: true)
    }
    return ProviderError(message: reason, hint: Self.hint, isRetryable: false, kind: .configuration)
  }
}
