internal import HTTP
internal import Encoding
internal import JSON
internal import Predictions

/// The meaning of a prediction object of the service.
extension WaveSpeed {
  /// The state of the prediction. An unknown status means that it is not finished.
  func result(of object: JSONObject, model: String, id: String) -> RemoteResult {
    let status = object["status"]?.string?.lowercased() ?? ""
    switch status {
    case "completed":
      return completed(object)
        ?? .failed(
          PredictionFailure(
            .remoteError, retryable: false,
            message: "The provider says that prediction \(id) is completed, but returned no output.",
            hint: "Look at prediction \(id) in the provider's own list; it may be billed."),
          billing: .unknown)
    // One old copy of the documentation has this status; it counts only with an output.
    case "succeeded":
      return completed(object) ?? .running
    case "failed":
      return .failed(failure(of: object, model: model, id: id), billing: .refunded)
    case "timeout":
      return .failed(
        PredictionFailure(
          .remoteTimeout, retryable: true, message: "The provider ran out of time\(said(object)).",
          hint: "Submit it again; the provider refunds time-outs. Its prediction is \(id).",
          remoteCode: code(of: object)),
        billing: .refunded)
    case "cancelled", "deleted":
      return .failed(
        PredictionFailure(
          .remoteError, retryable: true, message: "At the provider, prediction \(id) was \(status)\(said(object)).",
          hint: "Another program with the same account may have done that; submit it again if you still want it.",
          remoteCode: code(of: object)),
        billing: .unknown)
    default:
      return .running
    }
  }

  // MARK: - Completed

  private func completed(_ object: JSONObject) -> RemoteResult? {
    let given = object["outputs"]?.array ?? []
    let outputs = given.map(Self.output)
    let usable = outputs.compactMap { $0 }
    guard !usable.isEmpty else { return nil }
    // Seen as `null`, absent, `[]`, and once without booleans; used only with one flag for each output.
    let flags = object["has_nsfw_contents"]?.array?.compactMap(\.bool) ?? []
    let matching = flags.count == given.count ? zip(flags, outputs).compactMap { $1 == nil ? nil : $0 } : []
    let inference = object["timings"]?["inference"]?.number?.double
    return .completed(
      outputs: usable, hasNSFWContents: matching,
      inferenceMilliseconds: inference.flatMap { $0.isFinite && abs($0) < 1e15 ? Int64($0.rounded()) : nil })
  }

  /// A URL, a data URI, plain base64, or an object with one of them under `url`.
  private static func output(_ value: JSONValue) -> RemoteOutput? {
    guard let text = value.string ?? value["url"]?.string else { return nil }
    let start = text.prefix(8).lowercased()
    if start.hasPrefix("https://") || start.hasPrefix("http://") { return .location(text) }
    if start.hasPrefix("data:") { return DataURI(text).map { .bytes($0.bytes) } }
    // Only an image: any word of four letters is base64 too.
    guard let bytes = Base64.decode(Array(text.utf8).span), ImageFormat(of: bytes) != nil else { return nil }
    return .bytes(bytes)
  }

  // MARK: - Failed

  private func failure(of object: JSONObject, model: String, id: String) -> PredictionFailure {
    let said = said(object)
    let code = code(of: object)
    let ask = "Ask the provider about prediction \(id)."
    switch object["code"]?.int64 ?? 0 {
    case 1_200:
      return PredictionFailure(
        .contentRefused, retryable: false, message: "The provider refused the content\(said).",
        hint: "Change the prompt.", remoteCode: code)
    case 1_400...1_402:
      return PredictionFailure(
        .invalidInput, retryable: false, message: "The provider refused the input\(said).",
        hint: "Change the input to what the model \(model) takes.", remoteCode: code)
    case 5_004:
      return PredictionFailure(
        .remoteTimeout, retryable: true, message: "The provider ran out of time\(said).", hint: "Submit it again.",
        remoteCode: code)
    case 5_000..<6_000:
      return PredictionFailure(
        .remoteError, retryable: true, message: "The provider failed\(said).",
        hint: "Submit it again later. \(ask)", remoteCode: code)
    default:
      if Self.mentionsContent(object["error"]?.string ?? "") {
        return PredictionFailure(
          .contentRefused, retryable: false, message: "The provider refused the content\(said).",
          hint: "Change the prompt.", remoteCode: code)
      }
      return PredictionFailure(
        .remoteError, retryable: true, message: "The provider could not make it\(said).",
        hint: "\(RetiredModel.hint(for: model) ?? "The model \(model) may be retired.") Try another. \(ask)",
        remoteCode: code)
    }
  }

  private func code(of object: JSONObject) -> String? {
    object["code"]?.int64.flatMap { $0 == 0 ? nil : String($0) }
  }

  /// The provider's error message, quoted; empty where there is none.
  private func said(_ object: JSONObject) -> String {
    let error = object["error"]
    return quoted(error?.string ?? error?["message"]?.string)
  }
}
