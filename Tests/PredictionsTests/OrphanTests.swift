import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Queued predictions that were accepted by a process that has exited are searched for before their first POST.
@Suite("Queued predictions of a process that has exited")
struct OrphanTests {
  // MARK: - When the history is asked, and what follows

  private struct Stage {
    var scheduler = Scheduler(seed: 7)
    var now = Moment(steady: 1_000_000, wall: 1_700_000_000_000)
    let orphan: Prediction

    /// A scheduler whose search for the account's oldest prediction has begun.
    init() {
      var orphan = Situation.queued.prediction
      orphan.account = "a"
      self.orphan = orphan
      scheduler.add(account: "a", pace: .remote)
      #expect(handle(.queued(account: "a")) == [.claim(account: "a")])
      #expect(handle(.searchNeeded(orphan)) == [.search(orphan.id), .claim(account: "a")])
      #expect(scheduler.isSearching && scheduler.isSearching(for: "a") && !scheduler.isSearching(for: "b"))
      #expect(handle(.claimEnded(account: "a", retryAfter: nil)) == [])
    }

    mutating func handle(_ event: Scheduler.Event) -> [Scheduler.Action] { scheduler.handle(event, now: now) }

    mutating func searched(_ outcome: HistoryOutcome) -> [Scheduler.Action] { handle(.searched(orphan.id, outcome)) }

    /// Lets time pass until the next search; returns how long that took.
    mutating func waitForSearch() -> Int64? {
      guard let next = scheduler.nextWake else { return nil }
      let pause = next - now.steady
      now.steady = next
      #expect(handle(.woke) == [.search(orphan.id)])
      return pause
    }
  }

  private static let match = HistoryMatch(remoteID: "r", createdAt: 0, clockSkew: 0)

  @Test func aPredictionThatIsNotFoundMayBeSent() {
    var stage = Stage()
    #expect(stage.searched(.found([])) == [.record(stage.orphan.id, .notInHistory), .claim(account: "a")])
    #expect(!stage.scheduler.isSearching(for: "a") && !stage.scheduler.hasWork)
    #expect(stage.searched(.found([])) == [], "an answer that comes twice")
  }

  @Test func aPredictionThatIsFoundIsAdoptedAndTheQueueContinues() {
    var stage = Stage()
    #expect(stage.searched(.found([Self.match])) == [.record(stage.orphan.id, .adopted(Self.match))])
    #expect(stage.scheduler.isSearching(for: "a"), "until it is committed")
    var adopted = stage.orphan
    (adopted.status, adopted.phase, adopted.owner, adopted.remoteID) = (.processing, .polling, "me", "r")
    #expect(stage.handle(.changed(adopted)) == [.poll(adopted.id), .claim(account: "a")])
    #expect(!stage.scheduler.isSearching(for: "a"))
  }

  @Test(arguments: [HistoryOutcome.found([match, match]), .tooMany])
  func severalMatchesEndThePrediction(outcome: HistoryOutcome) {
    var stage = Stage()
    guard case .record(stage.orphan.id, .foundSeveral(let reason))? = stage.searched(outcome).first else {
      return #expect(Bool(false))
    }
    #expect(reason.hasSuffix("that could be it."))
    #expect(stage.handle(.lost(stage.orphan.id)) == [.claim(account: "a")])
  }

  @Test func anUnreadableHistoryIsSearchedAgainWithoutLimit() {
    var stage = Stage()
    var pauses: [Int64] = []
    for _ in 0..<20 {
      #expect(stage.searched(.unavailable(reason: "503")) == [])
      #expect(!stage.scheduler.isSearching && stage.scheduler.isSearching(for: "a"), "nothing that the end waits for")
      // Others are claimed meanwhile.
      #expect(stage.handle(.queued(account: "a")) == [.claim(account: "a")])
      #expect(stage.handle(.claimEnded(account: "a", retryAfter: nil)) == [])
      pauses.append(stage.waitForSearch() ?? -1)
    }
    #expect((800...1_250).contains(pauses[0]) && pauses.last! >= 24_000 && pauses.max()! <= 36_250)
  }

  @Test func aContestedItemIsWaitedForWhileTheOtherReplyMayCome() {
    var stage = Stage()
    var waited: Int64 = 0
    for _ in 0..<5 {
      #expect(stage.searched(.contested) == [])
      waited += stage.waitForSearch() ?? 0
    }
    #expect(waited >= 60_000)
    guard case .record(_, .foundSeveral)? = stage.searched(.contested).first else { return #expect(Bool(false)) }
  }

  // MARK: - Two processes

  /// The first process has exited and left a queued prediction.
  private func left(keepsHistory: Bool = true, _ body: (Rig) throws -> Void = { _ in }) throws -> (Rig, PredictionID) {
    let rig = Rig(keepsHistory: keepsHistory, limits: AccountLimits(maxConcurrency: 0))
    let id = try rig.submit().id
    try body(rig)
    return (Rig(sharing: rig, owner: "other", keepsHistory: keepsHistory), id)
  }

  @Test func predictionsOfALivingProcessNeedNoSearch() throws {
    let (other, id) = try left()
    #expect(try other.result(id).status == .completed)
    #expect(other.provider.state.withLock { $0.searched } == [])
  }

  @Test func predictionsOfAnExitedProcessAreSearchedForAndSent() throws {
    let (other, id) = try left { $0.table.kill("me") }
    #expect(try other.result(id).status == .completed)
    // A claim that was in progress when the search ended may cause one more search, which is free.
    #expect(Set(other.provider.state.withLock { $0.searched }) == [id])
    #expect(other.posts == [id])
    #expect(try other.row(id).acceptor == "other")
  }

  @Test func aPredictionSentFromALaterStateIsAdopted() throws {
    let (other, id) = try left { $0.table.kill("me") }
    let match = HistoryMatch(remoteID: "r-9", createdAt: other.time.now.wall, clockSkew: 0)
    other.provider.state.withLock { $0.searches = [.found([match])] }
    let it = try other.result(id)
    #expect(it.status == .completed && it.remoteID == "r-9" && other.posts == [])
  }

  @Test("without a history it is sent within ten minutes, and not afterwards")
  func withoutAHistory() throws {
    for (age, status) in [(600_000, PredictionStatus.completed), (600_001, .failed)] as [(Int64, PredictionStatus)] {
      let (other, id) = try left(keepsHistory: false) { $0.table.kill("me") }
      other.advance(age)
      // Time stands still until its turn has come.
      _ = try other.status(id)
      try other.soon("it is claimed or refused") { other.table.row(id)?.phase != .queued }
      let it = try other.result(id)
      #expect(it.status == status && other.posts == (status == .completed ? [id] : []))
      if status == .failed { #expect(it.failure?.kind == .interrupted && it.billing == Billing.none) }
    }
  }
}
