import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Claims, records of POSTs, adoption")
struct SendTests {
  @Test func theOldestIsClaimedAndOpensItsSend() throws {
    let fixture = try StoreFixture()
    let first = fixture.new()
    try fixture.insert(first)
    fixture.time.advance(5)
    try fixture.insert(fixture.new())
    let row = try fixture.claimed()
    #expect(row.id == first.id && row.phase == .sending && row.status == .processing && row.billing == .unknown)
    #expect(row.owner == fixture.store.owner && row.epoch == 1 && row.input == first.input)
    #expect(try fixture.peek("SELECT sent_ms FROM sends WHERE seq = \(first.id.sequence)") == fixture.time.now.wall)
    #expect(try fixture.claim("nobody") == .nothingQueued)
  }

  @Test func aSecondSendOfOnePredictionIsImpossible() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    _ = try fixture.claimed()
    // Even a row that is put back into the queue by a fault cannot be sent again.
    let connection = try TableConnection(path: fixture.table)
    try connection.script("UPDATE predictions SET status = 'created', phase = 'queued', owner = NULL")
    #expect(throws: StoreError.self) { try fixture.claim() }
    #expect(throws: StoreError.self) { try fixture.change(new.id, .claimed, by: new.writer) }
    #expect(try fixture.peek("SELECT count(*) FROM sends") == 1)
    #expect(try fixture.peekText("SELECT phase FROM predictions") == "queued")
  }

  @Test func slotsAreCountedForTenMinutes() throws {
    let fixture = try StoreFixture()
    for _ in 0..<4 { try fixture.insert(fixture.new()) }
    let first = try fixture.claimed()
    try fixture.change(first.id, .accepted(remoteID: "r", clockSkew: nil))
    #expect(try fixture.claim(concurrency: 1) == .denied(retryAfter: 1000))
    guard case .claimed(let second) = try fixture.claim(concurrency: 2) else { throw Missing() }
    #expect(try fixture.claim(concurrency: 2) == .denied(retryAfter: 1000))
    try fixture.change(second.id, .unsent(reason: "No."), by: second.writer)
    guard case .claimed = try fixture.claim(concurrency: 2) else { throw Missing() }
    #expect(try fixture.claim(concurrency: 2) == .denied(retryAfter: 1000))
    fixture.time.advance(599_500)
    #expect(try fixture.claim(concurrency: 2) == .denied(retryAfter: 500))
    fixture.time.advance(500)
    guard case .claimed = try fixture.claim(concurrency: 2) else { throw Missing() }
  }

  @Test func aMinuteHasALimit() throws {
    let fixture = try StoreFixture()
    for _ in 0..<4 { try fixture.insert(fixture.new()) }
    guard case .claimed = try fixture.claim(perMinute: 2) else { throw Missing() }
    fixture.time.advance(10_000)
    guard case .claimed = try fixture.claim(perMinute: 2) else { throw Missing() }
    #expect(try fixture.claim(perMinute: 2) == .denied(retryAfter: 50_000))
    fixture.time.advance(50_000)
    guard case .claimed = try fixture.claim(perMinute: 2) else { throw Missing() }
    // A clock that was set back by an hour forbids nothing.
    fixture.time.advance(-3_600_000)
    guard case .claimed = try fixture.claim(perMinute: 2) else { throw Missing() }
  }

  @Test func aRefusalPausesTheAccountForAll() throws {
    let fixture = try StoreFixture()
    for _ in 0..<2 { try fixture.insert(fixture.new()) }
    try fixture.insert(fixture.new(account: "other"))
    let row = try fixture.claimed()
    let failure = PredictionFailure(.rateLimited, retryable: true, message: "Later.")
    let failed = try fixture.change(row.id, .refused(failure, pause: 30_000), by: row.writer)
    #expect(failed.status == .failed && failed.billing == .none)
    let other = try StoreFixture(fixture.folder, time: fixture.time)
    guard case .paused(let pause, _) = try other.claim() else { throw Missing() }
    #expect(pause.remaining(at: fixture.time.now.wall) == 30_000)
    guard case .claimed = try other.claim("other") else { throw Missing() }
    fixture.time.advance(30_000)
    guard case .claimed = try other.claim() else { throw Missing() }
    #expect(try fixture.peekText("SELECT outcome FROM sends WHERE seq = \(row.id.sequence)") == "refused")
  }

  @Test func onlyTheOwnerMayReport() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    let row = try fixture.claimed()
    let stranger = Writer(owner: "x", epoch: row.epoch)
    #expect(throws: StoreError.illegal(row.refusal(.notOwner))) {
      try fixture.change(row.id, .unsent(reason: "x"), by: stranger)
    }
    #expect(try fixture.peek("SELECT outcome IS NULL FROM sends") == 1)
    // But any writer may report the id.
    #expect(try fixture.change(row.id, .accepted(remoteID: "r", clockSkew: -7), by: stranger).phase == .polling)
    #expect(try fixture.peekText("SELECT outcome || remote_id || skew_ms FROM sends") == "acceptedr-7")
  }

  @Test func cancellingUnsentIsRecordedOnlyWhereItWasSending() throws {
    let fixture = try StoreFixture()
    let looking = try fixture.looking()
    try fixture.change(looking.id, .cancelAsked(deleteRemote: false, sendable: false), by: looking.writer)
    #expect(try fixture.peek("SELECT outcome IS NULL FROM sends") == 1)
    try fixture.insert(fixture.new())
    let row = try fixture.claimed()
    let cancelled = try fixture.change(row.id, .cancelAsked(deleteRemote: false, sendable: false), by: row.writer)
    #expect(cancelled.status == .cancelled && cancelled.billing == .none)
    #expect(try fixture.peekText("SELECT outcome FROM sends WHERE seq = \(row.id.sequence)") == "unsent")
  }

  @Test func anOpenTwinForbidsAdoption() throws {
    let fixture = try StoreFixture()
    let looking = try fixture.looking()
    fixture.time.advance(1000)
    try fixture.insert(fixture.new())
    let twin = try fixture.claimed()
    let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall + 100, clockSkew: 0)
    #expect(throws: StoreError.illegal(looking.refusal(.noSuchTransition))) {
      try fixture.change(looking.id, .adopted(match), by: looking.writer)
    }
    #expect(try fixture.store.prediction(looking.id) == looking)
    // The twin has its id now, so other matches are free; that id is taken.
    try fixture.change(twin.id, .accepted(remoteID: "r", clockSkew: 0), by: twin.writer)
    #expect(throws: StoreError.illegal(looking.refusal(.noSuchTransition))) {
      try fixture.change(looking.id, .adopted(match), by: looking.writer)
    }
    #expect(try fixture.store.isTaken("r", in: twin.account))
    #expect(try !fixture.store.isTaken("r", in: "another"))
    #expect(try !fixture.store.isTaken("s", in: twin.account))
    let free = HistoryMatch(remoteID: "s", createdAt: match.createdAt, clockSkew: 0)
    let adopted = try fixture.change(looking.id, .adopted(free), by: looking.writer)
    #expect(adopted.remoteID == "s" && adopted.phase == .polling && adopted.owner == fixture.store.owner)
    #expect(try fixture.peekText("SELECT outcome FROM sends WHERE remote_id = 's'") == "adopted")
  }

  @Test func aTwinThatCannotHaveMadeItForbidsNothing() throws {
    let fixture = try StoreFixture()
    let looking = try fixture.looking()
    let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall + 100, clockSkew: 0)
    // Other content, another account, and one that was sent too late to have made the match.
    try fixture.insert(fixture.new("a dog"))
    _ = try fixture.claimed()
    try fixture.insert(fixture.new(account: "other"))
    _ = try fixture.claimed("other")
    fixture.time.advance(60_000)
    try fixture.insert(fixture.new())
    _ = try fixture.claimed()
    #expect(try fixture.change(looking.id, .adopted(match), by: looking.writer).remoteID == "r")
  }

  @Test func aTwinDeletedWhileUnknownStillForbids() throws {
    let fixture = try StoreFixture()
    let twin = try fixture.looking()
    try fixture.change(twin.id, .lookedInVain(reason: "Nothing.", next: nil, isSettled: true))
    guard case .deleted = try fixture.delete([twin.id]) else { throw Missing() }
    let looking = try fixture.looking()
    let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall + 100, clockSkew: 0)
    #expect(throws: StoreError.self) { try fixture.change(looking.id, .adopted(match), by: looking.writer) }
  }

  @Test func aSendOfAnOlderVersionForbidsAllOfItsModel() throws {
    let fixture = try StoreFixture()
    let looking = try fixture.looking()
    let older = try fixture.looking("a dog")
    let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall + 100, clockSkew: 0)
    let connection = try TableConnection(path: fixture.table)
    let seq = older.id.sequence
    try connection.script("UPDATE sends SET likeness = NULL, model = NULL WHERE seq = \(seq)")
    #expect(throws: StoreError.self) { try fixture.change(looking.id, .adopted(match), by: looking.writer) }
    // Its row still has the model.
    try connection.script("UPDATE predictions SET model = 'another' WHERE seq = \(seq)")
    #expect(try fixture.change(looking.id, .adopted(match), by: looking.writer).remoteID == "r")
  }

  @Test func theRecordOfAPOSTHasNoPrompt() throws {
    let fixture = try StoreFixture()
    let row = try fixture.looking("a secret")
    #expect(try fixture.peekText("SELECT model FROM sends") == "m")
    let stored = try #require(try fixture.peekText("SELECT CAST(likeness AS TEXT) FROM sends"))
    #expect(Likeness(bytes: Array(stored.utf8)) == row.likeness)
    #expect(stored.hasPrefix(#"{"prompt":""#) && !stored.contains("secret"))
  }

  @Test func aTwinIsRecognisedThoughTheClockWasSet() throws {
    for step: Int64 in [3_600_000, -3_600_000] {
      let fixture = try StoreFixture()
      let looking = try fixture.looking()
      try fixture.insert(fixture.new())
      let twin = try fixture.claimed()
      fixture.time.set(by: step)
      let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall + 100, clockSkew: 0)
      #expect(throws: StoreError.self) { try fixture.change(looking.id, .adopted(match), by: looking.writer) }
      let sent = try #require(try fixture.store.sendTime(of: twin.id))
      #expect(sent.window(at: fixture.time.now, boot: "boot", within: .ofTests).contains(fixture.time.now.wall))
    }
    #expect(try StoreFixture().store.sendTime(of: PredictionID(at: 0)) == nil)
  }

  @Test func aReplyTakesItsIDBackFromTheAdopter() throws {
    let fixture = try StoreFixture()
    let wrong = try fixture.looking()
    let match = HistoryMatch(remoteID: "r", createdAt: fixture.time.now.wall, clockSkew: 0)
    try fixture.change(wrong.id, .adopted(match), by: wrong.writer)
    try fixture.insert(fixture.new("a dog"))
    let right = try fixture.claimed()
    #expect(try fixture.change(right.id, .accepted(remoteID: "r", clockSkew: 0)).remoteID == "r")
    let back = try #require(try fixture.store.prediction(wrong.id))
    #expect(back.status == .unknown && back.phase == .looking && back.remoteID == nil && back.billing == .unknown)
    #expect(back.failure?.kind == .submissionUnknown)
    #expect(try fixture.peek("SELECT outcome IS NULL FROM sends WHERE seq = \(wrong.id.sequence)") == 1)
    #expect(try fixture.peekText("SELECT outcome FROM sends WHERE remote_id = 'r'") == "accepted")
  }

  @Test func aLostReplyEndsTheWindow() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    let row = try fixture.claimed()
    fixture.time.advance(70_000)
    try fixture.change(row.id, .ambiguous(reason: "x", canLook: true), by: row.writer)
    #expect(try fixture.peek("SELECT until_ms - sent_ms FROM sends WHERE outcome IS NULL") == 70_000)
  }
}
