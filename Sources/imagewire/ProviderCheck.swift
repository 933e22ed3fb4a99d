internal import HTTP
internal import JSON
internal import Predictions
internal import Providers
internal import Threads

/// Asks a provider, for free, whether it takes a key and what is left on its account.
enum ProviderCheck {
  /// What the provider said.
  struct Facts {
    /// Millionths of a dollar; `nil` where the provider does not say.
    var balance: Int64?
    /// The price of one image of the usual model, likewise.
    var price: Int64?
    var model: String

    func sentence(_ provider: String) -> String {
      var text = "\(provider) accepts the key."
      if let balance { text += " Balance: \(Money.dollars(balance))." }
      if let price { text += " An image of \(model) costs about \(Money.dollars(price))." }
      return text
    }
  }

  /// How the check ended.
  enum Outcome {
    case accepted(Facts)
    /// The key is not taken; a sentence says so.
    case refused(String)
  }

  private static let patience: Int64 = 20_000

  /// - Parameters:
  ///   - baseURL: `nil` for the provider's usual one.
  ///   - key: in no sentence.
  static func run(provider: String, baseURL: String?, key: String) throws(Setup.Stop) -> Outcome {
    let http = HTTPClient()
    defer { http.close() }
    let isOpenAI = provider == "openai"
    let base =
      isOpenAI ? OpenAI.completed(baseURL: baseURL ?? OpenAI.defaultBaseURL) : baseURL ?? WaveSpeed.defaultBaseURL
    if BaseURL.isCleartext(base) {
      throw Setup.Stop(message: "\(base) is not encrypted, so everyone on the way could read the key. Use https://.")
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
