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
    let given: [JSONValue]
    switch object["outputs"] {
    case .array(let elements)?: given = elements
    case .some(let one) where one.string != nil || one.object != nil: given = [one]
    default: return nil
    }
    let outputs = given.map(Self.outputs)
    guard outputs.contains(where: { !$0.isEmpty }) else { return nil }
    // Seen as `null`, absent, `[]`, and once without booleans; used only with one flag for each output.
    let flags = object["has_nsfw_contents"]?.array?.compactMap(\.bool) ?? []
    let matching = flags.count == given.count ? zip(flags, outputs).flatMap { flag, of in of.map { _ in flag } } : []
    let inference = object["timings"]?["inference"]?.number?.double
    return .completed(
      outputs: outputs.flatMap { $0 }, hasNSFWContents: matching,
      inferenceMilliseconds: inference.flatMap { $0.isFinite && abs($0) < 1e15 ? Int64($0.rounded()) : nil })
  }

  /// The files of one output: the URLs and data URIs in it, or where there are none the value itself, as a text or as JSON.
  /// What was paid for is kept, whatever it is.
  private static func outputs(_ value: JSONValue) -> [RemoteOutput] {
    let files = files(in: value, depth: 0)
    guard files.isEmpty else { return files }
    switch value {
    case .null: return []
    case .string(let text):
      return text.isEmpty ? [] : [.bytes(Array(text.utf8), FormatHint(mediaType: FileFormat.text.mediaType))]
    case .array(let elements) where elements.isEmpty: return []
    case .object(let object) where object.isEmpty: return []
    case .array, .object, .bool, .number:
      return [.bytes(value.serialized, FormatHint(mediaType: FileFormat.json.mediaType))]
    }
  }

  /// How deep URLs are searched for in an output.
  private static let searchDepth = 4

  private static func files(in value: JSONValue, depth: Int) -> [RemoteOutput] {
    switch value {
    case .string(let text): return RemoteOutput(text: text).map { [$0] } ?? []
    case .array(let elements) where depth < searchDepth: return elements.flatMap { files(in: $0, depth: depth + 1) }
    case .object(let object) where depth < searchDepth:
      // The file's own address; others beside it lead to a licence, a thumbnail, a page.
      if let url = object["url"] { return files(in: url, depth: depth + 1) }
      return object.members.flatMap { files(in: $0.value, depth: depth + 1) }
    case .array, .object, .bool, .number, .null: return []
    }
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
