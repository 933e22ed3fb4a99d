import Testing

@testable import Predictions

/// The policy with facts as values; how a store reads them is tested by `StoreConformance`.
@Suite("What may be claimed now")
struct ClaimPolicyTests {
  private static let now: Int64 = 1_763_900_000_000

  /// A prediction, the claim and the account's facts: in the beginning nothing forbids the claim.
  private struct Scene: ClaimFacts {
    var next = Situation.queued.prediction
    var request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, skipsLookup: false)
    var isOrphan = false
    var now = ClaimPolicyTests.now
    /// When its POSTs were sent, newest first.
    var sent: [Int64] = []
    /// When those in `sending` or `polling` started.
    var started: [Int64] = []
    var accountPause: AccountPause?
    var lastSighting: ModelSighting?
    var lines: [Ledger.Line] = []

    func pause() -> AccountPause? { accountPause }
    func sendTimes(in window: ClosedRange<Int64>, atMost limit: Int) -> [Int64] {
      Array(sent.filter(window.contains).prefix(limit))
    }
    func underWay(startedAfter moment: Int64) -> (count: Int, oldestStart: Int64?) {
      let recent = started.filter { $0 > moment }
      return (recent.count, recent.min())
    }
    func sighting() -> ModelSighting? { lastSighting }
    func ledger() -> Ledger { Ledger(lines) }

