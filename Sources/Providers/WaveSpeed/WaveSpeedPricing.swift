public import JSON
public import Predictions

/// Prices, `POST …/model/price`, and the balance, `GET …/balance`. Both are free.
extension WaveSpeed: ProviderPricing {
  /// The discounted price, which is billed. Not called exact: for an incomplete input the service answers with a base
  /// price without saying so. Whether it is complete, `PriceFormula` tells.
  public func quote(
    model: String, input: JSONObject, atMost milliseconds: Int64,
    completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void
  ) {
    var body = JSONWriter()
    body.value(["model_id": .string(model), "inputs": .object(input)] as JSONValue)
    ask("/api/v3/model/price", body: body.bytes, atMost: milliseconds) { result in
      completion(
        result.flatMap { answer in
          guard let object = answer.object,
            let price = Self.price(full: amount(object["price"]), discounted: amount(object["discounted_price"]))
          else {
            return .failure(unreadable("price"))
          }
          return .success(Quote(micros: price, currency: currency(object), isExact: false))
        })
    }
  }

  /// The balance of the account.
  public func balance(completion: @escaping @Sendable (Result<Balance, ProviderError>) -> Void) {
    ask("/api/v3/balance", body: nil) { result in
      completion(
        result.flatMap { answer in
          guard let object = answer.object, let balance = object["balance"]?.number?.double, abs(balance) < 1e9 else {
            return .failure(unreadable("balance"))
          }
          return .success(Balance(micros: Int64((balance * 1e6).rounded()), currency: currency(object)))
        })
    }
  }

  /// A discounted price of 0 means that there is no discount; only a full price of 0 means free.
  static func price(full: Int64?, discounted: Int64?) -> Int64? {
    if let discounted, discounted > 0 { return discounted }
    return full
  }

  private func amount(_ value: JSONValue?) -> Int64? { value?.number.flatMap { Money.micros($0.double) } }

  private func currency(_ object: JSONObject) -> String { object["currency"]?.string?.uppercased() ?? "USD" }

  func unreadable(_ what: String) -> ProviderError {
    ProviderError(message: "The provider's answer has no \(what).", isRetryable: true)
  }
}
