import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Taking over work of processes that have exited")
struct RecoveryTests {
  /// One prediction in each unfinished phase but `queued`.
  private func work(_ fixture: StoreFixture) throws -> [PredictionPhase: Prediction] {
    var rows: [PredictionPhase: Prediction] = [:]
    rows[.polling] = try fixture.polling("a", remoteID: "1")
    let fetching = try fixture.polling("b", remoteID: "2")
    rows[.fetching] = try fixture.change(
      fetching.id,
      .finished(.completed(outputs: [.location("https://x/")], hasNSFWContents: [], inferenceMilliseconds: nil)),
      by: fetching.writer)
    rows[.looking] = try fixture.looking("c")
    try fixture.insert(fixture.new("d"))
    let settling = try fixture.claimed()
    rows[.settling] = try fixture.change(settling.id, .cancelAsked(deleteRemote: false, sendable: true))
    try fixture.insert(fixture.new("e"))
    rows[.sending] = try fixture.claimed()
    for (phase, row) in rows { #expect(row.phase == phase) }
    return rows
  }

  /// Otherwise each recovery would take a fifth of a second with a million finished predictions.
  @Test func queuedRowsAreFoundByTheIndexOfUnfinishedOnes() throws {
    let fixture = try StoreFixture()
    let plan = try TableConnection(path: fixture.table)
      .rows("EXPLAIN QUERY PLAN " + PredictionRow.selectWhole + TableWriter.queuedBefore, 1) { $0.text(3) }
    #expect(plan.first?.contains("INDEX unsettled") == true, "\(plan)")
  }

  /// Otherwise each recovery would take 10 ms with 180,000 POSTs in the last eight days.
  @Test func oldPostsAreFoundByTheirAccountAndTime() throws {
    let fixture = try StoreFixture()
    let plan = try TableConnection(path: fixture.table)
      .rows("EXPLAIN QUERY PLAN " + TableWriter.sweepSQL, 1, 2) { $0.text(3) }
    #expect(plan.contains("SEARCH sends USING INDEX recent (account=? AND sent_ms<?)"), "\(plan)")
    #expect(!plan.contains { $0.hasPrefix("SCAN sends") || $0.hasPrefix("SCAN predictions") }, "\(plan)")
  }

  @Test func oldPostsOfEveryAccountAreForgotten() throws {
    let fixture = try StoreFixture()
    let day: Int64 = 86_400_000
    let now = fixture.time.now.wall
    // With an answer for eight days, without one for thirty.
    try TableConnection(path: fixture.table).script(
      """
      INSERT INTO sends(seq, account, fingerprint, sent_ms, outcome) VALUES
        (1, 'a', x'00', \(now - 9 * day), 'accepted'), (2, 'a', x'00', \(now - 7 * day), 'accepted'),
        (3, 'b', x'00', \(now - 9 * day), 'refused'), (4, 'b', x'00', \(now - 9 * day), NULL),
        (5, 'c', x'00', \(now - 31 * day), NULL)
      """)
    _ = try fixture.recover()
    #expect(try fixture.peekText("SELECT group_concat(seq) FROM sends") == "2,4")
  }

  @Test func livingProcessesKeepTheirWork() throws {
    let one = try StoreFixture()
    let rows = try work(one)
    let two = try StoreFixture(one.folder, time: one.time)
    #expect(try two.recover().taken.isEmpty)
    for row in rows.values { #expect(try two.store.prediction(row.id) == row) }
    // A process takes nothing from itself.
    #expect(try one.recover().taken.isEmpty)
    #expect(try two.peek("SELECT count(*) FROM owners") == 2)
  }

  @Test func workOfAnExitedProcessIsTakenOver() throws {
    let folder = TemporaryFolder()
    let time = ManualTime()
    var rows: [PredictionPhase: Prediction] = [:]
    var dead = ""
    do {
      let one = try StoreFixture(folder, time: time)
      rows = try work(one)
      dead = one.store.owner
      one.store.close()
    }
    time.advance(30_000)
    let two = try StoreFixture(folder, time: time)
    let taken = try two.recover().taken
    #expect(Set(taken.map(\.id)) == Set(rows.values.map(\.id)))
    func now(_ phase: PredictionPhase) throws -> Prediction {
      let old = try #require(rows[phase])
      return try #require(try two.store.prediction(old.id))
    }
    for phase: PredictionPhase in [.polling, .fetching, .looking] {
      let row = try now(phase)
      #expect(row.phase == phase && row.owner == two.store.owner && row.epoch == (rows[phase]?.epoch ?? 0) + 1)
    }
    let sending = try now(.sending)
    #expect(sending.phase == .looking && sending.status == .processing && sending.owner == two.store.owner)
    #expect(try now(.settling).phase == nil)
    // Its window ended at the takeover.
    #expect(
      try two.peek("SELECT until_ms - sent_ms FROM sends WHERE seq = \(sending.id.sequence)") == 30_000)
    // Writes of the former owner fail.
    let before = try #require(rows[.polling])
    #expect(throws: StoreError.self) {
      try two.change(
        before.id, .finished(.failed(.init(.remoteError, retryable: false, message: ""), billing: .unknown)),
        by: before.writer)
    }
    // Its row and lock file are gone.
    #expect(try two.peek("SELECT count(*) FROM owners WHERE owner = '\(dead)'") == 0)
    #expect(FileSystem.names(in: two.directory + "/owners") == ["\(two.store.owner).lock"])
  }

