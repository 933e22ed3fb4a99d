internal import JSON

/// Prices that providers quoted recently. A price depends on the model and on every field of the input except the
/// prompt.
struct QuoteCache: Sendable {
  /// How long a price is used, in milliseconds.
  static let lifetime: Int64 = 600_000
  private static let limit = 256

  private var quotes: [[UInt8]: (quote: Quote, at: Int64)] = [:]

  /// The price of an input; `nil` where none was quoted recently.
  func quote(_ provider: String, _ model: String, _ input: JSONObject, now: Int64) -> Quote? {
    guard let known = quotes[Self.key(provider, model, input)], now - known.at < Self.lifetime else { return nil }
    return known.quote
  }

  /// Adds a price.
  mutating func note(_ quote: Quote, _ provider: String, _ model: String, _ input: JSONObject, now: Int64) {
    if quotes.count >= Self.limit { quotes.removeAll(keepingCapacity: true) }
    quotes[Self.key(provider, model, input)] = (quote, now)
  }

  private static func key(_ provider: String, _ model: String, _ input: JSONObject) -> [UInt8] {
    Fingerprint.of(
      provider: provider, model: model,
      input: JSONObject(input.members.filter { $0.name != "prompt" }.map { ($0.name, $0.value) }))
  }
}
