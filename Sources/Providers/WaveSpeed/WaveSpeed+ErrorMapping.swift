internal import Predictions

/// The failures of refused submits.
extension WaveSpeed {
  /// - Parameter status: 3xx or 4xx, of HTTP or of the envelope.
  func refusal(status: Int, answer: WaveSpeedResponse?, model: String, retryAfter: Int64?) -> Refusal {
    let text = answer?.message ?? ""
    let code = answer?.code.map(clean)
    let refusals = Refusals(provider: Self.descriptor, status: status, said: quoted(text), code: code)
    let retired = RetiredModel.hint(for: model)

    if (300..<400).contains(status) { return refusals.redirect }
    if status == 429 { return refusals.rateLimited(retryAfter: retryAfter) }
    // A 403 that names a role may mention the balance that the role may not see.
    let isAboutRights = status == 403 && text.mentions(["role", "permission"])
    if status == 402
      || !isAboutRights && text.mentions(["insufficient", "balance", "credit", "topup", "top up", "top-up"])
    {
      return refusals.noCredit("Top up the account at wavespeed.ai, then submit it again.")
    }
    switch status {
    case 401, 403:
      return refusals.keyRefused(
        "Check \(Self.descriptor.keyVariable); a new key may need a top-up before it works, and a key's role or a "
          + "suspended account may forbid it.")
    case 404, 410:
      return refusals.noModel(
        model, "\(retired ?? "The model may be retired.") wavespeed.ai/models lists all models.")
    case 407: return refusals.proxyPassword
    default: break
    }
    if code == "1200" || Self.mentionsContent(text) { return refusals.content }
    if text.mentions(["model"]),
      text.mentions(["not found", "not exist", "unknown model", "retired", "deprecated", "no longer", "unavailable"])
    {
      return refusals.noModel(
        model, "\(retired ?? "The model may be retired.") wavespeed.ai/models lists all models.")
    }
    return refusals.refusal(
      .invalidInput, "The provider refused the request (HTTP \(status))",
      "Change the input to the fields that the model takes. "
        + (retired ?? "If it is right, the model \(model) may be retired."))
  }

  /// Whether a message is from a content filter.
  static func mentionsContent(_ text: String) -> Bool {
    text.mentions(["moderation", "sensitive", "content policy", "nsfw"])
  }
}
