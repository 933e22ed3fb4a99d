internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods about models and their inputs; none of them spends anything.
  static let catalogue: [Method] = [
    Method(
      "models", "Returns the models of a provider, or one model with the schema of its input.",
      [Parameters.model, Parameters.provider, Parameters.cursor],
      result: .object([
        "models": .array(
          of: .object(
            [
              "id": .string.about("The model, as submit takes it."), "provider": .string,
              "default": .bool.about("Whether it is used if a request names no model."),
              "input_schema": .object().orNull.about(
                "The JSON Schema of its input, if model was given; null if the provider has none."),
              "omitted": .array(of: .string).about("Fields left out because they are too long for a message."),
            ], optional: ["input_schema", "omitted"])),
        "next_cursor": .string.orNull.about("The cursor of the next page; null on the last page."),
      ]), errors: [.providerNotConfigured, .providerFailed], body: .later(models)),
    Method(
      "validate", "Checks an input as submit would, as far as its schema is known; spends nothing.",
      [ValidateParameters.input, ValidateParameters.model, ValidateParameters.provider],
      result: .object(
        [
          "valid": .bool.about("Whether there are no problems."),
          "problems": .problems,
          "warnings": .problems.about("Fields that would be sent as they are but may be mistakes."),
          "hint": .string.about("Advice: that the model is retired, or that its schema is not known."),
        ], optional: ["warnings", "hint"]),
      errors: [.providerNotConfigured, .providerFailed], body: .later(validate)),
  ]

  private enum Parameters {
    static let model = Parameter(optional: "model", .model, about: "Only this model, with its input_schema.")
    static let provider = Parameter(
      optional: "provider", .provider, about: "The provider; the default provider if absent.")
    static let cursor = Parameter(optional: "cursor", .cursor, about: "next_cursor of the previous page.")
  }

  private enum ValidateParameters {
    static let input = Parameter("input", .object, about: "As for submit.")
    static let model = Parameter(optional: "model", .model)
    static let provider = Parameter(optional: "provider", .provider)
  }

  @Sendable private static func models(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let model = try params[Parameters.model]
    let provider = try params[Parameters.provider]
    let cursor = try params[Parameters.cursor]
    let engine = try service.engine()
    // One model is not a list: a cursor does not apply.
    let isOne = model != nil
    let answer: @Sendable (Result<PredictionEngine.Offer, PredictionEngine.CatalogueError>) -> Void = { result in
      switch result {
      case .failure(let error): call.error(.catalogue(error))
      case .success(let offer): call.result(service.render(offer, hasSchema: isOne, after: isOne ? nil : cursor))
      }
    }
    do throws(PredictionEngine.CatalogueError) {
      if let model {
        try engine.model(model, of: provider, completion: answer)
      } else {
        try engine.models(of: provider, completion: answer)
      }
    } catch {
      throw .catalogue(error)
    }
  }

  @Sendable private static func validate(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    var request = PredictionRequest(input: try params[ValidateParameters.input])
    request.model = try params[ValidateParameters.model]
    request.provider = try params[ValidateParameters.provider]
    let engine = try service.engine()
    do throws(PredictionEngine.CatalogueError) {
      try engine.validate(request) { result in
        switch result {
        case .failure(let error): call.error(.catalogue(error))
        case .success(let validation): call.result(validation.bytes)
        }
      }
    } catch {
      throw .catalogue(error)
    }
  }
}

extension Service {
  /// `{models, next_cursor}`, cut before the message limit; the cursor is the last id of the page before.
  fileprivate func render(_ offer: PredictionEngine.Offer, hasSchema: Bool, after cursor: String?) -> [UInt8] {
    let limit = maxMessageBytes - Self.envelopeBytes
    var json = JSONWriter()
    json.beginObject()
    json.name("models")
    json.beginArray()
    var last: String?
    var isCut = false
    for model in offer.models {
      if let cursor, !cursor.utf8.lexicographicallyPrecedes(model.id.utf8) { continue }
      // The id may be written a second time, as the cursor.
      if last != nil, json.bytes.count + 2 * model.id.utf8.count + 200 > limit {
        isCut = true
        break
      }
      last = model.id
      json.beginObject()
      json.name("id")
      json.value(model.id)
      json.name("provider")
      json.value(offer.provider)
      json.name("default")
      json.value(model.id == offer.usual)
      if hasSchema { write(schema: model.inputSchema, to: &json, atMost: limit) }
      json.endObject()
    }
    json.endArray()
    json.name("next_cursor")
    if isCut, let last { json.value(last) } else { json.null() }
    json.endObject()
    return json.bytes
  }

  private func write(schema: [UInt8]?, to json: inout JSONWriter, atMost limit: Int) {
    if let schema, json.bytes.count + schema.count + 200 > limit {
      json.name("omitted")
      json.value(["input_schema"] as JSONValue)
      return
    }
    json.name("input_schema")
    if let schema { json.raw(schema) } else { json.null() }
  }
}

extension PredictionEngine.Validation {
  /// `{valid, problems, warnings, hint}`.
  fileprivate var bytes: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("valid")
    json.value(problems.isEmpty)
    json.name("problems")
    json.problems(problems)
    if !warnings.isEmpty {
      json.name("warnings")
      json.problems(warnings)
    }
    if let hint {
      json.name("hint")
      json.value(hint)
    }
    json.endObject()
    return json.bytes
  }
}
