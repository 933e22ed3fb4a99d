import JSON
import Testing

@testable import Predictions

@Suite("The cache of prices")
struct QuoteCacheTests {
  private func input(_ members: (String, JSONValue)...) -> JSONObject { JSONObject(members) }

  @Test func aPriceDependsOnEveryFieldButThePrompt() {
    var prices = QuoteCache()
    let quote = Quote(micros: 42, currency: "USD", isExact: false, missing: ["duration"])
    prices.note(quote, "p", "m", input(("prompt", "a"), ("n", 2)), now: 0)
    #expect(prices.quote("p", "m", input(("n", 2), ("prompt", "b")), now: 599_999) == quote)
    #expect(prices.quote("p", "m", input(("n", 2), ("prompt", "b")), now: 600_000) == nil)
    #expect(prices.quote("p", "m", input(("n", 3), ("prompt", "a")), now: 0) == nil)
    #expect(prices.quote("p", "other", input(("n", 2), ("prompt", "a")), now: 0) == nil)
  }
}
