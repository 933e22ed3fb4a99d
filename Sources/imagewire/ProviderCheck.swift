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
  ///   - replies: needed to make the provider; nothing is stored.
  static func run(
    _ type: any ListedProvider.Type, _ access: ProviderAccess, baseURL: String?, key: String, replies: any ReplyStore
  ) throws(Setup.Stop) -> Outcome {
    let http = HTTPClient()
    defer { http.close() }
    let base = access.completed(baseURL ?? access.defaultBaseURL)
    if BaseURL.isCleartext(base) {
      throw Setup.Stop(message: "\(base) is not encrypted, so others could read the key on its way. Use https://.")
    }
    let way = Reachability(baseURL: base, path: access.healthPath, key: key, http: http)
    switch wait(for: way.ask) ?? .failed("It did not answer in time.") {
    case .insecure(let text):
      throw Setup.Stop(message: "The connection to \(way.host) is not trusted: \(text)")
    case .failed(let text): throw Setup.Stop(message: "\(way.host) cannot be reached: \(text)")
    case .status(401), .status(403): return .refused("\(way.host) does not accept the key.")
    case .status(let status) where !(200..<300).contains(status):
      throw Setup.Stop(message: "\(way.host) answers with HTTP \(status), so the key cannot be checked.")
    case .status: break
    }
    let service = type.make(
      ProviderParts(
        baseURL: base, key: key, account: "", replies: replies, http: http, files: WorkQueue(),
        replyQueue: WorkQueue(), version: Version.number, time: SystemTime()))
    guard let pricing = service.pricing else { return .accepted(Facts(model: "")) }
    let model = service.defaultModel
    let balance = wait(for: pricing.balance).flatMap { try? $0.get().micros }
    let input = JSONObject([("prompt", .string("a red fox in snow"))])
    let quote = wait { pricing.quote(model: model, input: input, completion: $0) }
    return .accepted(Facts(balance: balance, price: quote.flatMap { try? $0.get().micros }, model: model))
  }

  private static func wait<Value: Sendable>(for start: (@escaping @Sendable (Value) -> Void) -> Void) -> Value? {
    let box = Protected<Value?>(nil)
    start { value in box.signal { $0 = value } }
    return box.wait(atMost: patience) { $0 }
  }
}
