/// Decides whether a queued prediction of an account may be sent now; Sources/Predictions/README.md, "Who may claim".
///
/// Pure: a store brings the facts as they are inside the transaction that claims, and applies the decision there.
public struct ClaimPolicy: Sendable, Equatable {
  /// What the claiming process asks for, with its limits.
  public let request: ClaimRequest

  /// What follows for the prediction whose turn it is.
  public enum Decision: Sendable, Equatable {
    /// It is claimed: the store applies `claimed` and records its POST.
    case claim
    /// It ends unsent: the store applies this event.
    case end(PredictionEvent)
    /// Nothing is written.
    case hold(ClaimOutcome)
  }

  /// POSTs are counted over so many milliseconds for `maxPerMinute`.
  static let minute: Int64 = 60_000
  /// A POST may lie so far in the future, in milliseconds, and is counted: clocks of processes are read at different times.
  static let clockTolerance: Int64 = 1_000
  /// A prediction takes a slot of `maxConcurrency` for so many milliseconds after its start.
  static let slotLifetime: Int64 = 600_000
  /// Another process may free a slot and cannot say so; the claim is tried again after so many milliseconds.
  static let slotRetry: Int64 = 1_000

  /// A policy for one claim.
  public init(_ request: ClaimRequest) {
    self.request = request
  }

  // MARK: - Which prediction

  /// Whether it matters that the process which accepted a prediction has exited.
  public var distinguishesOrphans: Bool { request.orphans != .sent }

  /// Whether a queued prediction may be the next one, once the older ones are claimed or passed over.
  ///
  /// - Parameter isOrphan: whether the process that accepted it has exited.
  public func mayBeNext(_ prediction: Prediction, isOrphan: Bool) -> Bool {
    if prediction.awaitsAddresses, !request.mayUpload, !isUploaded(prediction) { return false }
    return !isOrphan || request.orphans != .searched(now: false)
  }

  private func isUploaded(_ prediction: Prediction) -> Bool {
    request.uploaded.contains { $0.id == prediction.id }
  }

  /// The input to be recorded with the claim as sent; `nil` where it is sent as the caller wrote it.
  public func sentInput(of prediction: Prediction) -> [UInt8]? {
    request.uploaded.first { $0.id == prediction.id }?.sent
  }

  // MARK: - Whether it may be sent

  /// Decides about the prediction whose turn it is. Reads only the facts that the decision needs.
  ///
  /// - Parameters:
  ///   - now: milliseconds since 1970.
  ///   - reset: when the day ends, for people.
  public func decision<Facts: ClaimFacts>(
    on next: Prediction, isOrphan: Bool, at now: Int64, reset: String, facts: Facts
  ) throws(Facts.Failure) -> Decision {
    let isOrphan = isOrphan && distinguishesOrphans
    if let pause = try facts.pause(), pause.remaining(at: now) != nil { return .hold(.paused(pause, next: next)) }
    if isOrphan, case .sentWithin(let limit) = request.orphans, now - next.lastSeen > limit {
      return .end(.interrupted)
    }
    if let wait = try rateWait(at: now, facts) { return .hold(.denied(retryAfter: wait)) }
    if let wait = try slotWait(at: now, facts) { return .hold(.denied(retryAfter: wait)) }
    if isOrphan, case .searched = request.orphans { return .hold(.needsSearch(next)) }
    if next.usesDefaultModel, !request.skipsLookup, try facts.sighting()?.holds(for: next.model, at: now) != true {
      return .hold(.needsLookup(next))
    }
    if next.awaitsAddresses, !isUploaded(next) { return .hold(.needsUpload(next)) }
    return switch try spending(on: next, reset: reset, facts) {
    case .allowed: request.isPrepared ? .claim : .hold(.needsPreparation)
    case .needsPrice: .hold(.needsPrice(next))
    case .refused(let refusal): .end(.overBudget(refusal))
    }
  }

  /// How long the limit of POSTs in a minute forbids another one, in milliseconds.
  private func rateWait<Facts: ClaimFacts>(at now: Int64, _ facts: Facts) throws(Facts.Failure) -> Int64? {
    guard let limit = request.maxPerMinute else { return nil }
    // POSTs further in the future are of a clock that was set back since, and would forbid every claim until then.
    let window = now - Self.minute + 1...now + Self.clockTolerance
    let newest = try facts.sendTimes(in: window, atMost: max(0, limit))
    guard newest.count >= limit else { return nil }
    // When the oldest of the newest `limit` POSTs is a minute old, another one may be sent.
    return max(1, (newest.last ?? now) + Self.minute - now)
  }

  /// How long all slots are taken, or when to ask again, in milliseconds.
  private func slotWait<Facts: ClaimFacts>(at now: Int64, _ facts: Facts) throws(Facts.Failure) -> Int64? {
    guard let limit = request.maxConcurrency else { return nil }
    let underWay = try facts.underWay(startedAfter: now - Self.slotLifetime)
    guard underWay.count >= limit else { return nil }
    return min(Self.slotRetry, max(1, (underWay.oldestStart ?? now) + Self.slotLifetime - now))
  }

  private func spending<Facts: ClaimFacts>(
    on next: Prediction, reset: String, _ facts: Facts
  ) throws(Facts.Failure) -> SpendingPolicy.Verdict {
    let policy = SpendingPolicy(
      maxCost: next.maxCostMicros, maxSpend: request.maxSpendMicros, isStrict: request.isSpendingStrict,
      caps: next.caps, provider: next.provider, hasPrices: request.hasPrices)
    let price: SpendingPolicy.Price =
      if let known = next.estimateMicros { .known(known) } else if let reason = request.unpriced[next.id] {
        .unknown(reason)
      } else { .unasked }
    return try policy.verdict(model: next.model, price: price, images: next.images, reset: reset) {
      () throws(Facts.Failure) in try facts.ledger()
    }
  }
}

extension Prediction {
  /// When a process last knew that it was not sent: at its acceptance or, while it waited for outputs of others, when its
  /// time was last due for renewal.
  fileprivate var lastSeen: Int64 { attendedAt.map { max(createdAt, $0 + ChainPolicy.renewal) } ?? createdAt }
}

/// The facts about an account by which `ClaimPolicy` decides. A store reads them inside the transaction that claims.
public protocol ClaimFacts {
  /// Why a fact could not be read.
  associatedtype Failure: Error

  /// The account's present or last pause; `nil` where there never was one.
  func pause() throws(Failure) -> AccountPause?

  /// When the account's POSTs in a window were sent: the newest ones first, at most `limit`. Milliseconds since 1970.
  func sendTimes(in window: ClosedRange<Int64>, atMost limit: Int) throws(Failure) -> [Int64]

  /// The account's predictions in `sending` or `polling` that started after a moment: how many, and when the oldest of
  /// them started. Milliseconds since 1970.
  func underWay(startedAfter moment: Int64) throws(Failure) -> (count: Int, oldestStart: Int64?)

  /// When the provider's catalogue last listed the account's default model.
  func sighting() throws(Failure) -> ModelSighting?

  /// The account's POSTs of today.
  func ledger() throws(Failure) -> Ledger
}