  @Test func withoutAHistoryALostPOSTIsUnknown() throws {
    let folder = TemporaryFolder()
    do {
      let one = try StoreFixture(folder)
      try one.insert(one.new())
      _ = try one.claimed()
      one.store.close()
    }
    let two = try StoreFixture(folder)
    let row = try #require(try two.recover(["account": false]).taken.first)
    #expect(row.status == .unknown && row.phase == nil && row.billing == .unknown)
    #expect(try two.peek("SELECT outcome IS NULL FROM sends") == 1)
  }

  @Test func accountsThatAreNotServedAreLeftToOthers() throws {
    let folder = TemporaryFolder()
    var id: PredictionID?
    do {
      let one = try StoreFixture(folder)
      id = try one.polling().id
      one.store.close()
    }
    let two = try StoreFixture(folder)
    #expect(try two.recover(["other": true]).taken.isEmpty)
    let three = try StoreFixture(folder)
    #expect(try three.recover().taken.map(\.id) == [id].compactMap { $0 })
  }

  @Test func anOwnerWithoutALockFileHasExitedOnlyIfRegistered() throws {
    let one = try StoreFixture()
    let known = try one.polling("a", remoteID: "1")
    let stranger = try one.polling("b", remoteID: "2")
    try TableConnection(path: one.table).script(
      """
      UPDATE predictions SET owner = 'known' WHERE seq = \(known.id.sequence);
      UPDATE predictions SET owner = 'stranger' WHERE seq = \(stranger.id.sequence);
      INSERT INTO owners VALUES('known', 1, '0', 0)
      """)
    #expect(try one.recover().taken.map(\.id) == [known.id])
    // An owner whose lock is held lives; one whose lock is free has exited.
    let path = OwnerLock.path(of: "stranger", in: one.directory)
    try write([], to: path)
    let life = try Descriptor(opening: path, O_RDWR)
    #expect(life.lock(LOCK_EX))
    #expect(try one.recover().taken.isEmpty)
    life.unlock()
    #expect(try one.recover().taken.map(\.id) == [stranger.id])
    #expect(FileStatus(of: path) == nil)
  }

  @Test func rowsWithoutOwnerAndDueSearchesAreTaken() throws {
    let fixture = try StoreFixture()
    let polling = try fixture.polling()
    let looking = try fixture.looking("b")
    let due = fixture.time.now.wall + 60_000
    try fixture.change(looking.id, .lookedInVain(reason: "x", next: due, isSettled: true))
    try TableConnection(path: fixture.table).script("UPDATE predictions SET owner = NULL")
    #expect(try fixture.recover().taken.map(\.id) == [polling.id])
    fixture.time.advance(60_000)
    #expect(try fixture.recover().taken.map(\.id) == [looking.id])
    #expect(try fixture.recover().taken.isEmpty)
    // Planned while the clock was a day ahead.
    try TableConnection(path: fixture.table).script(
      "UPDATE predictions SET owner = NULL, next_ms = \(fixture.time.now.wall + 86_400_000) WHERE phase = 'looking'")
    #expect(try fixture.recover().taken.map(\.id) == [looking.id])
  }

  @Test func queuedRowsOfExitedProcessesEndAfterAnHour() throws {
    let folder = TemporaryFolder()
    let time = ManualTime()
    var old: Prediction?
    var young: Prediction?
    do {
      let one = try StoreFixture(folder, time: time)
      old = one.new()
      try one.insert(try #require(old))
      time.advance(1_800_001)
      young = one.new(account: "second")
      try one.insert(try #require(young))
      one.store.close()
    }
    time.advance(1_800_000)
    let two = try StoreFixture(folder, time: time)
    let recovery = try two.recover()
    #expect(recovery.ended.map(\.id) == [old?.id])
    #expect(recovery.ended.first?.failure?.kind == .interrupted && recovery.ended.first?.billing == Billing.none)
    #expect(recovery.queuedAccounts == ["second"])
    // A prediction of a living process may wait longer: its queue may be long.
    time.advance(60_000)
    let own = two.new()
    try two.insert(own)
    time.advance(7_200_000)
    let three = try StoreFixture(folder, time: time)
    #expect(try three.recover().ended.map { $0.id } == [young?.id])
    #expect(try three.store.prediction(own.id) == own)
  }

  @Test func oldRecordsOfPOSTsAreDeleted() throws {
    let fixture = try StoreFixture()
    let polling = try fixture.polling("a")
    try fixture.insert(fixture.new("b"))
    let settled = try fixture.claimed()
    try fixture.change(settled.id, .unsent(reason: "x"), by: settled.writer)
    let open = try fixture.looking("c")
    try fixture.change(open.id, .lookedInVain(reason: "x", next: nil, isSettled: true))
    func sends() throws -> [PredictionID: Bool] {
      _ = try fixture.recover()
      return try [polling, settled, open].reduce(into: [:]) { found, row in
        found[row.id] = try fixture.peek("SELECT count(*) FROM sends WHERE seq = \(row.id.sequence)") == 1
      }
    }
    let day: Int64 = 86_400_000
    fixture.time.advance(8 * day)
    #expect(try sends() == [polling.id: true, settled.id: true, open.id: true])
    fixture.time.advance(1)
    #expect(try sends() == [polling.id: true, settled.id: false, open.id: true])
    fixture.time.advance(22 * day)
    #expect(try sends() == [polling.id: true, settled.id: false, open.id: false])
  }
}
