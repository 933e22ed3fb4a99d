internal import HTTP
internal import Predictions

/// The failures of refused submits.
extension OpenAI {
  /// - Parameter status: 3xx or 4xx; 200 for an error in place of images.
  func refusal(_ problem: OpenAIResponse.Problem?, status: Int, model: String, retryAfter: Int64?) -> Refusal {
    let code = (problem?.code ?? problem?.type).map(clean).flatMap { $0.isEmpty ? nil : $0 }
    let text = problem.map { clean($0.message) } ?? ""
    let refusals = Refusals(provider: Self.descriptor, status: status, said: quoted(problem?.message), code: code)
    let codes = "\(problem?.code ?? "") \(problem?.type ?? "")"
    let (key, address) = (Self.descriptor.keyVariable, Self.descriptor.baseURLVariable)

    if (300..<400).contains(status) { return refusals.redirect }
    if codes.mentions(["moderation", "content_policy", "content_filter", "image_generation_user_error"]) {
      return refusals.content
    }
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
    case 404, 405, 410:
      if codes.mentions(["model"]) || problem?.parameter == "model" || text.mentions(["model"]) { return noModel }
      return refusals.refusal(
        .modelUnavailable, "The server has no images API at \(base.text) (HTTP \(status))",
        "Check \(address); it includes the \(Self.access.defaultPath).")
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
