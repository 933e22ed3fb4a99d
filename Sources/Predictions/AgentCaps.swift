/// What agents (MCP) may request on an account in a day (UTC), all processes together.
///
/// The caps at acceptance are stored with the prediction, so that a process with other caps that sends it decides as
/// the process that accepted it.
public struct AgentCaps: Sendable, Equatable {
  /// How many images; `nil` for no cap.
  public var images: Int64?
  /// Their cost, in millionths of a dollar; `nil` for no cap.
  public var micros: Int64?
  /// Whether a prediction whose price is not known is refused; otherwise it counts with its images only.
  public var refusesUnknownPrices: Bool

  /// The default: 50 images and $10.
  public static let standard = AgentCaps(images: 50, micros: 10_000_000)

  /// Caps.
  public init(images: Int64?, micros: Int64?, refusesUnknownPrices: Bool = false) {
    self.images = images
    self.micros = micros
    self.refusesUnknownPrices = refusesUnknownPrices
  }

  /// The caps with what users have granted today.
  public func adding(_ grants: AgentGrants) -> AgentCaps {
    var caps = self
    caps.images = images.map { Money.sum($0, grants.images) }
    caps.micros = micros.map { Money.sum($0, grants.micros) }
    return caps
  }

  /// Why one more prediction exceeds a cap; `nil` where it does not.
  ///
  /// - Parameters:
  ///   - images: how many images it requests.
  ///   - price: in millionths of a dollar; `nil` where it is not known.
  ///   - use: the requests of agents today.
  ///   - reset: when the day ends, for people.
  public func refusal(images asked: Int64, price: Int64?, after use: AgentUse, reset: String) -> BudgetRefusal? {
    if let limit = images, Money.sum(use.images, asked) > limit {
      return BudgetRefusal(
        """
        It requests \(counted(asked, "image")); agents may request \(counted(limit, "image")) a day on this account and have \
        requested \(use.images).
        """,
        hint: "The count starts again at \(reset). --agent-max-images raises it (0 for no limit).")
    }
    guard let limit = micros else { return nil }
    guard let price else {
      guard refusesUnknownPrices else { return nil }
      return BudgetRefusal(
        "Its price is not known, and --max-spend-strict does not let agents request predictions without a price.",
        hint: "Leave out --max-spend-strict, or choose a model whose price is known.")
    }
    guard Money.sum(use.micros, price) > limit else { return nil }
    return BudgetRefusal(
      """
      It would cost \(Money.dollars(price)); agents may spend \(Money.dollars(limit)) a day on this account and have \
      requested \(Money.dollars(use.micros)) worth.
      """,
      hint: "The count starts again at \(reset). --agent-max-spend raises it (0 for no limit).")
  }

  /// The rest of the caps for today, in one sentence; `nil` while less than 80% of each cap is used.
  ///
  /// - Parameter reset: when the day ends, for people.
  public func warning(after use: AgentUse, reset: String) -> String? {
    func isNear(_ used: Int64, _ limit: Int64?) -> Bool {
      limit.map { Money.product(used, 5) >= Money.product($0, 4) } ?? false
    }
    return isNear(use.images, images) || isNear(use.micros, micros) ? left(after: use, reset: reset) : nil
  }

  /// The rest of the caps for today, in one sentence; `nil` where there are none.
  public func left(after use: AgentUse, reset: String) -> String? {
    let left = [
      images.map { "\(max(0, $0 - use.images)) of \(counted($0, "image"))" },
      micros.map { "\(Money.dollars(max(0, $0 - use.micros))) of \(Money.dollars($0))" },
    ].compactMap { $0 }
    guard !left.isEmpty else { return nil }
    return "Left for agents until \(reset): \(left.joined(separator: ", "))."
  }
}

/// What users have granted agents beyond their caps today (UTC) on an account.
public struct AgentGrants: Sendable, Hashable {
  /// How often.
  public var count: Int64
  /// Further images.
  public var images: Int64
  /// Further money, in millionths of a dollar.
  public var micros: Int64

  /// A sum of grants.
  public init(count: Int64 = 0, images: Int64 = 0, micros: Int64 = 0) {
    self.count = count
    self.images = images
    self.micros = micros
  }

  /// The sum with as much as the caps once more.
  public func adding(_ caps: AgentCaps) -> AgentGrants {
    AgentGrants(
      count: Money.sum(count, 1), images: Money.sum(images, caps.images ?? 0),
      micros: Money.sum(micros, caps.micros ?? 0))
  }
}

/// The requests of agents on an account.
public struct AgentUse: Sendable, Equatable {
  /// Requested images.
  public var images: Int64
  /// Known prices, in millionths of a dollar.
  public var micros: Int64

  /// A sum of requests.
  public init(images: Int64 = 0, micros: Int64 = 0) {
    self.images = images
    self.micros = micros
  }

  /// The sum with one more request.
  public func adding(images: Int64, micros: Int64) -> AgentUse {
    AgentUse(images: Money.sum(self.images, images), micros: Money.sum(self.micros, micros))
  }
}
