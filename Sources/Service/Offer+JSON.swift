internal import JSON
public import Predictions

extension PredictionEngine.Offer {
  /// The result of `models`: `{models, next_cursor}`. The cursor is the last id of the page before.
  ///
  /// - Parameters:
  ///   - filter: the models to include.
  ///   - hasSchema: whether each has its `input_schema`.
  ///   - cursor: of the page before; `nil` for the first page.
  ///   - limit: the length in bytes at which the page is cut.
  public func json(
    _ filter: ModelFilter = ModelFilter(), hasSchema: Bool = false, after cursor: String? = nil,
    atMost limit: Int = .max
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("models")
    json.beginArray()
    var last: String?
    var isCut = false
    for model in models {
      if let cursor, !cursor.utf8.lexicographicallyPrecedes(model.id.utf8) { continue }
      guard filter.selects(model) else { continue }
      var bytes = self.bytes(of: model, hasSchema: hasSchema)
      // The id may be written a second time, as the cursor.
      let room = limit - json.bytes.count - model.id.utf8.count - 100
      if bytes.count > room {
        if last != nil {
          isCut = true
          break
        }
        bytes = short(of: model, hasSchema: hasSchema, atMost: room)
      }
      last = model.id
      json.raw(bytes)
    }
    json.endArray()
    json.name("next_cursor")
    if isCut, let last { json.value(last) } else { json.null() }
    json.endObject()
    return json.bytes
  }

  /// A model without the fields that are too long.
  private func short(of model: Model, hasSchema: Bool, atMost room: Int) -> [UInt8] {
    var omitted: [String] = []
    var bytes: [UInt8] = []
    for field in (hasSchema ? ["input_schema"] : []) + ["description", "name"] {
      omitted.append(field)
      bytes = self.bytes(of: model, hasSchema: hasSchema, without: omitted)
      if bytes.count <= room { break }
    }
    return bytes
  }

  private func bytes(of model: Model, hasSchema: Bool, without omitted: [String] = []) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("id")
    json.value(model.id)
    if !omitted.contains("name") {
      json.name("name")
      json.optional(model.name)
    }
    json.name("kind")
    json.optional(model.kind?.rawValue)
    if !omitted.contains("description") {
      json.name("description")
      json.optional(model.description)
    }
    json.name("price")
    if let micros = model.priceMicros { json.raw(Money.spelling(micros)) } else { json.null() }
    json.name("edit_model")
    json.optional(model.editModel)
    json.name("provider")
    json.value(provider)
    json.name("default")
    json.value(model.id == usual)
    if hasSchema, !omitted.contains("input_schema") {
      json.name("input_schema")
      if let schema = model.inputSchema { json.raw(schema) } else { json.null() }
    }
    if !omitted.isEmpty {
      json.name("omitted")
      json.value(.array(omitted.map { .string($0) }))
    }
    json.endObject()
    return json.bytes
  }
}
