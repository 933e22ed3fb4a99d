internal import JSON
internal import JSONRPC
public import Predictions

extension Method {
  /// The methods about models and their inputs; none of them spends anything.
  static let catalogue: [Method] = [
    Method(
      "models", "Returns the models of a provider, or one model with the schema of its input.",
      [Parameters.model, Parameters.provider, Parameters.cursor, Parameters.search, Parameters.kind],
      result: .object([
        "models": .array(
          of: .object(
            [
              "id": .string.about("The model, as submit takes it."),
              "name": .string.orNull.about("Its name for people; null if the provider gives none."),
              "kind": .word(ModelKind.allCases.map(\.rawValue)).orNull.about(
                "What it makes; model is a shape in space, null if the provider does not say."),
              "description": .string.orNull.about("A text for people; null if the provider gives none."),
              "price": .number.orNull.about(
                "The base price in US dollars, null if unknown. quote returns the price of an input."),
              "edit_model": .string.orNull.about(
                "The model that edits an image: a sibling in this list, or the model itself; null if none is known."),
              "provider": .string.about("The provider that has it."),
              "default": .bool.about("Whether it is used if a request names no model."),
              "input_schema": .object().orNull.about(
                "The JSON Schema of its input, if model was given; null if the provider has none."),
              "omitted": .array(of: .string).about("Fields left out because they are too long for a message."),
            ], optional: ["name", "description", "input_schema", "omitted"])
        ).about("The models of this page."),
        "next_cursor": .string.orNull.about("The cursor of the next page; null on the last page."),
      ]), errors: [.providerNotConfigured, .providerFailed], body: .later(models)),
    Method(
      "validate", "Checks an input as submit would, as far as its schema is known; spends nothing.",
      [ValidateParameters.input, ValidateParameters.model, ValidateParameters.provider],
      result: .object(
        [
          "valid": .bool.about("Whether there are no problems."),
          "problems": .problems.about("What is wrong with the input; empty if nothing is known to be."),
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
    static let search = Parameter(
      optional: "search", .string(bytes: 1...1_000),
      about: "Words that must all occur in its id, name, description or kind, ignoring case.")
    static let kind = Parameter(
      optional: "kind", .word(ModelKind.allCases), about: "Only models that make this.")
  }

  private enum ValidateParameters {
    static let input = Parameter("input", .object, about: "As for submit.")
    static let model = Parameter(optional: "model", .model, about: "The model; the default model if absent.")
    static let provider = Parameter(
      optional: "provider", .provider, about: "The provider; the default provider if absent.")
  }

  @Sendable private static func models(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let model = try params[Parameters.model]
    let provider = service.provider(try params[Parameters.provider])
    let cursor = try params[Parameters.cursor]
    let search = try params[Parameters.search]
    let kind = try params[Parameters.kind]
    let engine = try service.engine()
    let limit = service.maxMessageBytes - Service.envelopeBytes
    // One model is not a list: cursor and filters do not apply.
    let isOne = model != nil
    let filter = isOne ? ModelFilter() : ModelFilter(search: search ?? "", kind: kind)
    let answer: @Sendable (Result<PredictionEngine.Offer, PredictionEngine.CatalogueError>) -> Void = { result in
      switch result {
      case .failure(let error): call.error(.catalogue(error))
      case .success(let offer):
        call.result(offer.json(filter, hasSchema: isOne, after: isOne ? nil : cursor, atMost: limit))
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
    request = service.withClientSettings(request)
    let engine = try service.engine()
    do throws(PredictionEngine.CatalogueError) {
      try engine.validate(request) { result in
        switch result {
        case .failure(let error): call.error(.catalogue(error))
        case .success(let validation): call.result(validation.json)
        }
      }
    } catch {
      throw .catalogue(error)
    }
  }
}

extension PredictionEngine.Validation {
  /// The result of `validate`: `{valid, problems, warnings, hint}`.
  public var json: [UInt8] {
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
