internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods that answer prices and balances; none of them spends anything.
  static let money: [Method] = [
    Method(
      "quote", "Returns the price of a prediction; spends nothing.",
      [Parameters.input, Parameters.model, Parameters.provider],
      result: .object([
        "amount": .number, "currency": .string.about("ISO 4217: USD."),
        "exact": .bool.about("Whether this is the price that will be billed, not an estimate."),
      ]), errors: [.providerNotConfigured, .providerFailed], body: .later(quote)),
    Method(
      "balance", "Returns the balance of the provider's account.", [Parameters.provider],
      result: .object(["amount": .number, "currency": .string.about("ISO 4217: USD.")]),
      errors: [.providerNotConfigured, .providerFailed], body: .later(balance)),
  ]

  private enum Parameters {
    static let input = Parameter("input", .object, about: "As for submit; the prompt may be absent.")
    static let model = Parameter(optional: "model", .model)
    static let provider = Parameter(optional: "provider", .provider)
  }

  @Sendable private static func quote(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    var request = PredictionRequest(input: try params[Parameters.input])
    request.model = try params[Parameters.model]
    request.provider = try params[Parameters.provider]
    let engine = try service.engine()
    do throws(PredictionEngine.PriceError) {
      try engine.quote(request) { result in
        answer(call, result.map { ($0.micros, $0.currency, $0.isExact) })
      }
    } catch {
      throw .price(error)
    }
  }

  @Sendable private static func balance(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let provider = try params[Parameters.provider]
    let engine = try service.engine()
    do throws(PredictionEngine.PriceError) {
      try engine.balance(of: provider) { result in
        answer(call, result.map { ($0.micros, $0.currency, nil) })
      }
    } catch {
      throw .price(error)
    }
  }

  private static func answer(
    _ call: PendingCall,
    _ result: Result<(micros: Int64, currency: String, isExact: Bool?), PredictionEngine.PriceError>
  ) {
    switch result {
    case .failure(let error): call.error(.price(error))
    case .success(let price):
      var json = JSONWriter()
      json.beginObject()
      json.name("amount")
      json.raw(Money.spelling(price.micros))
      json.name("currency")
      json.value(price.currency)
      if let isExact = price.isExact {
        json.name("exact")
        json.value(isExact)
      }
      json.endObject()
      call.result(json.bytes)
    }
  }
}
