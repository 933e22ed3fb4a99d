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
          return .success(Self.models(in: list))
        })
    }
  }

  /// The models of the service's list; items without a usable id are left out.
  static func models(in list: [JSONValue]) -> [Model] {
    let models = list.compactMap(model)
    let ids = Set(models.map(\.id))
    return models.map { model in
      var model = model
      model.editModel = editModel(of: model.id, among: ids)
      return model
    }
  }

  /// `{model_id, name, type, description, base_price, formula, api_schema: {api_schemas: [{type, request_schema}]}}`, where
  /// each part may be missing.
  private static func model(_ item: JSONValue) -> Model? {
    guard let id = item["model_id"]?.string, isValidModel(id) else { return nil }
    let ways = item["api_schema"]?["api_schemas"]?.array?.filter { $0["request_schema"]?.object != nil } ?? []
    let way = ways.first { $0["type"]?.string == "model_run" } ?? ways.first
    return Model(
      id: id, name: text(item["name"], atMost: 200), kind: item["type"]?.string.flatMap(kind),
      description: text(item["description"], atMost: 2_000),
      priceMicros: item["base_price"]?.number.flatMap { Money.micros($0.double) },
      pricedInputs: item["formula"]?.string.map { PriceFormula($0).inputs },
      inputSchema: way?["request_schema"]?.serialized)
  }

  private static func text(_ value: JSONValue?, atMost limit: Int) -> String? {
    guard let text = value?.string.map(\.trimmed), !text.isEmpty else { return nil }
    return String(text.prefix(limit))
  }

  /// The kind of a type such as `text-to-image`, `image-to-3d`, `video-effects` or `speech-generation`: of the words behind
  /// the last `-to-`, or of all of them.
  static func kind(of type: String) -> ModelKind? {
    let words = type.lowercased().split { $0 == "-" || $0 == "_" || $0 == " " }
    guard !words.isEmpty else { return nil }
    let made = words.lastIndex(of: "to").map { words[words.index(after: $0)...] } ?? words[...]
    return made.lazy.compactMap { kinds[String($0)] }.first ?? .other
  }

  private static let kinds: [String: ModelKind] = [
    "image": .image, "video": .video, "audio": .audio, "speech": .audio, "music": .audio, "sound": .audio,
    "voice": .audio, "3d": .model, "text": .text, "llm": .text, "caption": .text,
  ]

  /// The sibling that edits: `…/edit` for `…/text-to-image` and for `…` itself, if the list has it.
  static func editModel(of id: String, among ids: Set<String>) -> String? {
    let parts = id.split(separator: "/", omittingEmptySubsequences: false)
    guard let last = parts.last else { return nil }
    if last == "edit" || last.hasPrefix("edit-") { return id }
    let family = parts.dropLast().joined(separator: "/")
    let making = "text-to-image"
    let candidates =
      last.hasPrefix(making) ? ["\(family)/edit\(last.dropFirst(making.count))", "\(family)/edit"] : ["\(id)/edit"]
    return candidates.first(where: ids.contains)
  }
}
