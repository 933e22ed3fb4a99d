import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Limits, pauses and stalled owners")
struct MoneyTests {
  private func claim(_ fixture: StoreFixture, maxSpend: Int64?) throws -> ClaimOutcome {
    let request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, maxSpendMicros: maxSpend)
    return try fixture.wait { fixture.store.claim(request, completion: $0) }
  }

  private func new(_ fixture: StoreFixture, _ prompt: String, estimate: Int64?, limit: Int64? = nil) throws
    -> Prediction
  {
    var prediction = fixture.new(prompt)
    prediction.estimateMicros = estimate
    prediction.maxCostMicros = limit
    try fixture.insert(prediction)
    return prediction
  }

  private func spent(_ fixture: StoreFixture) throws -> Int64 {
    try fixture.store.ledger(of: "account").spent()
  }

  @Test func withoutLimitsNoPriceIsRequested() throws {
    let fixture = try StoreFixture()
    let prediction = try new(fixture, "a", estimate: nil)
    guard case .claimed(let claimed) = try claim(fixture, maxSpend: nil) else { throw Missing() }
    #expect(claimed.id == prediction.id)
  }

  @Test func whereMoneyIsLimitedNothingIsSentWithoutAPrice() throws {
    let fixture = try StoreFixture()
    let prediction = try new(fixture, "a", estimate: nil)
    #expect(try claim(fixture, maxSpend: 1_000_000) == .needsPrice(prediction))
    try fixture.change(prediction.id, .priced(50_000))
    guard case .claimed(let claimed) = try claim(fixture, maxSpend: 1_000_000) else {
      throw Missing()
    }
    #expect(claimed.estimateMicros == 50_000)
    #expect(try spent(fixture) == 50_000)
  }

  @Test func aPriceOverMaxCostFailsUnsent() throws {
    let fixture = try StoreFixture()
    let dear = try new(fixture, "a", estimate: 60_000, limit: 59_999)
    guard case .refused(let refused) = try claim(fixture, maxSpend: nil) else { throw Missing() }
    #expect(refused.id == dear.id && refused.status == .failed && refused.phase == nil)
    #expect(refused.failure?.kind == .budgetExceeded && refused.billing == Billing.none)
    #expect(refused.error.contains("$0.06") && refused.error.contains("Nothing was sent"))
    #expect(try fixture.peek("SELECT count(*) FROM sends") == 0)
  }

  @Test func theDaysLimitCountsByOutcome() throws {
    let fixture = try StoreFixture()
    // Two of 40 cents under a dollar; the third is too much while both may still be billed.
    for name in ["a", "b", "c"] { _ = try new(fixture, name, estimate: 400_000) }
    var rows: [Prediction] = []
    for _ in 0..<2 {
      guard case .claimed(let row) = try claim(fixture, maxSpend: 1_000_000) else { throw Missing() }
      rows.append(row)
    }
    guard case .refused = try claim(fixture, maxSpend: 1_000_000) else { throw Missing() }
    // The provider refused one, which costs nothing; the outcome of the other is not known, so it counts.
    try fixture.change(
      rows[0].id, .refused(PredictionFailure(.invalidInput, retryable: false, message: "No."), pause: nil),
      by: rows[0].writer)
    try fixture.change(rows[1].id, .ambiguous(reason: "lost", canLook: true), by: rows[1].writer)
    #expect(try spent(fixture) == 400_000)
    _ = try new(fixture, "d", estimate: 600_000)
    guard case .claimed(let last) = try claim(fixture, maxSpend: 1_000_000) else { throw Missing() }
    // A refunded failure costs nothing; a success costs its quoted price.
    let polling = try fixture.change(last.id, .accepted(remoteID: "r", clockSkew: 0), by: last.writer)
    try fixture.change(
      polling.id,
      .finished(.failed(PredictionFailure(.remoteError, retryable: true, message: "x"), billing: .refunded)),
      by: polling.writer)
    #expect(try spent(fixture) == 400_000)
    // The next day begins at zero.
    fixture.time.advance(86_400_000)
    #expect(try spent(fixture) == 0)
  }

  @Test func aSuccessCostsItsQuotedPrice() throws {
    let fixture = try StoreFixture()
    _ = try new(fixture, "a", estimate: 167_000)
    guard case .claimed(let row) = try claim(fixture, maxSpend: 1_000_000) else { throw Missing() }
    let polling = try fixture.change(row.id, .accepted(remoteID: "r", clockSkew: 0), by: row.writer)
    let done = try fixture.change(
      polling.id,
      .finished(.completed(outputs: [.location("https://x/")], hasNSFWContents: [], inferenceMilliseconds: nil)),
      by: polling.writer)
    #expect(done.costMicros == 167_000)
    #expect(try fixture.peek("SELECT cost_micros FROM sends") == 167_000)
  }

  @Test func predictionsWithoutABillAreFound() throws {
    let fixture = try StoreFixture()
    func finished(_ prompt: String) throws -> Prediction {
      try fixture.insert(fixture.new(prompt))
      let row = try fixture.claimed()
      let polling = try fixture.change(row.id, .accepted(remoteID: "r-\(prompt)", clockSkew: 0), by: row.writer)
      let failure = PredictionFailure(.remoteError, retryable: true, message: "x")
      return try fixture.change(row.id, .finished(.failed(failure, billing: .refunded)), by: polling.writer)
    }
    let old = try finished("old")
    fixture.time.advance(8 * 86_400_000)
    let billed = try finished("billed")
    let ids = [try finished("a").id, try finished("b").id]
    try fixture.change(billed.id, .billed(5), by: nil)
    // One that is not over, and one that was not sent.
    try fixture.insert(fixture.new("queued"))
    let now = fixture.time.now.wall
    func found(_ account: String = "account", _ limit: Int = 10) throws -> [PredictionID] {
      try fixture.store.unbilled(in: account, endedIn: now - 7 * 86_400_000...now, atMost: limit).map(\.id)
    }
    #expect(try found() == ids.reversed())
    #expect(try found("account", 1) == [ids[1]])
    #expect(try found("another") == [])
    let all = try fixture.store.unbilled(in: "account", endedIn: 0...now, atMost: 10)
    #expect(all.map(\.remoteID) == ["r-b", "r-a", "r-old"] && all.last?.id == old.id)
    #expect(try fixture.store.unbilled(in: "account", endedIn: 0...now - 1, atMost: 10).map(\.id) == [old.id])
  }

  // MARK: - Pauses

  private func refuse(_ fixture: StoreFixture, _ kind: PredictionFailure.Kind, pause: Int64) throws {
    try fixture.insert(fixture.new("\(kind) \(fixture.time.now.wall)"))
    let row = try fixture.claimed()
    try fixture.change(
      row.id, .refused(PredictionFailure(kind, retryable: false, message: "No."), pause: pause), by: row.writer)
  }

  private func remainingPause(_ fixture: StoreFixture) throws -> Int64 {
    try fixture.store.pauses()["account"]?.remaining(at: fixture.time.now.wall) ?? 0
  }

  @Test func pausesThatNeedPeopleGrow() throws {
    let fixture = try StoreFixture()
    for expected: Int64 in [60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
      try refuse(fixture, .authentication, pause: 60_000)
      #expect(try remainingPause(fixture) == expected)
      fixture.time.advance(expected + 1)
    }
    fixture.time.advance(600_000)
    try refuse(fixture, .authentication, pause: 60_000)
    #expect(try remainingPause(fixture) == 60_000, "long ago is forgotten")
  }

  @Test func aRateLimitPausesForTheGivenTime() throws {
    let fixture = try StoreFixture()
    for pause: Int64 in [2_000, 30_000, 5_000] {
      try refuse(fixture, .rateLimited, pause: pause)
      #expect(try remainingPause(fixture) == pause)
      fixture.time.advance(pause + 1)
    }
  }

  // MARK: - Line 27: alive, but stopped or in a debugger

  /// Sets the time of an owner's last progress back.
  private func stall(_ fixture: StoreFixture, for milliseconds: Int64) {
    let path = OwnerLock.path(of: fixture.store.owner, in: fixture.directory)
    let seconds = (fixture.time.now.wall - milliseconds) / 1_000
    var times = [timeval(tv_sec: time_t(seconds), tv_usec: 0), timeval(tv_sec: time_t(seconds), tv_usec: 0)]
    #expect(utimes(path, &times) == 0)
  }

  @Test func awaitedWorkIsTakenFromAStalledOwnerButNoPOST() throws {
    let one = try StoreFixture()
    let polling = try one.polling("a", remoteID: "1")
    let idle = try one.polling("b", remoteID: "2")
    try one.insert(one.new("c"))
    let sending = try one.claimed()
    let two = try StoreFixture(one.folder, time: one.time)
    stall(one, for: 59_000)
    #expect(try two.recover(awaited: [polling.id]).taken.isEmpty, "not yet")
    stall(one, for: 62_000)
    let taken = try two.recover(awaited: [polling.id, sending.id]).taken
    #expect(taken.map(\.id) == [polling.id])
    #expect(taken[0].owner == two.store.owner && taken[0].epoch == polling.epoch + 1)
    #expect(try two.store.prediction(idle.id) == idle, "nobody waits for it")
    #expect(try two.store.prediction(sending.id) == sending)
    // Writes of the former owner are rejected.
    #expect(throws: StoreError.self) { try one.change(polling.id, .saved([]), by: polling.writer) }
  }

  @Test func touchingShowsProgress() throws {
    let one = try StoreFixture()
    let polling = try one.polling("a", remoteID: "1")
    stall(one, for: 10_000_000)
    // Files have the machine's time, so this store uses it, too.
    var now = timeval()
    gettimeofday(&now, nil)
    let two = try StoreFixture(one.folder, time: ManualTime(Int64(now.tv_sec) * 1_000))
    one.store.touch()
    #expect(try two.recover(awaited: [polling.id]).taken.isEmpty)
  }
}
