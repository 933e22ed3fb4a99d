/// The cost of an account's POSTs of one day (UTC): the facts that `SpendingPolicy` decides by. A store reads them
/// inside the transaction that claims.
///
/// A POST counts while it may be billed: it was accepted, found in the provider's history, or its outcome is open.
/// Refused and unsent ones cost nothing, but a price that was quoted for them is a known price of their model.
public struct Ledger: Sendable, Equatable {
  /// The POSTs of one model, either those of agents or all others. Amounts are millionths of a dollar.
  public struct Line: Sendable, Equatable {
    /// The model's name at the provider; empty where it was not recorded.
    public var model: String
    /// Whether agents (MCP) requested them.
    public var isAgents: Bool
    /// The sum of the known prices of the POSTs that count.
    public var priced: Int64
    /// How many POSTs that count have no known price.
    public var unpriced: Int64
    /// The highest known price of any of the POSTs; `nil` where none is known.
    public var dearest: Int64?
    /// How many images the POSTs that count requested.
    public var images: Int64

    /// A line.
    public init(
      model: String, isAgents: Bool = false, priced: Int64 = 0, unpriced: Int64 = 0, dearest: Int64? = nil,
      images: Int64 = 0
    ) {
      self.model = model
      self.isAgents = isAgents
      self.priced = priced
      self.unpriced = unpriced
      self.dearest = dearest
      self.images = images
    }
  }

  /// One for each model, for agents and for others; in any order.
  public var lines: [Line]

  /// A day's POSTs.
  public init(_ lines: [Line] = []) {
    self.lines = lines
  }

  /// The cost of the day before the next POST, in millionths of a dollar, including POSTs that may still be billed.
  ///
  /// A process without `--max-spend` sends without asking for a price. Each such POST counts as the highest price known
  /// for its model that day; where none is known, as the highest price known for the account that day. The price of the
  /// next POST is one of the known prices. Without a `next` and without any known price they count nothing.
  public func spent(before next: (model: String, price: Int64)? = nil) -> Int64 {
    var dearest: [String: Int64] = [:]
    if let next { dearest[next.model] = next.price }
    for line in lines {
      if let price = line.dearest { dearest[line.model] = max(price, dearest[line.model] ?? 0) }
    }
    let usual = dearest.values.max() ?? 0
    return lines.reduce(0) { sum, line in
      Money.sum(sum, line.priced, Money.product(line.unpriced, dearest[line.model] ?? usual))
    }
  }

  /// The requests of agents. A POST without a price counts with its images only.
  public var agents: AgentUse {
    lines.reduce(AgentUse()) { use, line in
      line.isAgents ? use.adding(images: line.images, micros: line.priced) : use
    }
  }
}
