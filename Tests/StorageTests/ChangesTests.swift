import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("The log of changes")
struct ChangesTests {
  private func start(_ fixture: StoreFixture) throws -> ChangeCursor { try fixture.store.changes(after: nil).newest }

  @Test func anEmptyDatabaseIsAtZero() throws {
    let fixture = try StoreFixture()
    let found = try fixture.store.changes(after: nil)
    #expect(found.newest.number == 0 && found.isComplete && found.changes == [])
    #expect(try fixture.store.changes(after: found.newest) == found)
  }

  @Test func eachPredictionIsNamedOnceUnderItsNewestNumber() throws {
    let fixture = try StoreFixture()
    let (one, two) = (fixture.new("one"), fixture.new("two"))
    try fixture.insert(one)
    let afterOne = try start(fixture)
    try fixture.insert(two)
    _ = try fixture.claimed()
    let found = try fixture.store.changes(after: ChangeCursor(table: afterOne.table, number: 0))
    #expect(found.isComplete)
    // The oldest, which was claimed, changed last.
    let claimedFirst = one.id < two.id ? [two.id, one.id] : [one.id, two.id]
    #expect(found.changes.map(\.id) == claimedFirst)
    #expect(found.changes.map(\.number).sorted() == found.changes.map(\.number))
    #expect(found.changes.last?.number == found.newest.number)
    #expect(found.changes.allSatisfy { !$0.isDeleted })
    #expect(try fixture.store.changes(after: found.newest).changes == [])
  }

  @Test func aDeletedPredictionIsNamed() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    let before = try start(fixture)
    try fixture.change(new.id, .cancelAsked(deleteRemote: false, sendable: true))
    #expect(try fixture.delete([new.id]) != .notFound(new.id))
    let found = try fixture.store.changes(after: before)
    #expect(found.changes == [TableChange(number: found.newest.number, id: new.id, isDeleted: true)])
    #expect(try fixture.store.listed(new.id) == nil)
  }

  @Test func anotherProcessSeesTheSameOrder() throws {
    let folder = TemporaryFolder()
    let mine = try StoreFixture(folder)
    let other = try StoreFixture(folder)
    let before = try start(mine)
    let new = mine.new()
    try mine.insert(new)
    try other.change(new.id, .cancelAsked(deleteRemote: false, sendable: true))
    let found = try mine.store.changes(after: before)
    #expect(found.changes.map(\.id) == [new.id])
    #expect(try other.store.changes(after: before) == found)
    #expect(try mine.store.listed(new.id)?.status == .cancelled)
  }

  @Test func aCursorOfAnotherDatabaseOrOfTheFutureIsNotAnswered() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    let here = try start(fixture)
    for cursor in [
      ChangeCursor(table: here.table ^ 1, number: 0), ChangeCursor(table: here.table, number: here.number + 1),
    ] {
      let found = try fixture.store.changes(after: cursor)
      #expect(!found.isComplete && found.changes == [] && found.newest == here)
    }
    #expect(try StoreFixture().store.changes(after: here).isComplete == false)
  }

  @Test func aCursorOlderThanTheLogIsNotAnswered() throws {
    let fixture = try StoreFixture()
    for prompt in ["one", "two", "three"] { try fixture.insert(fixture.new(prompt)) }
    let here = try start(fixture)
    _ = try TableConnection(path: fixture.table).run("DELETE FROM changes WHERE change <= 2")
    func isComplete(_ number: Int64) throws -> Bool {
      try fixture.store.changes(after: ChangeCursor(table: here.table, number: number)).isComplete
    }
    #expect(try !isComplete(0))
    #expect(try !isComplete(1))
    #expect(try isComplete(2))
    #expect(try isComplete(3))
  }

  @Test func theNewest100000AreKeptAndTheNumbersGoOn() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    let here = try start(fixture)
    try TableConnection(path: fixture.table).script(
      """
      WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100999)
      INSERT INTO changes(change, seq, low, gone) SELECT i, i % 500, 0, 0 FROM n
      """)
    try fixture.insert(fixture.new("another"))
    #expect(try start(fixture).number == 101_000)
    #expect(try fixture.peek("SELECT min(change) FROM changes") == 1_001)
    #expect(try fixture.store.changes(after: here).isComplete == false)
    let kept = try fixture.store.changes(after: ChangeCursor(table: here.table, number: 1_000))
    #expect(kept.isComplete && kept.changes.count == 501)
  }

  @Test func aListedPredictionHasNoInput() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    var expected = try #require(try fixture.store.prediction(new.id))
    expected.input = nil
    expected.metadata = nil
    #expect(try fixture.store.listed(new.id) == expected)
  }

  /// A database of the first version gets the column; its changes without ids are left out.
  @Test func aDatabaseOfTheFirstVersionIsMigrated() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    let here = try start(fixture)
    fixture.store.close()
    let old = try TableConnection(path: fixture.table)
    try old.script(
      """
      ALTER TABLE changes DROP COLUMN low;
      DROP INDEX by_origin; ALTER TABLE predictions DROP COLUMN origin; ALTER TABLE predictions DROP COLUMN has_been_unknown;
      ALTER TABLE predictions DROP COLUMN preview;
      DROP TRIGGER files_first; DROP TABLE uploads; ALTER TABLE predictions DROP COLUMN uploads;
      DROP TRIGGER keys_of_what_is_there; ALTER TABLE predictions DROP COLUMN acceptor;
      ALTER TABLE predictions DROP COLUMN agent; ALTER TABLE inputs DROP COLUMN sent;
      ALTER TABLE sends DROP COLUMN model; ALTER TABLE sends DROP COLUMN likeness;
      ALTER TABLE sends DROP COLUMN agent; ALTER TABLE sends DROP COLUMN images;
      ALTER TABLE sends DROP COLUMN steady_ms; ALTER TABLE sends DROP COLUMN boot;
      ALTER TABLE predictions DROP COLUMN images; ALTER TABLE predictions DROP COLUMN caps;
      ALTER TABLE predictions DROP COLUMN model_is_default; ALTER TABLE predictions DROP COLUMN max_cost_estimates;
      ALTER TABLE accounts DROP COLUMN balance_micros; ALTER TABLE accounts DROP COLUMN granted_ms;
      ALTER TABLE accounts DROP COLUMN grants; ALTER TABLE accounts DROP COLUMN granted_images;
      ALTER TABLE accounts DROP COLUMN granted_micros;
      ALTER TABLE accounts DROP COLUMN model; ALTER TABLE accounts DROP COLUMN model_seen_ms;
      ALTER TABLE predictions DROP COLUMN unread_reply; ALTER TABLE predictions DROP COLUMN is_billed;
      ALTER TABLE predictions DROP COLUMN provider_data;
      DROP INDEX completed; DROP TABLE durations; DROP TABLE refs; DROP INDEX chained; ALTER TABLE predictions DROP COLUMN refs;
      ALTER TABLE predictions DROP COLUMN attended_ms; ALTER TABLE predictions DROP COLUMN home;
      PRAGMA user_version = 1;
      INSERT INTO changes(seq, gone) VALUES(1, 1)
      """)
    let again = try StoreFixture(fixture.folder)
    #expect(try again.peek("PRAGMA user_version") == Schema.version)
    let found = try again.store.changes(after: ChangeCursor(table: here.table, number: 0))
    #expect(found.changes.map(\.id) == [new.id])
    #expect(found.newest.number == 2)
  }
}