    var decision: ClaimPolicy.Decision {
      ClaimPolicy(request).decision(on: next, isOrphan: isOrphan, at: now, reset: "00:00 UTC", facts: self)
    }
  }

  // MARK: - Every combination of obstacles

  /// What forbids a claim, in the order in which it is judged; see "Who may claim".
  private enum Obstacle: Int, CaseIterable {
    case pause, lateOrphan, minute, slots, unsearchedOrphan, unknownModel, files, unknownPrice, highPrice,
      unpreparedProvider

    func put(into scene: inout Scene) {
      switch self {
      case .pause: scene.accountPause = AccountPause(reason: .rateLimited, length: 10, until: scene.now + 10)
      case .lateOrphan:
        scene.isOrphan = true
        scene.request.orphans = .sentWithin(scene.now - scene.next.createdAt - 1)
      case .minute:
        scene.request.maxPerMinute = 1
        scene.sent = [scene.now - 20_000]
      case .slots:
        scene.request.maxConcurrency = 1
        scene.started = [scene.now - 5]
      case .unsearchedOrphan:
        scene.isOrphan = true
        scene.request.orphans = .searched(now: true)
      case .unknownModel: scene.next.usesDefaultModel = true
      case .files: scene.next.uploads = .awaited
      case .unknownPrice: scene.next.maxCostMicros = 9
      case .highPrice:
        scene.next.maxCostMicros = 9
        scene.next.estimateMicros = 10
      case .unpreparedProvider: scene.request.isPrepared = false
      }
    }

    /// Two that exclude each other: one rule for orphans holds at a time, and a price is known or not.
    func excludes(_ other: Obstacle) -> Bool {
      [[.lateOrphan, .unsearchedOrphan], [.unknownPrice, .highPrice]].contains([self, other])
    }

    func isDecision(_ decision: ClaimPolicy.Decision, in scene: Scene) -> Bool {
      switch (self, decision) {
      case (.pause, .hold(.paused(let pause, let next))): pause == scene.accountPause && next == scene.next
      case (.lateOrphan, .end(.interrupted)): true
      case (.minute, .hold(.denied(40_000))), (.slots, .hold(.denied(1_000))): true
      case (.unsearchedOrphan, .hold(.needsSearch(scene.next))): true
      case (.unknownModel, .hold(.needsLookup(scene.next))): true
      case (.files, .hold(.needsUpload(scene.next))): true
      case (.unknownPrice, .hold(.needsPrice(scene.next))): true
      case (.highPrice, .end(.overBudget)): true
      case (.unpreparedProvider, .hold(.needsPreparation)): true
      default: false
      }
    }
  }

  @Test func ofSeveralObstaclesTheFirstInTheOrderDecides() {
    var combinations = 0
    for bits in 0..<(1 << Obstacle.allCases.count) {
      let obstacles = Obstacle.allCases.filter { bits & 1 << $0.rawValue != 0 }
      if obstacles.contains(where: { one in obstacles.contains { one.excludes($0) } }) { continue }
      combinations += 1
      var scene = Scene()
      scene.now = scene.next.createdAt + 60_000
      for obstacle in obstacles { obstacle.put(into: &scene) }
      if let first = obstacles.first {
        #expect(first.isDecision(scene.decision, in: scene), "\(obstacles): \(scene.decision)")
      } else {
        #expect(scene.decision == .claim)
      }
    }
    #expect(combinations == 9 * 64)
  }

  @Test func whatLiftsAnObstacleLetsItBeClaimed() {
    let cures: [(Obstacle, (inout Scene) -> Void)] = [
      (.pause, { $0.now += 10 }),
      (.lateOrphan, { $0.now -= 1 }),
      (.lateOrphan, { $0.isOrphan = false }),
      (.lateOrphan, { $0.request.orphans = .sent }),
      (.minute, { $0.now += 40_000 }),
      (.minute, { $0.request.maxPerMinute = 2 }),
      (.slots, { $0.started = [] }),
      (.slots, { $0.request.maxConcurrency = 2 }),
      (.unsearchedOrphan, { $0.isOrphan = false }),
      (.unknownModel, { $0.lastSighting = ModelSighting(model: "m", at: $0.now) }),
      (.unknownModel, { $0.request.skipsLookup = true }),
      (.files, { $0.request.uploaded = [UploadedInput(id: $0.next.id, sent: nil)] }),
      (.files, { $0.next.uploads = .done }),
      (.unknownPrice, { $0.next.estimateMicros = 9 }),
      (.highPrice, { $0.next.estimateMicros = 9 }),
      (.highPrice, { $0.next.maxCostMicros = nil }),
      (.unpreparedProvider, { $0.request.isPrepared = true }),
    ]
    for (obstacle, cure) in cures {
      var scene = Scene()
      obstacle.put(into: &scene)
      #expect(scene.decision != .claim)
      cure(&scene)
      #expect(scene.decision == .claim, "\(obstacle)")
    }
  }

  // MARK: - Bounds

  @Test func aMinuteIsFullUntilTheOldestOfItsPostsIsAMinuteOld() {
    func wait(_ limit: Int, _ ages: [Int64]) -> ClaimPolicy.Decision {
      var scene = Scene()
      scene.request.maxPerMinute = limit
      scene.sent = ages.map { Self.now - $0 }
      return scene.decision
    }
    #expect(wait(1, [59_999]) == .hold(.denied(retryAfter: 1)))
    #expect(wait(1, [60_000]) == .claim)
    #expect(wait(2, [0]) == .claim)
    #expect(wait(2, [0, 10, 59_000]) == .hold(.denied(retryAfter: 59_990)), "the newest two count")
    #expect(wait(0, []) == .hold(.denied(retryAfter: 60_000)))
    #expect(wait(-1, []) == .hold(.denied(retryAfter: 60_000)))
    // A clock that was set back by more than a second.
    #expect(wait(1, [-1_000]) == .hold(.denied(retryAfter: 61_000)))
    #expect(wait(1, [-1_001]) == .claim)
  }

  @Test func aSlotIsTakenForTenMinutes() {
    func wait(_ limit: Int, _ ages: [Int64]) -> ClaimPolicy.Decision {
      var scene = Scene()
      scene.request.maxConcurrency = limit
      scene.started = ages.map { Self.now - $0 }
      return scene.decision
    }
    #expect(wait(1, [0]) == .hold(.denied(retryAfter: 1_000)), "another process may free it")
    #expect(wait(1, [599_500]) == .hold(.denied(retryAfter: 500)))
    #expect(wait(1, [599_999]) == .hold(.denied(retryAfter: 1)))
    #expect(wait(1, [600_000]) == .claim)
    #expect(wait(2, [0]) == .claim)
    #expect(wait(0, []) == .hold(.denied(retryAfter: 1_000)))
  }

  @Test func spendingIsJudgedByTheAccountsDay() {
    var scene = Scene()
    scene.request.maxSpendMicros = 100
    scene.next.estimateMicros = 40
    scene.lines = [Ledger.Line(model: "m", priced: 60)]
    #expect(scene.decision == .claim)
    scene.lines[0].priced = 61
    guard case .end(.overBudget) = scene.decision else { return #expect(Bool(false)) }
    // A price that could not be learned refuses it, and is not asked again.
    scene.next.estimateMicros = nil
    #expect(scene.decision == .hold(.needsPrice(scene.next)))
    scene.request.unpriced = [scene.next.id: "No."]
    guard case .end(.overBudget) = scene.decision else { return #expect(Bool(false)) }
  }

  // MARK: - Which prediction is next

  @Test func whoIsPassedOver() {
    var request = Scene().request
    func mayBeNext(_ prediction: Prediction, isOrphan: Bool = false) -> Bool {
      ClaimPolicy(request).mayBeNext(prediction, isOrphan: isOrphan)
    }
    let (ready, awaiting) = (Situation.queued.prediction, Situation.awaiting.prediction)
    #expect(mayBeNext(ready) && !mayBeNext(awaiting))
    request.mayUpload = true
    #expect(mayBeNext(awaiting))
    request.mayUpload = false
    request.uploaded = [UploadedInput(id: awaiting.id, sent: [1])]
    #expect(mayBeNext(awaiting) && ClaimPolicy(request).sentInput(of: awaiting) == [1])
    let rules: [(OrphanRule, Bool)] = [
      (.sent, true), (.searched(now: true), true), (.searched(now: false), false), (.sentWithin(1), true),
    ]
    for (rule, isNext) in rules {
      request.orphans = rule
      #expect(mayBeNext(ready, isOrphan: true) == isNext && mayBeNext(ready))
      #expect(ClaimPolicy(request).distinguishesOrphans == (rule != .sent))
    }
  }

  // MARK: - Facts that are not needed

  /// Facts that must not be read.
  private struct Unreadable: ClaimFacts {
    struct Read: Error {}
    typealias Failure = Read
    func pause() throws(Read) -> AccountPause? { nil }
    func sendTimes(in window: ClosedRange<Int64>, atMost limit: Int) throws(Read) -> [Int64] { throw Read() }
    func underWay(startedAfter moment: Int64) throws(Read) -> (count: Int, oldestStart: Int64?) { throw Read() }
    func sighting() throws(Read) -> ModelSighting? { throw Read() }
    func ledger() throws(Read) -> Ledger { throw Read() }
  }

  @Test func withoutALimitNothingIsRead() throws {
    let decision = try ClaimPolicy(Scene().request).decision(
      on: Situation.queued.prediction, isOrphan: false, at: Self.now, reset: "", facts: Unreadable())
    #expect(decision == .claim)
  }
}
