/// Decides what becomes of a prediction that waits for outputs of others; Sources/Predictions/README.md, "Chains".
///
/// Pure. "Ready" is never recorded: each claim and each round asks what the targets are now, so that no crash and no older
/// program can leave a wrong answer behind.
public enum ChainPolicy {
  /// How many predictions in a row may wait for each other.
  public static let depthLimit = 32
  /// How long a provider's own address of an output is used after the prediction was sent, in milliseconds.
  static let addressLifetime: Int64 = 86_400_000
  /// A prediction that waits ends if no process could have served it for so long, in milliseconds.
  public static let patience: Int64 = 3_600_000
  /// Processes that could serve it renew its time after so many milliseconds.
  public static let renewal: Int64 = 600_000
  /// How many predictions one transaction ends.
  public static let batch = 256

  /// What becomes of it.
  public enum Verdict: Sendable, Equatable {
    /// Some targets are not finished.
    case waits
    /// Every target is completed and has the output.
    case ready
    /// A target cannot give the output any more: it ends unsent.
    case fails(PredictionFailure)
  }

  /// Where an output comes from when it is sent.
  public enum Source: Sendable, Equatable {
    /// The provider's own address of it.
    case address(String)
    /// The saved file, if it is unchanged.
    case file(OutputFile)
  }

  /// The verdict on a prediction.
  ///
  /// - Parameters:
  ///   - target: a target as it is now; `nil` where it is gone.
  ///   - now: milliseconds since 1970.
  public static func verdict<Failure: Error>(
    on prediction: Prediction, at now: Int64, target: (PredictionID) throws(Failure) -> Prediction?
  ) throws(Failure) -> Verdict {
    var verdict = Verdict.ready
    for reference in prediction.targets {
      let found = try target(reference.target)
      switch found?.status {
      case .created, .processing: verdict = .waits
      case .completed
      where source(
        of: reference.output, in: found!, for: prediction.provider, account: prediction.account, at: now) != nil:
        break
      default: return .fails(.dependency(reference, on: found))
      }
    }
    return verdict
  }

  /// Where an output of a completed prediction comes from; `nil` where there is nothing that can be sent.
  ///
  /// - Parameters:
  ///   - provider: the one to which it is sent, with its account. An address is used only for the account that it was made
  ///     for: it may hold a signature, and another provider may not reach it.
  ///   - takesAddresses: whether its provider takes addresses; otherwise files are part of the request.
  public static func source(
    of output: Int, in target: Prediction, for provider: String, account: String, takesAddresses: Bool = true,
    at now: Int64
  ) -> Source? {
    guard target.status == .completed else { return nil }
    let address = target.outputs.indices.contains(output - 1) ? target.outputs[output - 1] : ""
    // A link that stayed dead for us is dead for the provider, too.
    let isDead = target.failure.map { !$0.retryable && $0.missing.contains(output) } ?? false
    let isFresh = !isDead && (0..<addressLifetime).contains(now - (target.startedAt ?? .min / 2))
    if takesAddresses, isFresh, target.provider == provider, target.account == account,
      address.hasPrefix("https://") || address.hasPrefix("http://")
    {
      return .address(address)
    }
    return target.visibleFile(output).map { .file($0) }
  }
}

extension Prediction {
  /// Whether an output is missing and `result` tries to download it again.
  func mayFetch(_ output: Int) -> Bool { failure.map { $0.retryable && $0.missing.contains(output) } ?? false }
}

extension PredictionFailure {
  /// A target cannot give what it was named for. What becomes of the target later changes nothing.
  static func dependency(_ reference: OutputReference, on target: Prediction?) -> PredictionFailure {
    let reason =
      switch target?.status {
      case nil: "was deleted"
      case .failed?: "failed"
      case .cancelled?: "was cancelled"
      case .unknown?: "has no known outcome"
      case .created?, .processing?, .completed?: "has no output \(reference.output) that can be used"
      }
    return PredictionFailure(
      .dependencyFailed, retryable: false,
      message:
        "Its input needs output \(reference.output) of \(reference.target), which \(reason). Nothing was sent and "
        + "nothing is billed.",
      hint: target.map { $0.mayFetch(reference.output) } == true
        ? "Call result with that id: it downloads the output again, for free. Then submit this one again."
        : target?.status == .completed
          ? "Submit it again with an output that is there."
          : "Submit the other prediction again, and then this one with the new id.")
  }

  /// The file of a target is gone or was changed.
  static func dependency(_ reference: OutputReference, reason: String) -> PredictionFailure {
    PredictionFailure(
      .dependencyFailed, retryable: false,
      message: sentences(
        "Its input needs output \(reference.output) of \(reference.target), whose file \(reason)",
        "Nothing was sent and nothing is billed."),
      hint: "Restore the file, or make the other prediction again, and then submit this one again.")
  }
}
