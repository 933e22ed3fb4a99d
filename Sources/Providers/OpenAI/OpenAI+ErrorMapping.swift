internal import HTTP
internal import Predictions

/// What a definite no means, and how long the account should send nothing.
extension OpenAI {
  /// How long an account pauses where the server does not say.
  private static let pause: Int64 = 60_000

  /// - Parameter status: 3xx or 4xx; 200 for an error in the place of pictures.
  func refusal(
    _ problem: OpenAIResponse.Problem?, status: Int, model: String, retryAfter: Int64?
  ) -> (failure: PredictionFailure, pause: Int64?) {
    let code = problem?.code ?? problem?.type
    let text = problem.map { clean($0.message) } ?? ""
    let said = quoted(problem?.message)
    func failure(
      _ kind: PredictionFailure.Kind, _ message: String, _ hint: String, retryable: Bool = false
    ) -> PredictionFailure {
      PredictionFailure(
        kind, retryable: retryable, message: "\(message)\(said). Nothing is billed.", hint: hint,
        remoteCode: code.map(clean).flatMap { $0.isEmpty ? nil : $0 })
    }
    let words = "\(problem?.code ?? "") \(problem?.type ?? "")"
    func isCoded(_ parts: String...) -> Bool { words.mentions(parts) }

    if (300..<400).contains(status) {
      return (
        failure(
          .remoteError, "The base URL redirects (HTTP \(status)), and a paid request does not follow",
          "Set OPENAI_BASE_URL to the address it redirects to."), nil
      )
    }
    if isCoded("moderation", "content_policy", "content_filter", "image_generation_user_error") {
      return (failure(.contentRefused, "The provider refused the content", "Change the prompt."), nil)
    }
    if status == 402 || isCoded("insufficient_quota", "billing_hard_limit", "billing_not_active", "insufficient_credit")
    {
      return (
        failure(
          .insufficientCredit, "The account has no credit left (HTTP \(status))",
          "Top up the account or raise its limit, then submit it again."), Self.pause
      )
    }
    switch status {
    case 429:
      return (
        failure(
          .rateLimited, "The provider takes no more requests for now (HTTP 429)",
          "Submit it again in a minute, or lower --max-per-minute.", retryable: true),
        max(1_000, retryAfter ?? Self.pause)
      )
    case 401, 403:
      let what = status == 401 ? "The provider does not accept the key" : "The provider does not let this key do that"
      return (
        failure(.authentication, "\(what) (HTTP \(status))", "Check OPENAI_API_KEY and OPENAI_BASE_URL."), Self.pause
      )
    case 407:
      return (
        failure(
          .network, "The proxy wants a name and a password (HTTP 407)", "Put them into HTTPS_PROXY, then submit again.",
          retryable: true), nil
      )
    case 404, 405, 410:
      let isModel = isCoded("model") || problem?.parameter == "model" || text.mentions(["model"])
      return isModel
        ? (
          failure(
            .modelUnavailable, "The provider has no model \(clean(model)) (HTTP \(status))",
            "\(RetiredModel.hint(for: model).map { $0 + " " } ?? "")Name one that it has: the method models lists them."
          ), nil
        )
        : (
          failure(
            .modelUnavailable, "The server has no images API at \(base.text) (HTTP \(status))",
            "Check OPENAI_BASE_URL; it includes the /v1."), nil
        )
    default:
      if isCoded("model_not_found") || problem?.parameter == "model"
        || text.mentions(["invalid model", "unknown model", "model not found", "no such model"])
      {
        return (
          failure(
            .modelUnavailable, "The provider has no model \(clean(model)) (HTTP \(status))",
            "\(RetiredModel.hint(for: model).map { $0 + " " } ?? "")Name one that it has: the method models lists them."
          ), nil
        )
      }
      let place = problem?.parameter.map { " input.\(clean($0))" } ?? " the request"
      return (
        failure(
          .invalidInput, "The provider refused\(place) (HTTP \(status))", "Change the input to what the model takes."),
        nil
      )
    }
  }
}
