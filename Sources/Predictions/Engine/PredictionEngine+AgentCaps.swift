internal import Threads

/// The caps of agents, and what a user grants beyond them.
extension PredictionEngine {
  /// A user's permission that agents request as much again today on an account.
  public struct AgentGrant: Sendable, Hashable {
    /// The account.
    public let account: String
    /// The day (UTC), as its first millisecond since 1970.
    public let day: Int64
    /// What is granted on that day with it.
    public let grants: AgentGrants
    /// What it adds, in words: "50 images and $10.00".
    public let amount: String
    /// When the day ends, for people.
    public let reset: String
  }

  /// The caps for a request; `nil` where none hold.
  func caps(for request: PredictionRequest, at provider: any Provider) -> AgentCaps? {
    request.origin == nil ? nil : agentCaps(at: provider)
  }

  /// The caps at a provider with what was granted today; `nil` where none hold.
  private func agentCaps(at provider: any Provider) -> AgentCaps? {
    let caps = limits.agentCaps
    guard provider.isLimited, caps.images != nil || caps.micros != nil else { return nil }
    return caps.adding((try? store.agentGrants(of: provider.account)) ?? AgentGrants())
  }

  private var endOfDay: String { time.clock(Money.endOfDay(time.now.wall)) }

  /// Why the caps refuse a request of an agent, and the grant that would allow it; `nil` where they allow it, and where no
  /// single grant is enough.
  ///
  /// - Parameter price: in millionths of a dollar; `nil` where it is not known.
  public func agentGrant(
    for request: PredictionRequest, price: Int64?
  ) -> (refusal: BudgetRefusal, grant: AgentGrant)? {
    guard let provider = try? provider(named: request.provider), let caps = agentCaps(at: provider),
      let use = try? store.agentUse(of: provider.account), let known = try? store.agentGrants(of: provider.account)
    else { return nil }
    let (images, reset) = (RequestedImages.count(in: request.input), endOfDay)
    // An unknown price counts nothing here: it is judged before the POST.
    func refusal(_ caps: AgentCaps) -> BudgetRefusal? {
      caps.refusal(images: images, price: price ?? 0, after: use, reset: reset)
    }
    let grants = known.adding(limits.agentCaps)
    guard let refused = refusal(caps), refusal(limits.agentCaps.adding(grants)) == nil else { return nil }
    let day = Money.startOfDay(time.now.wall)
    let amount = [
      limits.agentCaps.images.map { counted($0, "image") }, limits.agentCaps.micros.map { Money.dollars($0) },
    ].compactMap { $0 }.joined(separator: " and ")
    return (
      refused,
      AgentGrant(account: provider.account, day: day, grants: grants, amount: amount, reset: reset)
    )
  }

  /// Records a grant, for all processes. On a later day than its own it grants nothing.
  public func grant(_ grant: AgentGrant, completion: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
    store.grantAgents(grant.grants, on: grant.account, day: grant.day, completion: completion)
  }

  /// The rest of the caps for agents on a prediction's account, in one sentence; `nil` while more than a fifth is left.
  public func agentWarning(for prediction: Prediction) -> String? {
    state.withLock { $0.providers[prediction.account] }.flatMap { agentWarning(at: $0) }
  }

  /// The same at the provider of a request.
  public func agentWarning(for request: PredictionRequest) -> String? {
    (try? provider(named: request.provider)).flatMap { agentWarning(at: $0) }
  }

  private func agentWarning(at provider: any Provider) -> String? {
    guard let caps = agentCaps(at: provider), let use = try? store.agentUse(of: provider.account) else { return nil }
    return caps.warning(after: use, reset: endOfDay)
  }

  /// The rest of the caps for agents at a provider, in one sentence; `nil` where there are none.
  public func agentsLeft(at name: String?) -> String? {
    guard let provider = try? provider(named: name), let caps = agentCaps(at: provider),
      let use = try? store.agentUse(of: provider.account)
    else { return nil }
    return caps.left(after: use, reset: endOfDay)
  }
}
