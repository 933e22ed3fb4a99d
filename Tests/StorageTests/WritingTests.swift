import JSON
import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Storage

@Suite("Writing")
struct WritingTests {
  @Test func everythingSurvivesReopening() throws {
    let fixture = try StoreFixture()
    var new = fixture.new("Żółw \u{0} 🐢", key: "k")
    new.input = Array("{\"prompt\" : \"Żółw \\u0000\",\n \"seed\": 9007199254740993, \"x\":1.0 }".utf8)
    new.metadata = Array("{ \"a\" : -0 }".utf8)
    new.tags = ["one", "two", "z\u{0}o"]
    new.outputName = "name"
    #expect(try fixture.insert(new) == .inserted(new))
    var row = try fixture.claimed()
    row = try fixture.change(row.id, .accepted(remoteID: "r", clockSkew: 12))
    row = try fixture.change(
      row.id,
      .finished(
        .completed(
          outputs: [.location("https://x/1"), .bytes([1])], hasNSFWContents: [true, false], inferenceMilliseconds: 77)),
      by: row.writer)
    let files = [
      OutputFile(path: "/o/a.png", mediaType: "image/png", bytes: 5, sha256: "ab", width: 1, height: 2),
      OutputFile(
        path: "/o/\"b\".gif", mediaType: "image/gif", bytes: 6, sha256: "cd", width: nil, height: nil, index: 2),
    ]
    for preview in [
      Preview(path: "/p/\"a\".png", mediaType: "image/png", bytes: 5, width: 1, height: 2, index: 0),
      Preview(path: "/p/b.gif", mediaType: "image/gif", bytes: 6, width: nil, height: nil, index: 3),
    ] {
      row = try fixture.change(row.id, .previewed(preview), by: row.writer)
      #expect(row.preview == preview)
      #expect(try StoreFixture(fixture.folder).store.prediction(new.id) == row)
    }
    row = try fixture.change(row.id, .saved(files), by: row.writer)
    #expect(row.preview == nil)
    #expect(row.status == .completed && row.files == files && row.hasNSFWContents == [true, false])
    #expect(row.input == new.input && row.metadata == new.metadata && row.inferenceMilliseconds == 77)
    let again = try StoreFixture(fixture.folder)
    #expect(try again.store.prediction(new.id) == row)
    #expect(again.store.salt == fixture.store.salt && again.store.salt.count == 16)
    #expect(again.store.owner != fixture.store.owner)

    // Cells that clients get unchanged must be objects.
    var empty = fixture.new()
    empty.input = []
    try fixture.insert(empty)
    #expect(throws: StoreError.self) { try again.store.prediction(empty.id) }
  }

