internal import JSON
internal import JSONRPC
internal import Predictions

/// What `estimate_cost` answers: the price, the account's balance and what agents may still spend.
struct MCPEstimate: Sendable {
  let engine: PredictionEngine
  let request: PredictionRequest

  /// Asks for the price, then for the balance. Neither is an error for the model: `unknown` is an answer. An input that a
  /// submit would refuse is one.
  func begin(_ completion: @escaping @Sendable (Result<JSONWriter, RPCError>) -> Void) throws(RPCError) {
    do throws(PredictionEngine.PriceError) {
      try engine.quote(request) { [self] quote in
        // The models are known now, as far as they can be.
        if let refusal = engine.refusal(of: request) { return completion(.failure(.submit(refusal))) }
        do throws(PredictionEngine.PriceError) {
          try engine.balance(of: nil) { completion(.success(answer(quote, try? $0.get()))) }
        } catch {
          completion(.success(answer(quote, nil)))
        }
      }
    } catch {
      // A provider without prices.
      guard case .submit = error else { return completion(.success(answer(.failure(error), nil))) }
      throw .price(error)
    }
  }

  private func answer(_ quote: Result<Quote, PredictionEngine.PriceError>, _ balance: Balance?) -> JSONWriter {
    var json = JSONWriter()
    json.beginObject()
    if let model = request.model {
      json.name("model")
      json.value(model)
    }
    json.name("cost")
    switch quote {
    case .success(let quote):
      let amount = quote.micros == 0 ? "nothing" : "\(Money.dollars(quote.micros))"
      json.value(quote.isExact ? amount : "about \(amount)")
      if let missing = quote.missing, !missing.isEmpty {
        json.name("note")
        json.value("The price also depends on \(listed(missing)): more may be billed.")
      }
    case .failure(let error):
      json.value("unknown")
      json.name("note")
      json.value(RPCError.price(error).sentence.description)
    }
    if let balance {
      json.name("balance")
      json.value(Money.dollars(balance.micros))
    }
    if let left = engine.agentsLeft(at: request.provider) {
      json.name("today")
      json.value(left)
    }
    json.endObject()
    return json
  }
}
