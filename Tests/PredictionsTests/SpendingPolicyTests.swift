import Predictions
import Testing

/// Every spending limit with every kind of price.
@Suite("Spending limits")
struct SpendingPolicyTests {
  private struct Unread: Error {}

  private func policy(
    maxCost: Int64? = nil, maxSpend: Int64? = nil, isStrict: Bool = false, caps: AgentCaps? = nil,
    hasPrices: Bool = true
  ) -> SpendingPolicy {
    SpendingPolicy(
      maxCost: maxCost, maxSpend: maxSpend, isStrict: isStrict, caps: caps, provider: "own", hasPrices: hasPrices)
  }

  private func verdict(
    _ policy: SpendingPolicy, _ price: SpendingPolicy.Price, images: Int64 = 1, after ledger: Ledger? = Ledger()
  ) throws -> SpendingPolicy.Verdict {
    try policy.verdict(model: "m", price: price, images: images, reset: "01:00 CET") {
      guard let ledger else { throw Unread() }
      return ledger
    }
  }

  private func isRefused(_ verdict: SpendingPolicy.Verdict) -> Bool {
    if case .refused = verdict { true } else { false }
  }

  private static let prices: [SpendingPolicy.Price] = [.known(0), .known(.max), .unasked, .unknown("No.")]

  @Test("without a limit everything is allowed, and nothing is read", arguments: prices, [true, false])
  func unlimited(price: SpendingPolicy.Price, hasPrices: Bool) throws {
    #expect(try verdict(policy(isStrict: true, hasPrices: hasPrices), price, after: nil) == .allowed)
  }

  @Test("a price that can be asked is asked first")
  func asks() throws {
    for policy in [policy(maxCost: 1), policy(maxSpend: 1), policy(caps: AgentCaps(images: nil, micros: 1))] {
      #expect(try verdict(policy, .unasked, after: nil) == .needsPrice)
    }
    #expect(try verdict(policy(caps: AgentCaps(images: 1, micros: nil)), .unasked) == .allowed)
  }

  @Test("a limit of its own is met or not, and needs a price", arguments: [true, false])
  func own(isStrict: Bool) throws {
    #expect(try verdict(policy(maxCost: 5, isStrict: isStrict), .known(5), after: nil) == .allowed)
    #expect(try isRefused(verdict(policy(maxCost: 5, isStrict: isStrict), .known(6), after: nil)))
    #expect(try isRefused(verdict(policy(maxCost: 5, isStrict: isStrict), .unknown("No."), after: nil)))
    #expect(try isRefused(verdict(policy(maxCost: 5, isStrict: isStrict, hasPrices: false), .unasked, after: nil)))
  }

  @Test("a limit of the day counts what was spent; without a price it allows only providers that quote none")
  func day() throws {
    let ledger = Ledger([.init(model: "m", priced: 70)])
    #expect(try verdict(policy(maxSpend: 100), .known(30), after: ledger) == .allowed)
    #expect(try isRefused(verdict(policy(maxSpend: 100), .known(31), after: ledger)))
    #expect(try isRefused(verdict(policy(maxSpend: 100), .unknown("No."), after: ledger)))
    #expect(try verdict(policy(maxSpend: 100, hasPrices: false), .unasked, after: nil) == .allowed)
    #expect(try isRefused(verdict(policy(maxSpend: 100, isStrict: true, hasPrices: false), .unasked, after: nil)))
  }

  @Test("a refusal says that the price could not be learned, and what to do")
  func words() throws {
    guard case .refused(let refusal) = try verdict(policy(maxCost: 5), .unknown("HTTP 503.")) else {
      Issue.record("allowed")
      return
    }
    #expect(refusal.reason == "max_cost is set, and its price could not be learned: HTTP 503.")
    #expect(refusal.hint == "Submit it again later.")
  }

  // MARK: - Agents

