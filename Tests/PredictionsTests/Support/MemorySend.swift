import PredictionsTestSupport

@testable import Predictions

/// The record of one POST.
struct MemorySend {
  enum Outcome { case unsent, refused, accepted, adopted }

  let account: String
  let model: String
  let likeness: Likeness?
  let isAgents: Bool
  let images: Int64
  let estimate: Int64?
  var cost: Int64?
  var time: SendTime
  var outcome: Outcome?
  var remoteID: String?

  init(_ prediction: Prediction, _ time: SendTime) {
    account = prediction.account
    model = prediction.model
    likeness = prediction.likeness
    isAgents = prediction.origin != nil
    images = prediction.images
    estimate = prediction.estimateMicros
    self.time = time
  }

  /// Whether it may be billed.
  var counts: Bool { outcome == nil || outcome == .accepted || outcome == .adopted }
}

extension MemoryTable.State {
  /// Does to the record of a POST what an event says.
  mutating func note(_ send: SendChange, of prediction: Prediction, at time: ManualTime, by owner: String) throws {
    let id = prediction.id
    let now = time.now
    func record(_ sentAt: Int64, until: Int64? = nil, isNow: Bool = false) throws -> MemorySend {
      guard sends[id] == nil else { throw StoreError.failed(message: "A second send of \(id).", hint: nil) }
      return MemorySend(
        prediction,
        SendTime(
          sentAt: sentAt, untilAt: until, steady: isNow ? now.steady : nil, boot: isNow ? time.boot : nil))
    }
    switch send {
    case .opened: sends[id] = try record(now.wall, isNow: true)
    case .doubted: sends[id] = try record(min(now.wall, prediction.createdAt), until: now.wall)
    case .unsent: close(id, .unsent, at: now.wall)
    case .refused: close(id, .refused, at: now.wall)
    case .leftOpen: close(id, nil, at: now.wall)
    case .accepted(let remoteID, let skew):
      let other = sends.first {
        $0.key != id && $0.value.account == prediction.account && $0.value.remoteID == remoteID
      }
      if let other, other.value.outcome == .adopted { displace(other.key, at: now.wall) }
      sends[id]?.outcome = .accepted
      sends[id]?.remoteID = other == nil || other?.value.outcome == .adopted ? remoteID : nil
      sends[id]?.time.untilAt = now.wall
      if let skew { sends[id]?.time.clockSkew = skew }
    case .adopted(let match):
      if prediction.isUnsent {
        sends[id] = try record(AdoptionPolicy.assumedSend(of: match, at: now.wall))
      }
      let policy = adoptionFacts(of: match, for: prediction, at: time, by: owner)
      guard policy.allows(match, for: prediction) else {
        throw TransitionError(status: prediction.status, phase: prediction.phase, reason: .noSuchTransition)
      }
      sends[id]?.outcome = .adopted
      sends[id]?.remoteID = match.remoteID
      if sends[id]?.time.clockSkew == nil { sends[id]?.time.clockSkew = match.clockSkew }
    }
  }

  private mutating func close(_ id: PredictionID, _ outcome: MemorySend.Outcome?, at now: Int64) {
    guard let send = sends[id], send.outcome == nil else { return }
    sends[id]?.outcome = outcome
    sends[id]?.time.untilAt = now
  }

  /// Takes an adopted id away from a prediction.
  mutating func displace(_ id: PredictionID, at now: Int64) {
    sends[id]?.outcome = nil
    sends[id]?.remoteID = nil
    sends[id]?.time.clockSkew = nil
    if let row = rows[id] { save(row.displaced(at: now)) }
  }

  private func adoptionFacts(
    of match: HistoryMatch, for prediction: Prediction, at time: ManualTime, by owner: String
  ) -> AdoptionPolicy {
    let ofAccount = sends.filter { $0.value.account == prediction.account }
    let own = sends[prediction.id]
    let queued = rows.values.filter {
      $0.isUnsent && $0.account == prediction.account && $0.model == prediction.model
        && $0.id != prediction.id && isOrphan($0, for: owner)
    }
    return AdoptionPolicy(
      now: time.now, boot: time.boot, isSendOpen: own != nil && own?.outcome == nil,
      isTaken: ofAccount.values.contains { $0.remoteID == match.remoteID },
      others: ofAccount.filter { $0.key != prediction.id && $0.value.outcome == nil }.map {
        AdoptionPolicy.OtherSend(model: $0.value.model, likeness: $0.value.likeness, time: $0.value.time)
      },
      queued: queued.map(\.likeness))
  }

  /// The POSTs of an account on the day of a moment.
  func ledger(of account: String, at now: Int64) -> Ledger {
    let today = sends.values.filter { $0.account == account && $0.time.sentAt >= Money.startOfDay(now) }
    var lines: [String: Ledger.Line] = [:]
    for send in today {
      let key = "\(send.isAgents) \(send.model)"
      var line = lines[key] ?? Ledger.Line(model: send.model, isAgents: send.isAgents)
      let price = send.cost ?? send.estimate
      if send.counts {
        line.priced += price ?? 0
        line.unpriced += price == nil ? 1 : 0
        line.images += send.images
      }
      if let known = send.estimate ?? send.cost { line.dearest = max(known, line.dearest ?? 0) }
      lines[key] = line
    }
    return Ledger(Array(lines.values))
  }

  /// What agents asked for on the day of a moment, also what is accepted and not sent yet.
  func agentUse(of account: String, at now: Int64) -> AgentUse {
    rows.values.filter { $0.account == account && $0.isUnsent && $0.origin != nil }.reduce(
      ledger(of: account, at: now).agents
    ) { $0.adding(images: $1.images, micros: $1.estimateMicros ?? 0) }
  }
}

/// The facts of an account, as a claim finds them.
struct MemoryFacts: ClaimFacts {
  let account: String
  let state: MemoryTable.State
  let now: Int64

  func pause() -> AccountPause? { state.accounts[account]?.pause }

  func sendTimes(in window: ClosedRange<Int64>, atMost limit: Int) -> [Int64] {
    let times = state.sends.values.filter { $0.account == account }.map(\.time.sentAt)
    return Array(times.filter(window.contains).sorted(by: >).prefix(limit))
  }

  func underWay(startedAfter moment: Int64) -> (count: Int, oldestStart: Int64?) {
    let starts = state.rows.values.filter {
      $0.account == account && ($0.phase == .sending || $0.phase == .polling)
    }.compactMap(\.startedAt).filter { $0 > moment }
    return (starts.count, starts.min())
  }

  func sighting() -> ModelSighting? { state.accounts[account]?.sighting }

  func ledger() -> Ledger { state.ledger(of: account, at: now) }
}
