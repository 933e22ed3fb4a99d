internal import HTTP
internal import JSON
internal import Predictions
internal import Providers
internal import Threads

/// Checks a key with a free request to its provider, and asks for the balance and a price.
enum ProviderCheck {
  /// The answers of the provider.
  struct Facts {
    /// Millionths of a dollar; `nil` where it is not known.
    var balance: Int64?
    /// The price of an image of the default model, in millionths of a dollar; `nil` where it is not known.
    var price: Int64?
    var model: String

    func sentence(_ provider: String) -> String {
      var text = "\(provider) accepts the key."
      if let balance { text += " Balance: \(Money.dollars(balance))." }
      if let price { text += " An image of \(model) costs about \(Money.dollars(price))." }
      return text
    }
  }

  /// The result of the check.
  enum Outcome {
    case accepted(Facts)
    /// The provider refused the key; a sentence for people.
    case refused(String)
  }

  private static let patience: Int64 = 20_000

  /// - Parameters:
  ///   - baseURL: `nil` for the default.
  ///   - key: never shown.
  static func run(provider: String, baseURL: String?, key: String) throws(Setup.Stop) -> Outcome {
    let http = HTTPClient()
    defer { http.close() }
    let isOpenAI = provider == "openai"
    let base =
      isOpenAI ? OpenAI.completed(baseURL: baseURL ?? OpenAI.defaultBaseURL) : baseURL ?? WaveSpeed.defaultBaseURL
    if BaseURL.isCleartext(base) {
      throw Setup.Stop(message: "\(base) is not encrypted, so others could read the key on its way. Use https://.")
    }
    let way = Reachability(baseURL: base, path: isOpenAI ? "/models" : "/api/v3/balance", key: key, http: http)
    switch wait(for: way.ask) ?? .failed("It did not answer in time.") {
    case .insecure(let text):
      throw Setup.Stop(message: "The connection to \(way.host) is not trusted: \(text)")
    case .failed(let text): throw Setup.Stop(message: "\(way.host) cannot be reached: \(text)")
    case .status(401), .status(403): return .refused("\(way.host) does not accept the key.")
    case .status(let status) where !(200..<300).contains(status):
      throw Setup.Stop(message: "\(way.host) answers with HTTP \(status), so the key cannot be checked.")
    case .status: break
    }
    guard !isOpenAI else { return .accepted(Facts(model: "")) }
    let service = WaveSpeed(
      baseURL: base, key: key, account: "", http: http, clientVersion: Version.number,
      now: { SystemTime().now.wall })
    let balance = wait(for: service.balance).flatMap { try? $0.get().micros }
    let input = JSONObject([("prompt", .string("a red fox in snow"))])
    let quote = wait { service.quote(model: service.defaultModel, input: input, completion: $0) }
    return .accepted(
      Facts(balance: balance, price: quote.flatMap { try? $0.get().micros }, model: service.defaultModel))
  }

  private static func wait<Value: Sendable>(for start: (@escaping @Sendable (Value) -> Void) -> Void) -> Value? {
    let box = Protected<Value?>(nil)
    start { value in box.signal { $0 = value } }
    return box.wait(atMost: patience) { $0 }
  }
}
