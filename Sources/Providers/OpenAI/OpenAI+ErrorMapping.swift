internal import HTTP
internal import Predictions

/// The failures of refused submits.
extension OpenAI {
  /// In codes of content filters: OpenAI's, Azure's (`contentFilter`, an inner `ResponsibleAIPolicyViolation`), Ark's
  /// (`OutputImageSensitiveContentDetected`).
  private static let contentCodes = [
    "moderation", "content_policy", "content_filter", "contentfilter", "image_generation_user_error",
    "responsibleaipolicyviolation", "sensitivecontent",
  ]
  /// In messages of content filters that have no code of their own: xAI's, OpenAI's, Azure's.
  private static let contentWords = ["content moderation", "safety system", "content management policy"]

  /// A 5xx of a server that costs nothing: whatever it did, nobody pays for it.
  func freeFailure(_ problem: OpenAIResponse.Problem?, status: Int) -> Refusal {
    Refusals(
      provider: Self.descriptor, status: status, said: quoted(problem?.message),
      code: problem?.code.map(clean).flatMap { $0.isEmpty ? nil : $0 }
    ).refusal(
      .remoteError, "The server failed (HTTP \(status))",
      "Look at the server's log, correct the input or the server, then submit it again.", retryable: true)
  }

  /// - Parameters:
  ///   - status: 3xx or 4xx; 200 for an error in place of images.
  ///   - path: of the request, behind the base URL.
  func refusal(
    _ problem: OpenAIResponse.Problem?, status: Int, model: String, path: String = "", retryAfter: Int64?
  ) -> Refusal {
    let code = (problem?.code ?? problem?.type).map(clean).flatMap { $0.isEmpty ? nil : $0 }
    let text = problem.map { clean($0.message) } ?? ""
    let refusals = Refusals(provider: Self.descriptor, status: status, said: quoted(problem?.message), code: code)
    let codes = ([problem?.code ?? "", problem?.type ?? ""] + (problem?.marks ?? [])).joined(separator: " ")
    let (key, address) = (Self.descriptor.keyVariable, Self.descriptor.baseURLVariable)

    if (300..<400).contains(status) { return refusals.redirect }
    if codes.mentions(Self.contentCodes) || text.mentions(Self.contentWords) { return refusals.content }
    if status == 402
      || codes.mentions(["insufficient_quota", "billing_hard_limit", "billing_not_active", "insufficient_credit"])
    {
      return refusals.noCredit("Top up the account or raise its limit, then submit it again.")
    }
    var noModel: Refusal {
      let retired = RetiredModel.hint(for: model).map { $0 + " " } ?? ""
      return refusals.noModel(clean(model), "\(retired)Use a model that the method models lists.")
    }
    switch status {
    case 429: return refusals.rateLimited(retryAfter: retryAfter)
    case 401, 403: return refusals.keyRefused("Check \(key) and \(address).")
    case 407: return refusals.proxyPassword
    case 400 where codes.mentions(["api_key_invalid"]): return refusals.keyRefused("Check \(key) and \(address).")
    case 404, 405, 410:
      if codes.mentions(["model"]) || problem?.parameter == "model" || text.mentions(["model"]) { return noModel }
      let setting = Self.descriptor.variable(of: Self.dialectSetting)
      return refusals.refusal(
        .modelUnavailable, "The server has no images API at \(base.url(of: path)) (HTTP \(status))",
        "Check \(address); it includes the \(Self.access.defaultPath). "
          + "\(setting) names a server that has another path: \(alternatives(OpenAIDialect.names)).")
    default:
      if codes.mentions(["model_not_found"]) || problem?.parameter == "model"
        || text.mentions(["invalid model", "unknown model", "model not found", "no such model"])
      {
        return noModel
      }
      let place = problem?.parameter.map { " input.\(clean($0))" } ?? " the request"
      return refusals.refusal(
        .invalidInput, "The provider refused\(place) (HTTP \(status))",
        "Change the input to the fields that the model takes.")
    }
  }
}
