import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Claims of predictions whose process has exited")
struct OrphanClaimTests {
  /// Two queued predictions: the older one of a process that has exited, the other of a living one.
  private struct Scene {
    let folder = TemporaryFolder()
    let time = ManualTime()
    let dead: Prediction
    let living: Prediction
    let one: StoreFixture
    let two: StoreFixture

    init(_ prompt: String = "a cat") throws {
      let gone = try StoreFixture(folder, time: time)
      var dead = gone.new(prompt)
      dead.acceptor = gone.store.owner
      try gone.insert(dead)
      gone.store.close()
      time.advance(10)
      one = try StoreFixture(folder, time: time)
      var living = one.new("a dog")
      living.acceptor = one.store.owner
      try one.insert(living)
      two = try StoreFixture(folder, time: time)
      (self.dead, self.living) = (dead, living)
    }
  }

  @Test func theHistoryIsSearchedFirstOrOthersGoFirst() throws {
    let scene = try Scene()
    #expect(try scene.two.claim(orphans: .searched(now: true)) == .needsSearch(scene.dead))
    // The process that accepted this one lives.
    guard case .claimed(let row) = try scene.two.claim(orphans: .searched(now: false)) else { throw Missing() }
    #expect(row.id == scene.living.id)
    #expect(try scene.two.claim(orphans: .searched(now: false)) == .nothingQueued)
    #expect(try scene.two.peek("SELECT count(*) FROM sends") == 1)
    // From now on a living process is its acceptor.
    let vouched = try scene.two.change(
      scene.dead.id, .notInHistory, by: Writer(owner: scene.two.store.owner, epoch: 0))
    #expect(vouched.acceptor == scene.two.store.owner && vouched.revision == scene.dead.revision)
    guard case .claimed(let next) = try scene.one.claim(orphans: .searched(now: true)) else { throw Missing() }
    #expect(next.id == scene.dead.id)
  }

  /// Recovery holds the lock of a process that has exited until its commit; a claim in the same commit must still see that
  /// it has exited.
  @Test func aClaimInTheCommitOfARecoveryStillSearchesFirst() throws {
    let scene = try Scene()
    let store = scene.two.store
    let holder = try TableConnection(path: scene.two.table)
    try holder.script("BEGIN IMMEDIATE")
    // It waits for the holder; the calls behind it share the next commit.
    store.keepUpload(of: [1], for: "account", as: "a", lifetime: 1) {}
    store.recover(accounts: ["account": true], awaited: []) { _ in }
    let request = ClaimRequest(
      account: "account", maxConcurrency: nil, maxPerMinute: nil, orphans: .searched(now: true))
    let outcome: ClaimOutcome = try scene.two.wait { done in
      store.claim(request, completion: done)
      try? holder.script("ROLLBACK")
    }
    #expect(outcome == .needsSearch(scene.dead))
  }

  @Test func withoutCostItIsSentAtOnce() throws {
    let scene = try Scene()
    guard case .claimed(let row) = try scene.two.claim(orphans: .sent) else { throw Missing() }
    #expect(row.id == scene.dead.id)
  }

  @Test func aPredictionOfAnOlderVersionIsSearchedForToo() throws {
    let fixture = try StoreFixture()
    let old = fixture.new()
    try fixture.insert(old)
    #expect(try fixture.peek("SELECT acceptor IS NULL FROM predictions") == 1)
    #expect(try fixture.claim(orphans: .searched(now: true)) == .needsSearch(old))
  }

  @Test func withoutAHistoryItIsSentOnlyForAWhile() throws {
    let scene = try Scene()
    scene.time.advance(600_001)
    guard case .refused(let ended) = try scene.two.claim(concurrency: 0, orphans: .sentWithin(600_000)) else {
      throw Missing()
    }
    #expect(ended.id == scene.dead.id && ended.failure?.kind == .interrupted && ended.billing == Billing.none)
    // The other one may wait longer: its process lives.
    guard case .claimed(let row) = try scene.two.claim(orphans: .sentWithin(600_000)) else { throw Missing() }
    #expect(row.id == scene.living.id)
    let young = try Scene()
    guard case .claimed = try young.two.claim(orphans: .sentWithin(600_000)) else { throw Missing() }
  }

  @Test func aFullAccountOrAPauseComesBeforeTheSearch() throws {
    let scene = try Scene()
    #expect(try scene.two.claim(concurrency: 0, orphans: .searched(now: true)) == .denied(retryAfter: 1000))
  }

  private func match(_ row: Prediction, after milliseconds: Int64 = 1_000, _ id: String = "r") -> HistoryMatch {
    HistoryMatch(
      remoteID: id, createdAt: row.createdAt + milliseconds, clockSkew: 0, likeness: row.likeness)
  }

  @Test func aMatchIsRecordedAsItsPOST() throws {
    let scene = try Scene()
    scene.time.advance(60_000)
    let me = Writer(owner: scene.two.store.owner, epoch: 0)
    let row = try scene.two.change(scene.dead.id, .adopted(match(scene.dead)), by: me)
    #expect(row.phase == .polling && row.remoteID == "r" && row.billing == .unknown && row.owner == me.owner)
    #expect(
      try scene.two.peekText("SELECT outcome || remote_id || (sent_ms - \(scene.dead.createdAt)) || model FROM sends")
        == "adoptedr1000m")
    #expect(throws: StoreError.self) { try scene.two.change(scene.dead.id, .claimed, by: me) }
    // An id belongs to one prediction.
    #expect(throws: StoreError.self) { try scene.two.change(scene.living.id, .adopted(match(scene.dead)), by: me) }
  }

  @Test func aPossiblePOSTForbidsAdoptionByOthers() throws {
    let scene = try Scene()
    scene.time.advance(60_000)
    let doubted = try scene.two.change(scene.dead.id, .foundSeveral(reason: "Two."))
    #expect(doubted.status == .failed && doubted.billing == .unknown)
    #expect(
      try scene.two.peek("SELECT until_ms - sent_ms FROM sends WHERE outcome IS NULL")
        == scene.time.now.wall - scene.dead.createdAt)
    // The match may be its own, so an equal prediction does not get it either.
    var twin = scene.two.new()
    twin.acceptor = nil
    try scene.two.insert(twin)
    #expect(throws: StoreError.self) { try scene.two.change(twin.id, .adopted(match(scene.dead)), by: twin.writer) }
    #expect(try scene.two.change(scene.living.id, .adopted(match(scene.living)), by: twin.writer).phase == .polling)
  }
}
