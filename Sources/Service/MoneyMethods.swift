internal import JSON
internal import JSONRPC
public import Predictions

extension Method {
  /// The methods that answer prices and balances; none of them spends anything.
  static let money: [Method] = [
    Method(
      "quote", "Returns the price of a prediction; spends nothing.",
      [Parameters.input, Parameters.model, Parameters.provider],
      result: .object([
        "amount": .number.about("The price."), "currency": .string.about("ISO 4217: USD."),
        "exact": .bool.about("Whether this is the price that will be billed, not an estimate."),
        "missing": .array(of: .string).about(
          "Fields of input that decide the price and were not given, or name local files: more may be billed."),
      ]), errors: [.providerNotConfigured, .providerFailed], body: .later(quote)),
    Method(
      "balance", "Returns the balance of the provider's account.", [Parameters.provider],
      result: .object(["amount": .number.about("What is left."), "currency": .string.about("ISO 4217: USD.")]),
      errors: [.providerNotConfigured, .providerFailed], body: .later(balance)),
  ]

  private enum Parameters {
    static let input = Parameter(
      "input", .object, about: "As for submit; the prompt may be absent. Fields with local files are not sent.")
    static let model = Parameter(optional: "model", .model, about: "The model; the default model if absent.")
    static let provider = Parameter(
      optional: "provider", .provider, about: "The provider; the default provider if absent.")
  }

  @Sendable private static func quote(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    var request = PredictionRequest(input: try params[Parameters.input])
    request.model = try params[Parameters.model]
    request.provider = try params[Parameters.provider]
    request = service.withClientSettings(request)
    let engine = try service.engine()
    do throws(PredictionEngine.PriceError) {
      try engine.quote(request) { result in
        switch result {
        case .failure(let error): call.error(.price(error))
        case .success(let quote): call.result(quote.json)
        }
      }
    } catch {
      throw .price(error)
    }
  }

  @Sendable private static func balance(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let provider = service.provider(try params[Parameters.provider])
    let engine = try service.engine()
    do throws(PredictionEngine.PriceError) {
      try engine.balance(of: provider) { result in
        switch result {
        case .failure(let error): call.error(.price(error))
        case .success(let balance): call.result(balance.json)
        }
      }
    } catch {
      throw .price(error)
    }
  }
}

extension Quote {
  /// The result of `quote`: `{amount, currency, exact, missing}`.
  public var json: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.amount(micros, currency)
    json.name("exact")
    json.value(isExact)
    json.name("missing")
    json.value(.array((missing ?? []).map { .string($0) }))
    json.endObject()
    return json.bytes
  }
}

extension Balance {
  /// The result of `balance`: `{amount, currency}`.
  public var json: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.amount(micros, currency)
    json.endObject()
    return json.bytes
  }
}

extension JSONWriter {
  /// Writes the members `amount` and `currency`.
  mutating func amount(_ micros: Int64, _ currency: String) {
    name("amount")
    raw(Money.spelling(micros))
    name("currency")
    value(currency)
  }
}
