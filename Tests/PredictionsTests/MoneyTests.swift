import Testing

@testable import Predictions

@Suite("Amounts of money")
struct MoneyTests {
  @Test(
    arguments: [
      (0, "$0.00", "0"), (167_000, "$0.167", "0.167"), (1_500_000, "$1.50", "1.5"), (12_000_000, "$12.00", "12"),
      (1, "$0.000001", "0.000001"), (-250_000, "-$0.25", "-0.25"),
    ] as [(Int64, String, String)])
  func moneyIsExact(micros: Int64, dollars: String, spelling: String) {
    #expect(Money.dollars(micros) == dollars)
    #expect(Money.spelling(micros) == spelling)
    if micros >= 0 { #expect(Money.micros(Double(spelling)!) == micros) }
  }

  @Test func invalidAmountsAreRefused() {
    for amount in [-0.01, .nan, .infinity, 1e10] { #expect(Money.micros(amount) == nil) }
  }
}