  @Test func failuresSurvive() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    var row = try fixture.claimed()
    let failure = PredictionFailure(.rateLimited, retryable: true, message: "Later.", hint: "h", remoteCode: "429")
    row = try fixture.change(row.id, .refused(failure, pause: nil), by: row.writer)
    #expect(row.failure == failure)
    #expect(try fixture.store.prediction(row.id) == row)
  }

  @Test func anIDIsBothHalves() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    let other = PredictionID(sequence: new.id.sequence, lowBits: new.id.lowBits ^ 1)
    #expect(try fixture.store.prediction(other) == nil)
    #expect(throws: StoreError.notFound) { try fixture.change(other, .interrupted) }
  }

  @Test func theRowIsDurableAtItsCompletion() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    let seen = Protected<Int64?>(nil)
    let table = fixture.table
    fixture.store.insert(new, queueLimit: 10) { _ in
      let count = try? TableConnection(path: table).integer("SELECT count(*) FROM predictions")
      seen.withLock { $0 = count }
    }
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 0)
    fixture.store.flush()
    #expect(seen.withLock { $0 } == 1)
  }

  @Test func insertsOfOneReadShareOneCommitAndKeepTheirOrder() throws {
    let fixture = try StoreFixture()
    let order = Protected<[Int]>([])
    for index in 0..<50 {
      fixture.store.insert(fixture.new(), queueLimit: 100) { _ in order.withLock { $0.append(index) } }
    }
    #expect(fixture.store.commitCount == 0)
    fixture.store.flush()
    #expect(fixture.store.commitCount == 1)
    #expect(order.withLock { $0 } == Array(0..<50))
    #expect(try fixture.peek("SELECT count(*) FROM changes") == 50)
  }

  @Test func otherWritesTakeWaitingInsertsAlong() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    let events = Protected<[String]>([])
    fixture.store.insert(new, queueLimit: 100) { _ in events.withLock { $0.append("inserted") } }
    fixture.store.change(new.id, .cancelAsked(deleteRemote: false, sendable: true), by: nil) { result in
      events.signal { $0.append((try? result.get().after.status.rawValue) ?? "none") }
    }
    let all = events.wait(atMost: 10_000) { $0.count == 2 ? $0 : nil }
    #expect(all == ["inserted", "cancelled"])
  }

  @Test func aFailedWriteDoesNotAffectTheOthers() throws {
    let fixture = try StoreFixture()
    let first = fixture.new()
    let last = fixture.new()
    let results = Protected<[Bool]>([])
    fixture.store.insert(first, queueLimit: 100) { result in results.withLock { $0.append((try? result.get()) != nil) }
    }
    fixture.store.change(first.id, .saved([]), by: nil) { result in
      results.withLock { $0.append(result == .failure(.illegal(first.refusal(.notOwner)))) }
    }
    fixture.store.insert(last, queueLimit: 100) { result in results.withLock { $0.append((try? result.get()) != nil) } }
    fixture.store.flush()
    #expect(results.withLock { $0 } == [true, true, true])
    #expect(try fixture.store.prediction(first.id) == first)
    #expect(try fixture.store.prediction(last.id) == last)
  }

  @Test func aWriteThatFailsHalfwayIsUndoneAlone() throws {
    let fixture = try StoreFixture()
    let rows = [fixture.new(), fixture.new(key: "fatal"), fixture.new()]
    try TableConnection(path: fixture.table).script(
      "CREATE TRIGGER failing AFTER INSERT ON keys BEGIN SELECT RAISE(FAIL, 'no'); END")
    let results = Protected<[Bool]>([])
    for row in rows {
      fixture.store.insert(row, queueLimit: 9) { result in
        results.withLock { $0.append((try? result.get()) == .inserted(row)) }
      }
    }
    fixture.store.flush()
    #expect(results.withLock { $0 } == [true, false, true])
    #expect(fixture.store.commitCount == 1)
    for table in ["predictions", "inputs", "words", "changes"] {
      #expect(try fixture.peek("SELECT count(*) FROM \(table)") == 2)
    }
    #expect(try fixture.peek("SELECT count(*) FROM keys") == 0)
  }

  @Test func keysFindTheirPredictions() throws {
    let fixture = try StoreFixture()
    let first = fixture.new("a cat", key: "k")
    try fixture.insert(first)
    #expect(try fixture.insert(fixture.new("a cat", key: "k"), queueLimit: 0) == .existing(first))
    #expect(
      try fixture.insert(fixture.new("a dog", key: "k"))
        == .conflict(first.id, deleted: false, difference: "input.prompt"))
    let cancelled = try fixture.change(first.id, .cancelAsked(deleteRemote: false, sendable: true))
    #expect(try fixture.insert(fixture.new("a cat", key: "k")) == .existing(cancelled))
    _ = try fixture.delete([first.id])
    #expect(try fixture.insert(fixture.new("a cat", key: "k")) == .conflict(first.id, deleted: true, difference: nil))
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 0)
  }

  /// The write lock is held while two inputs are compared; with a search for each name it would be for minutes.
  @Test(.timeLimit(.minutes(5))) func inputsOfManyFieldsAreComparedInLinearTime() throws {
    let fixture = try StoreFixture()
    func new(last: Int64) -> Prediction {
      var prediction = fixture.new(key: "k")
      var fields: [(String, JSONValue)] = (0..<30_000).map { ("f\($0)", 1) }
      fields.append(("last", .number(JSONNumber(last))))
      prediction.input = JSONValue.object(JSONObject(fields)).serialized
      prediction.fingerprint = [UInt8(last)]
      return prediction
    }
    let first = new(last: 1)
    try fixture.insert(first)
    #expect(
      try fixture.insert(new(last: 2)) == .conflict(first.id, deleted: false, difference: "input.last"))
  }

  @Test func twinKeysInOneGroupAreOnePrediction() throws {
    let fixture = try StoreFixture()
    let first = fixture.new("a cat", key: "k")
    let answers = Protected<[InsertOutcome?]>([])
    for prediction in [first, fixture.new("a cat", key: "k")] {
      fixture.store.insert(prediction, queueLimit: 9) { result in answers.withLock { $0.append(try? result.get()) } }
    }
    fixture.store.flush()
    #expect(answers.withLock { $0 } == [.inserted(first), .existing(first)])
  }

  @Test func theQueueHasALimitForEachAccount() throws {
    let fixture = try StoreFixture()
    let outcomes = Protected<[InsertOutcome?]>([])
    for _ in 0..<3 {
      fixture.store.insert(fixture.new(), queueLimit: 2) { result in outcomes.withLock { $0.append(try? result.get()) }
      }
    }
    fixture.store.flush()
    #expect(outcomes.withLock { $0.map { $0 == .queueFull } } == [false, false, true])
    #expect(try fixture.insert(fixture.new(account: "other"), queueLimit: 2) != .queueFull)
    #expect(try fixture.insert(fixture.new(), queueLimit: 2) == .queueFull)
    _ = try fixture.claimed()
    #expect(try fixture.insert(fixture.new(), queueLimit: 2) != .queueFull)
  }

  @Test func aTakenTableKeyMovesOn() throws {
    let fixture = try StoreFixture()
    let first = fixture.new()
    try fixture.insert(first)
    var second = fixture.new()
    second.id = PredictionID(sequence: first.id.sequence, lowBits: 7)
    let moved = PredictionID(sequence: first.id.sequence + 1, lowBits: 7)
    guard case .inserted(let row) = try fixture.insert(second) else { throw Missing() }
    #expect(row.id == moved)
    #expect(try fixture.store.prediction(moved) == row)
    // The key of a deleted prediction with a recorded POST is taken, too.
    let claimed = try fixture.claimed()
    try fixture.change(claimed.id, .unsent(reason: "No network."), by: claimed.writer)
    _ = try fixture.delete([claimed.id])
    second.id = PredictionID(sequence: claimed.id.sequence, lowBits: 9)
    guard case .inserted(let third) = try fixture.insert(second) else { throw Missing() }
    #expect(third.id.sequence == claimed.id.sequence + 2)
  }

  @Test func deletingIsAllOrNothing() throws {
    let fixture = try StoreFixture()
    var over = fixture.new("a cat", key: "k")
    over.tags = ["t"]
    try fixture.insert(over)
    let claimed = try fixture.claimed()
    over = try fixture.change(claimed.id, .unsent(reason: "No network."), by: claimed.writer)
    let queued = fixture.new()
    try fixture.insert(queued)
    #expect(try fixture.delete([over.id, queued.id]) == .unfinished([queued.id]))
    let absent = fixture.new().id
    #expect(try fixture.delete([over.id, absent]) == .notFound(absent))
    #expect(try fixture.store.prediction(over.id) == over)

    #expect(try fixture.delete([over.id, over.id]) == .deleted([over], scrubbed: true))
    #expect(try fixture.store.prediction(over.id) == nil)
    let seq = over.id.sequence
    for table in ["predictions", "inputs", "words", "tags"] {
      #expect(try fixture.peek("SELECT count(*) FROM \(table) WHERE seq = \(seq)") == 0)
    }
    #expect(try fixture.peek("SELECT count(*) FROM sends WHERE seq = \(seq)") == 1)
    #expect(try fixture.peek("SELECT deleted_ms FROM keys WHERE key = 'k'") == fixture.time.now.wall)
    #expect(try fixture.peek("SELECT gone FROM changes ORDER BY change DESC LIMIT 1") == 1)
  }

  @Test func unknownPredictionsMayBeDeletedAndFetchingOnesMayNot() throws {
    let fixture = try StoreFixture()
    var row = try fixture.looking()
    #expect(try fixture.delete([row.id]) == .unfinished([row.id]))
    row = try fixture.change(row.id, .lookedInVain(reason: "Nothing.", next: 1, isSettled: true))
    #expect(row.status == .unknown && row.phase == .looking)
    #expect(try fixture.delete([row.id]) == .deleted([row], scrubbed: true))
    #expect(try fixture.peek("SELECT count(*) FROM sends WHERE outcome IS NULL") == 1)
  }

  @Test func changesOfAllProcessesAreNoticed() throws {
    let fixture = try StoreFixture()
    let other = try StoreFixture(fixture.folder)
    _ = fixture.store.hasChanged()
    #expect(!fixture.store.hasChanged())
    try other.insert(other.new())
    #expect(fixture.store.hasChanged())
    #expect(!fixture.store.hasChanged())
    try fixture.insert(fixture.new())
    #expect(fixture.store.hasChanged())
  }

  @Test func unreadableChangesAreNoticedAgain() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    let cursor = try fixture.store.changes(after: nil).newest
    let other = try TableConnection(path: fixture.table)
    try other.script("ALTER TABLE changes RENAME TO hidden")
    #expect(fixture.store.hasChanged())
    #expect(throws: StoreError.self) { try fixture.store.changes(after: cursor) }
    #expect(fixture.store.hasChanged())
    #expect(!fixture.store.hasChanged())
    try other.script("ALTER TABLE hidden RENAME TO changes")
    #expect(fixture.store.hasChanged())
    #expect(try fixture.store.changes(after: cursor).changes.isEmpty)
    #expect(!fixture.store.hasChanged())
  }

  @Test func ofTwoStoresOnlyOneWins() throws {
    let one = try StoreFixture()
    let two = try StoreFixture(one.folder, time: one.time)
    let count = 40
    for _ in 0..<count { one.store.insert(one.new(), queueLimit: 100) { _ in } }
    one.store.flush()
    let claimed = Protected<[PredictionID]>([])
    let request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil)
    for _ in 0..<count {
      for store in [one.store, two.store] {
        store.claim(request) { result in
          if case .success(.claimed(let row)) = result { claimed.withLock { $0.append(row.id) } }
        }
      }
    }
    one.store.flush()
    two.store.flush()
    let ids = claimed.withLock { $0 }
    #expect(ids.count == count && Set(ids).count == count)
    #expect(try one.peek("SELECT count(*) FROM sends") == Int64(count))
  }

  @Test func closedStoresWriteNothing() throws {
    let fixture = try StoreFixture()
    fixture.store.insert(fixture.new(), queueLimit: 9) { _ in }
    fixture.store.close()
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 1)
    #expect(throws: StoreError.self) { try fixture.insert(fixture.new()) }
  }
}

extension Prediction {
  func refusal(_ reason: TransitionError.Reason) -> TransitionError {
    TransitionError(status: status, phase: phase, reason: reason)
  }
}
