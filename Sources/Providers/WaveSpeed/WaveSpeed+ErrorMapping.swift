internal import Predictions

/// What a definite no to a submit means, and how long the account should send nothing.
extension WaveSpeed {
  /// - Parameter status: 3xx or 4xx, of HTTP or of the envelope.
  func refusal(
    status: Int, answer: WaveSpeedResponse?, model: String, retryAfter: Int64?
  ) -> (failure: PredictionFailure, pause: Int64?) {
    let text = answer?.message ?? ""
    let said = quoted(text)
    let code = answer?.code.map(clean)
    func failure(
      _ kind: PredictionFailure.Kind, _ message: String, _ hint: String, retryable: Bool = false
    ) -> PredictionFailure {
      PredictionFailure(
        kind, retryable: retryable, message: "\(message)\(said). Nothing is billed.", hint: hint, remoteCode: code)
    }

    if (300..<400).contains(status) {
      return (
        failure(
          .remoteError, "The base URL redirects (HTTP \(status)), and a paid request does not follow",
          "Set WAVESPEED_BASE_URL to the address it redirects to."), nil
      )
    }
    if status == 429 {
      return (
        failure(
          .rateLimited, "The provider takes no more requests for now (HTTP 429)",
          "Submit it again in a minute, or lower --max-per-minute.", retryable: true),
        max(1_000, retryAfter ?? Self.pause)
      )
    }
    let isAboutRights = status == 403 && Self.mentions(text, ["role", "permission"])
    if status == 402
      || !isAboutRights && Self.mentions(text, ["insufficient", "balance", "credit", "topup", "top up", "top-up"])
    {
      return (
        failure(
          .insufficientCredit, "The account has not enough credit (HTTP \(status))",
          "Top up the account at wavespeed.ai, then submit it again."), Self.pause
      )
    }
    switch status {
    case 401, 403:
      let what = status == 401 ? "The provider does not accept the key" : "The provider does not let this key do that"
      return (
        failure(
          .authentication, "\(what) (HTTP \(status))",
          "Check WAVESPEED_API_KEY; a new key may need a top-up before it works, and a key's role or a suspended account"
            + " may forbid it."), Self.pause
      )
    case 404, 410:
      return (
        failure(
          .modelUnavailable, "The provider has no model \(model) (HTTP \(status))",
          "\(RetiredModel.hint(for: model) ?? "The model may be retired.") wavespeed.ai/models lists those that exist."),
        nil
      )
    case 407:
      return (
        failure(
          .network, "The proxy wants a name and a password (HTTP 407)", "Put them into HTTPS_PROXY, then submit again.",
          retryable: true), nil
      )
    default:
      break
    }
    if code == "1200" || Self.mentionsContent(text) {
      return (
        failure(.contentRefused, "The provider refused the content (HTTP \(status))", "Change the prompt."), nil
      )
    }
    if Self.mentions(text, ["model"]),
      Self.mentions(
        text, ["not found", "not exist", "unknown model", "retired", "deprecated", "no longer", "unavailable"])
    {
      return (
        failure(
          .modelUnavailable, "The provider does not offer the model \(model) (HTTP \(status))",
          "\(RetiredModel.hint(for: model) ?? "The model may be retired.") wavespeed.ai/models lists those that exist."),
        nil
      )
    }
    return (
      failure(
        .invalidInput, "The provider refused the request (HTTP \(status))",
        "Change the input to what the model takes. "
          + (RetiredModel.hint(for: model) ?? "If it is right, the model \(model) may be retired.")), nil
    )
  }

  /// How long an account pauses where the provider does not say: its limits reset every minute.
  private static let pause: Int64 = 60_000

  /// Whether the words are those of a content filter.
  static func mentionsContent(_ text: String) -> Bool {
    mentions(text, ["moderation", "sensitive", "content policy", "nsfw"])
  }

  private static func mentions(_ text: String, _ words: [String]) -> Bool { text.mentions(words) }
}
