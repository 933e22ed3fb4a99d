public import JSON
public import Predictions

/// What the service says about money: `POST …/model/price` and `GET …/balance`. Neither costs anything.
extension WaveSpeed: ProviderPricing {
  /// The discounted price, which is what is billed. Never called exact: the service takes an incomplete input without a
  /// word and then answers with a base price.
  public func quote(
    model: String, input: JSONObject, completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void
  ) {
    var body = JSONWriter()
    body.value(["model_id": .string(model), "inputs": .object(input)] as JSONValue)
    ask("/api/v3/model/price", body: body.bytes) { result in
      completion(
        result.flatMap { object in
          guard let price = amount(object["discounted_price"]) ?? amount(object["price"]) else {
            return .failure(unreadable("price"))
          }
          return .success(Quote(micros: price, currency: currency(object), isExact: false))
        })
    }
  }

  /// What is left on the account.
  public func balance(completion: @escaping @Sendable (Result<Balance, ProviderError>) -> Void) {
    ask("/api/v3/balance", body: nil) { result in
      completion(
        result.flatMap { object in
          guard let balance = object["balance"]?.number?.double, abs(balance) < 1e9 else {
            return .failure(unreadable("balance"))
          }
          return .success(Balance(micros: Int64((balance * 1e6).rounded()), currency: currency(object)))
        })
    }
  }

  private func ask(
    _ path: String, body: [UInt8]?, completion: @escaping @Sendable (Result<JSONObject, ProviderError>) -> Void
  ) {
    guard let headers = headers() else {
      return completion(
        .failure(
          ProviderError(
            message: "The key is empty or holds characters that no key has.", hint: "Check WAVESPEED_API_KEY.",
            isRetryable: false)))
    }
    http.send(HTTPRequest(url: base.text + path, headers: headers, body: body, limits: .init(total: 30_000))) {
      result in
      switch result {
      case .failure(let failure):
        completion(
          .failure(ProviderError(message: clean(failure.message), hint: "Check the network.", isRetryable: true)))
      case .success(let response):
        let answer = WaveSpeedAnswer(response)
        let status = answer?.status ?? response.status
        guard (200..<300).contains(status), let object = answer?.object else {
          let said = answer?.message.map { ": \(clean($0))" } ?? "."
          return completion(
            .failure(
              ProviderError(
                message: "The provider answered HTTP \(status)\(said)",
                hint: status == 401 || status == 403 ? "Check WAVESPEED_API_KEY." : nil,
                isRetryable: status == 429 || status >= 500)))
        }
        completion(.success(object))
      }
    }
  }

  private func amount(_ value: JSONValue?) -> Int64? { value?.number.flatMap { Money.micros($0.double) } }

  private func currency(_ object: JSONObject) -> String { object["currency"]?.string?.uppercased() ?? "USD" }

  private func unreadable(_ what: String) -> ProviderError {
    ProviderError(message: "The provider's answer has no \(what).", isRetryable: true)
  }
}