  private let used = Ledger([
    .init(model: "m", isAgents: true, priced: 60, unpriced: 2, dearest: 60, images: 8),
    .init(model: "m", priced: 900, images: 90),
  ])

  @Test("agents' caps count agents' images and known prices only")
  func caps() throws {
    let caps = AgentCaps(images: 10, micros: 100)
    #expect(try verdict(policy(caps: caps), .known(40), images: 2, after: used) == .allowed)
    #expect(try isRefused(verdict(policy(caps: caps), .known(40), images: 3, after: used)))
    #expect(try isRefused(verdict(policy(caps: caps), .known(41), images: 1, after: used)))
    #expect(try verdict(policy(caps: caps), .unknown("No."), images: 2, after: used) == .allowed)
    #expect(try isRefused(verdict(policy(caps: caps), .unknown("No."), images: 3, after: used)))
    let strict = AgentCaps(images: 10, micros: 100, refusesUnknownPrices: true)
    #expect(try isRefused(verdict(policy(caps: strict), .unknown("No."), after: used)))
    #expect(try isRefused(verdict(policy(caps: strict, hasPrices: false), .unasked, after: used)))
  }

  @Test("the refusal says when the day ends, the warning how much is left")
  func agentsWords() {
    let caps = AgentCaps(images: 50, micros: 10_000_000)
    let refusal = caps.refusal(images: 10, price: nil, after: AgentUse(images: 45, micros: 0), reset: "01:00 CET")
    #expect(
      refusal?.reason
        == "It requests 10 images; agents may request 50 images a day on this account and have requested 45.")
    #expect(refusal?.hint.hasPrefix("The count starts again at 01:00 CET.") == true)
    #expect(caps.warning(after: AgentUse(images: 39, micros: 7_999_999), reset: "") == nil)
    #expect(
      caps.warning(after: AgentUse(images: 40, micros: 1_000_000), reset: "01:00 CET")
        == "Left for agents until 01:00 CET: 10 of 50 images, $9.00 of $10.00.")
    #expect(
      AgentCaps(images: nil, micros: 10).warning(after: AgentUse(images: 0, micros: 11), reset: "x")
        == "Left for agents until x: $0.00 of $0.00001.")
    #expect(AgentCaps(images: nil, micros: nil).warning(after: AgentUse(images: .max, micros: .max), reset: "") == nil)
  }
}

/// How POSTs without a price are counted.
@Suite("The ledger of a day")
struct LedgerTests {
  @Test("a POST without a price counts as the highest of its model, else of the account; the next price is one of them")
  func unpriced() {
    #expect(Ledger().spent(before: ("m", 5)) == 0)
    #expect(Ledger([.init(model: "m", unpriced: 3)]).spent() == 0, "nothing is known")
    #expect(Ledger([.init(model: "m", unpriced: 3)]).spent(before: ("m", 5)) == 15)
    #expect(Ledger([.init(model: "x", unpriced: 3)]).spent(before: ("m", 5)) == 15)
    let ledger = Ledger([
      .init(model: "m", priced: 10, unpriced: 2, dearest: 7),
      .init(model: "m", isAgents: true, unpriced: 1, dearest: 9),
      .init(model: "x", unpriced: 1), .init(model: "y", priced: 30, dearest: 30),
    ])
    #expect(ledger.spent() == 10 + 3 * 9 + 30 + 30)
    #expect(ledger.spent(before: ("x", 4)) == 10 + 3 * 9 + 4 + 30)
    #expect(ledger.spent(before: ("m", 11)) == 10 + 3 * 11 + 30 + 30)
    #expect(ledger.agents == AgentUse(images: 0, micros: 0))
  }

  @Test("sums are saturated at the largest number")
  func huge() {
    let ledger = Ledger([.init(model: "m", priced: .max, unpriced: .max, dearest: .max)])
    #expect(ledger.spent(before: ("m", .max)) == .max)
  }
}
