internal import JSON
internal import JSONRPC
internal import Predictions

// The tool about models.
extension MCPToolCall {
  /// `list_models`.
  func models() throws(RPCError) {
    let query = try arguments[MCPTool.Parameters.query] ?? ""
    let kind = try arguments[MCPTool.Parameters.kind]
    let engine = try service.engine()
    do throws(PredictionEngine.CatalogueError) {
      try engine.models(of: nil) { [self] result in
        switch result {
        case .success(let offer):
          let isFree = offer.provider == Prediction.freeProvider
          answer(
            MCPModels(offer: offer, query: query, kind: kind).json, label: isFree ? Prediction.sandboxWords : nil)
        case .failure(let error): refuse(.catalogue(error))
        }
      }
    } catch {
      throw .catalogue(error)
    }
  }
}

/// The models that a model may choose from, the best first. Pure.
struct MCPModels {
  static let limit = 20
  private static let purposeLength = 90
  private static let mostSizes = 6
  private static let sizeLength = 24

  let offer: PredictionEngine.Offer
  let query: String
  let kind: MCPModelKind?

  /// The models that fit, the best first: the usual one, then those that have the words in their id, then the others.
  var found: [Model] {
    let byName = ModelFilter(search: query)
    let fitting = offer.models.filter { byName.selects($0) && fits($0) }
    func rank(_ model: Model) -> Int {
      if model.id == offer.usual { return 0 }
      return byName.selects(Model(id: model.id)) ? 1 : 2
    }
    return fitting.enumerated()
      .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
  }

  private func fits(_ model: Model) -> Bool {
    switch kind {
    case nil: true
    case .image: model.kind == .image && (model.id == offer.usual || !needsImage(model))
    case .edit: edits(model)
    case .upscale: ModelFilter(search: "upscal").selects(model)
    case .video: model.kind == .video
    case .audio: model.kind == .audio
    case .model: model.kind == .model
    case .text: model.kind == .text
    }
  }

  /// Whether it makes an image of an image. Some say so only by a field for images.
  private func edits(_ model: Model) -> Bool {
    guard model.kind == .image || model.kind == nil else { return false }
    return model.editModel == model.id || imageField(of: model) != nil
  }

  /// Whether it makes images of images only.
  private func needsImage(_ model: Model) -> Bool {
    guard let (field, schema) = imageField(of: model) else { return model.editModel == model.id }
    return schema["required"]?.array?.contains { $0.string == field.name } == true
  }

  private func imageField(of model: Model) -> (ImageField, JSONValue)? {
    guard let schema = model.inputSchema.flatMap({ try? JSONValue(parsing: $0) }),
      let field = ImageField(schema: schema)
    else { return nil }
    return (field, schema)
  }

  /// The answer.
  var json: JSONWriter {
    let found = found
    var json = JSONWriter()
    json.beginObject()
    json.name("models")
    json.beginArray()
    for model in found.prefix(Self.limit) { write(model, to: &json) }
    json.endArray()
    json.name("note")
    if found.isEmpty {
      json.value("No model fits. Try other words, or leave out kind.")
    } else {
      let more = found.count > Self.limit ? "\(found.count - Self.limit) more: narrow them with query or kind. " : ""
      json.value("\(more)Each purpose is in the provider's words.")
    }
    json.endObject()
    return json
  }

  private func write(_ model: Model, to json: inout JSONWriter) {
    json.beginObject()
    json.name("id")
    json.value(model.id)
    if model.id == offer.usual {
      json.name("usual")
      json.value(true)
    }
    if let purpose = model.description ?? model.name {
      json.name("purpose")
      json.value(SafeText(purpose, atMost: Self.purposeLength).description)
    }
    if let micros = model.priceMicros {
      json.name("price")
      json.value(micros == 0 ? "free" : "from \(Money.dollars(micros))")
    }
    let schema = model.inputSchema.flatMap { try? JSONValue(parsing: $0) }
    let sizes = schema?["properties"]?["size"]?["enum"]?.array?.compactMap(\.string) ?? []
    if !sizes.isEmpty {
      json.name("sizes")
      json.value(
        .array(
          sizes.prefix(Self.mostSizes).map { size in
            .string(SafeText(String(size.map { $0 == "*" ? "x" : $0 }), atMost: Self.sizeLength).description)
          }))
    }
    json.name("edits")
    json.value(edits(model))
    if let editor = model.editModel, editor != model.id {
      json.name("edit_model")
      json.value(editor)
    }
    json.endObject()
  }
}
