internal import JSON

/// Prices that providers quoted recently. A price depends on the model and on every field of the input except the
/// prompt.
struct QuoteCache: Sendable {
  /// How long a price is used, in milliseconds.
  static let lifetime: Int64 = 600_000
  private static let limit = 256

  private var prices: [[UInt8]: (micros: Int64, at: Int64)] = [:]

  /// The price of an input in millionths of a dollar; `nil` where none was quoted recently.
  func micros(_ provider: String, _ model: String, _ input: JSONObject, now: Int64) -> Int64? {
    guard let price = prices[Self.key(provider, model, input)], now - price.at < Self.lifetime else { return nil }
    return price.micros
  }

  /// Adds a price.
  mutating func note(_ micros: Int64, _ provider: String, _ model: String, _ input: JSONObject, now: Int64) {
    if prices.count >= Self.limit { prices.removeAll(keepingCapacity: true) }
    prices[Self.key(provider, model, input)] = (micros, now)
  }

  private static func key(_ provider: String, _ model: String, _ input: JSONObject) -> [UInt8] {
    Fingerprint.of(
      provider: provider, model: model,
      input: JSONObject(input.members.filter { $0.name != "prompt" }.map { ($0.name, $0.value) }))
  }
}
