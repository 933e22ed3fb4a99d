internal import JSON
public import Predictions

/// The service's list of models, `GET …/models`, with the schema of each.
extension WaveSpeed: ProviderCatalogue {
  /// The default model, so that its input can be checked without a network. Its page names one field and its length.
  public func builtIn(_ model: String) -> Model? {
    model == defaultModel ? Model(id: model, inputSchema: Self.promptOnly) : nil
  }

  private static let promptOnly = JSONValue.object(
    JSONObject([
      ("type", "object"),
      ("properties", ["prompt": ["type": "string", "minLength": 1, "maxLength": 32_000]]),
      ("required", ["prompt"]),
    ])
  ).serialized

  /// All models for this key, also those for video and audio.
  public func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    ask("/api/v3/models", body: nil, atMost: milliseconds) { result in
      completion(
        result.flatMap { answer in
          guard let list = answer.list else { return .failure(unreadable("list of models")) }
          return .success(list.compactMap(Self.model))
        })
    }
  }

  /// `{model_id, api_schema: {api_schemas: [{type, request_schema}]}}`, where each part may be missing.
  private static func model(_ item: JSONValue) -> Model? {
    guard let id = item["model_id"]?.string, isValidModel(id) else { return nil }
    let ways = item["api_schema"]?["api_schemas"]?.array?.filter { $0["request_schema"]?.object != nil } ?? []
    let way = ways.first { $0["type"]?.string == "model_run" } ?? ways.first
    return Model(id: id, inputSchema: way?["request_schema"]?.serialized)
  }
}
