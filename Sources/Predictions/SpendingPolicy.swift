/// Spending limits, and whether a prediction may be sent under them.
///
/// Pure: used by the engine at acceptance where the price is known, and by a store inside the transaction that claims.
public struct SpendingPolicy: Sendable, Equatable {
  /// For this prediction alone (`max_cost`), in millionths of a dollar; `nil` for no limit.
  public var maxCost: Int64?
  /// For all POSTs of the account in a day (`--max-spend`), likewise.
  public var maxSpend: Int64?
  /// Whether `maxSpend` refuses predictions without a known price (`--max-spend-strict`).
  public var isStrict: Bool
  /// For the requests of agents in a day; `nil` where none hold.
  public var caps: AgentCaps?
  /// The provider's name, for people.
  public var provider: String
  /// Whether the provider quotes prices.
  public var hasPrices: Bool

  /// The known price of a prediction.
  public enum Price: Sendable, Equatable {
    /// In millionths of a dollar.
    case known(Int64)
    /// The price was not requested yet.
    case unasked
    /// It was requested, and there is no price in dollars; the reason, in one sentence.
    case unknown(String)
  }

  /// The decision.
  public enum Verdict: Sendable, Equatable {
    /// It may be sent.
    case allowed
    /// The decision needs the price, which must be requested first.
    case needsPrice
    /// It is too expensive, or its price must be known and is not.
    case refused(BudgetRefusal)
  }

  /// Limits.
  public init(
    maxCost: Int64? = nil, maxSpend: Int64? = nil, isStrict: Bool = false, caps: AgentCaps? = nil, provider: String,
    hasPrices: Bool
  ) {
    self.maxCost = maxCost
    self.maxSpend = maxSpend
    self.isStrict = isStrict
    self.caps = caps
    self.provider = provider
    self.hasPrices = hasPrices
  }

  /// Whether a prediction may be sent.
  ///
  /// - Parameters:
  ///   - images: how many images it requests.
  ///   - reset: when the day ends, for people.
  ///   - ledger: the account's POSTs of the day; called only where a limit of the day holds.
  public func verdict<Failure>(
    model: String, price: Price, images: Int64, reset: String, ledger: () throws(Failure) -> Ledger
  ) throws(Failure) -> Verdict {
    guard maxCost != nil || maxSpend != nil || caps != nil else { return .allowed }
    if hasPrices, price == .unasked, maxCost != nil || maxSpend != nil || caps?.micros != nil { return .needsPrice }
    guard case .known(let micros) = price else {
      if let refusal = refusalWithoutPrice(price) { return .refused(refusal) }
      guard let caps else { return .allowed }
      let use = try ledger().agents
      return caps.refusal(images: images, price: nil, after: use, reset: reset).map { .refused($0) } ?? .allowed
    }
    if let maxCost, micros > maxCost {
      return .refused(
        BudgetRefusal("It would cost \(Money.dollars(micros)), and max_cost is \(Money.dollars(maxCost))."))
    }
    guard maxSpend != nil || caps != nil else { return .allowed }
    let ledger = try ledger()
    if let maxSpend {
      let spent = ledger.spent(before: (model, micros))
      if Money.sum(spent, micros) > maxSpend {
        return .refused(
          BudgetRefusal(
            """
            It would cost \(Money.dollars(micros)); today \(Money.dollars(spent)) of the \(Money.dollars(maxSpend)) of \
            --max-spend are spent or promised.
            """))
      }
    }
    let refusal = caps?.refusal(images: images, price: micros, after: ledger.agents, reset: reset)
    return refusal.map { .refused($0) } ?? .allowed
  }

  /// `max_cost` always needs the price, since it was set for this prediction. The day's limit needs the price where the
  /// provider quotes prices; predictions of other providers are allowed unless the limit is strict.
  private func refusalWithoutPrice(_ price: Price) -> BudgetRefusal? {
    let why =
      if case .unknown(let reason) = price { "its price could not be learned: \(reason)" } else {
        "the provider \"\(provider)\" does not say what things cost."
      }
    if maxCost != nil {
      return BudgetRefusal(
        "max_cost is set, and \(why)", hint: hasPrices ? "Submit it again later." : "Submit it without max_cost.")
    }
    guard maxSpend != nil, hasPrices || isStrict else { return nil }
    return BudgetRefusal(
      hasPrices ? "--max-spend is set, and \(why)" : "--max-spend-strict is set, and \(why)",
      hint: hasPrices ? "Submit it again later." : "Start imagewire without --max-spend-strict.")
  }
}

/// Why a spending limit refuses a prediction.
public struct BudgetRefusal: Error, Sendable, Equatable {
  /// One sentence for people.
  public var reason: String
  /// What to do next.
  public var hint: String

  /// A refusal.
  public init(
    _ reason: String,
    hint: String = "Raise max_cost or --max-spend (which counts from midnight UTC), or choose a cheaper input."
  ) {
    self.reason = reason
    self.hint = hint
  }
}
