import JSON
import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Storage

/// Cells that no version writes, and schemas that imagewire did not make.
struct HostileTableTests {
  private static let tables = [
    "accounts", "predictions", "inputs", "words", "tags", "keys", "sends", "changes", "uploads", "owners",
    "refs",
  ]

  /// Harmful values of cells, as SQL. Those that the type of the column refuses are skipped.
  private static let values = [
    "-9223372036854775808", "9223372036854775807", "-1", "0", "NULL", "1e308", "''", "'['", "'{\"path\":1}'",
    "CAST(x'FF00FE' AS TEXT)", "x'FF00FE'", "'../../../etc/passwd'", "hex(zeroblob(100000))",
    "'[{\"path\":\"/x\",\"media_type\":\"a\",\"bytes\":-9223372036854775808,\"sha256\":\"\",\"width\":9223372036854775807}]'",
    "'{\"inference\":-9223372036854775808}'",
  ]

  /// A database with one prediction in each phase, and one that is not changed.
  private struct Rows {
    let fixture: StoreFixture
    let behind: TableConnection
    let whole: PredictionID
    let poked: [PredictionID]

    /// Without waiting for the disk: 5,000 commits follow, and no test here is about power.
    init() throws {
      fixture = try StoreFixture(writerSettings: "PRAGMA synchronous = OFF")
      try fixture.insert(fixture.new("the whole one", account: "other"))
      whole = try fixture.claimed("other").id
      try fixture.change(whole, .accepted(remoteID: "whole", clockSkew: 0))
      var poked: [PredictionID] = []
      for remoteID in ["r-1", "r-2", "r-3"] {
        poked.append(try fixture.polling(remoteID: remoteID).id)
        fixture.time.advance(1)
      }
      let file = OutputFile(path: "/x.png", mediaType: "image/png", bytes: 1, sha256: "00", width: 1, height: 1)
      let writer = try #require(try fixture.store.prediction(poked[0])).writer
      try fixture.change(
        poked[0],
        .finished(.completed(outputs: [.location("https://x/1")], hasNSFWContents: [false], inferenceMilliseconds: 5)),
        by: writer)
      try fixture.change(poked[0], .saved([file]), by: writer)
      poked.append(try fixture.looking().id)
      let queued = fixture.new(key: "key")
      try fixture.insert(queued)
      var chained = fixture.new("an edit", key: "chained")
      chained.wait(for: [OutputReference(poked[0], 1), OutputReference(poked[1], 1)])
      try fixture.insert(chained)
      self.poked = poked + [queued.id, chained.id]
      let store = fixture.store
      try fixture.wait { done in
        store.keepUpload(of: [1], for: "account", as: "a", lifetime: 1_000) { done(.success(())) }
      }
      behind = try TableConnection(path: fixture.table)
      try behind.script("PRAGMA synchronous = OFF")
      for table in HostileTableTests.tables {
        try behind.script("CREATE TABLE kept_\(table) AS SELECT * FROM \(table)")
      }
    }

    /// Restores all rows, then sets one column of all rows but one.
    func poke(_ table: String, _ column: String, _ value: String) throws -> Bool {
      try behind.script("BEGIN IMMEDIATE")
      for table in HostileTableTests.tables {
        try behind.script("DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM kept_\(table)")
      }
      try behind.script("COMMIT; PRAGMA ignore_check_constraints = ON")
      let others = ["predictions", "inputs", "words", "sends"].contains(table) ? " WHERE seq <> \(whole.sequence)" : ""
      return (try? behind.script("UPDATE OR REPLACE \(table) SET \(column) = \(value)\(others)")) != nil
    }
  }

  @Test func aDamagedCellAffectsNoOtherRow() throws {
    let rows = try Rows()
    let store = rows.fixture.store
    var count = 0
    for table in Self.tables {
      let columns = try rows.behind.rows("SELECT name FROM pragma_table_info(?)", table) { $0.text(0) }
      for column in columns {
        for value in Self.values where try rows.poke(table, column, value) {
          let comment = Comment(rawValue: "\(table).\(column) = \(value)")
          count += 1
          var listed: [PredictionID] = []
          #expect(throws: Never.self, comment) { listed = try store.list(ListQuery()).predictions.map(\.id) }
          #expect(listed.contains(rows.whole), comment)
          #expect(throws: Never.self, comment) { _ = try store.ledger(of: "account") }
          let cursor = try store.changes(after: nil).newest
          #expect(throws: Never.self, comment) { _ = try store.changes(after: cursor) }
          for id in rows.poked {
            _ = try? store.prediction(id)
            _ = try? store.listed(id)
            _ = try? rows.fixture.change(id, .cancelAsked(deleteRemote: false, sendable: true))
          }
          #expect(throws: Never.self, comment) { _ = try rows.fixture.recover(["account": true, "other": true]) }
          #expect(throws: Never.self, comment) { _ = try rows.fixture.claim("account", concurrency: 9, perMinute: 9) }
          #expect(throws: Never.self, comment) {
            _ = try rows.fixture.wait { store.follow(accounts: ["account"], completion: $0) } as ChainRound
          }
          _ = try? rows.fixture.insert(rows.fixture.new(key: "key"))
          rows.fixture.time.advance(1)
          #expect(throws: Never.self, comment) { try rows.fixture.insert(rows.fixture.new()) }
          for id in rows.poked { _ = try? rows.fixture.delete([id]) }
          #expect(try store.prediction(rows.whole) != nil, comment)
        }
      }
    }
    #expect(count > 500)
  }

  @Test func aDamagedRowIsNamed() throws {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    try TableConnection(path: fixture.table).script("UPDATE predictions SET started_ms = -9223372036854775808")
    do {
      _ = try fixture.store.prediction(new.id)
      Issue.record("it was read")
    } catch {
      #expect(error.message.contains("\(new.id)") && error.message.contains("time of start"))
    }
    #expect(try fixture.store.list(ListQuery()).predictions.isEmpty)
    let report = try DatabaseDiagnostics.run(fixture.table)
    #expect(report.complaint == nil)
    #expect(report.unreadable == ["prediction \(new.id): its time of start cannot be read"])
  }

  @Test func aPageGoesOnBehindADamagedRow() throws {
    let fixture = try StoreFixture()
    var ids: [PredictionID] = []
    for _ in 0..<6 {
      let new = fixture.new()
      try fixture.insert(new)
      ids.insert(new.id, at: 0)
    }
    try TableConnection(path: fixture.table).run(
      "UPDATE predictions SET revision = -1 WHERE seq IN (?, ?, ?)", ids[0].sequence, ids[1].sequence, ids[4].sequence)
    var query = ListQuery(limit: 2)
    var found: [PredictionID] = []
    repeat {
      let page = try fixture.store.list(query)
      found += page.predictions.map(\.id)
      query.cursor = page.nextCursor
    } while query.cursor != nil
    #expect(found == [ids[2], ids[3], ids[5]])
  }

  // MARK: Schemas

  /// A database of an older version.
  private func table(of version: Int, sql: (String) -> String = { $0 }) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try FileSystem.makeFolder(folder.path + "/state")
    let path = folder.path + "/state/predictions.db"
    try write([], to: path)
    let connection = try TableConnection(path: path)
    try connection.script("PRAGMA journal_mode = WAL; PRAGMA application_id = \(Schema.applicationID)")
    for migration in Schema.migrations.prefix(version) { try connection.script(sql(migration.sql)) }
    try Schema.set("salt", [UInt8](repeating: 1, count: 16), in: connection)
    try connection.script("PRAGMA user_version = \(version)")
    return folder
  }

  /// Every object of a file with its statement, without white space: migrations append columns without line breaks.
  private func schema(of path: String) throws -> [String] {
    try TableConnection(path: path).rows("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name") {
      "\($0.text(0)) \($0.text(1)) " + $0.text(2).filter { !$0.isWhitespace }
    }
  }

  @Test(arguments: 1...Schema.migrations.count) func aDatabaseOfEveryVersionIsAccepted(version: Int) throws {
    let fixture = try StoreFixture(try table(of: version))
    try fixture.insert(fixture.new())
    let new = try StoreFixture()
    #expect(try schema(of: fixture.table) == schema(of: new.table))
    #expect(try DatabaseDiagnostics.run(fixture.table).foreign == [])
    // Another process accepts it, too.
    _ = try StoreFixture(fixture.folder)
  }

  @Test func aForeignTriggerIsRefused() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    try TableConnection(path: fixture.table).script(
      "CREATE TRIGGER t AFTER INSERT ON predictions BEGIN UPDATE predictions SET output_dir = '/elsewhere'; END")
    #expect(throws: StoreError.self) { try StoreFixture(fixture.folder) }
    do { _ = try StoreFixture(fixture.folder) } catch let error as StoreError {
      #expect(error.message.contains("a trigger that imagewire did not make (\"t\")"))
      #expect(error.message.hasSuffix("Nothing was sent or written."))
    }
  }

  @Test func aTriggerInAnOlderDatabaseIsRefusedAndUndone() throws {
    let folder = try table(of: 1)
    let behind = try TableConnection(path: folder.path + "/state/predictions.db")
    try behind.script("CREATE TRIGGER t AFTER INSERT ON meta BEGIN INSERT INTO tags VALUES('theirs', 1); END")
    #expect(throws: StoreError.self) { try StoreFixture(folder) }
    #expect(try behind.integer("SELECT count(*) FROM tags") == 0)
    #expect(try behind.integer("PRAGMA user_version") == 1)
  }

  /// An older program cannot know the tables of a newer one, but it knows the triggers.
  @Test func aTriggerInATableThatClaimsToBeNewerIsRefused() throws {
    let folder = try table(of: Schema.migrations.count)
    let behind = try TableConnection(path: folder.path + "/state/predictions.db")
    try behind.script("PRAGMA user_version = \(Schema.version + 1)")
    _ = try StoreFixture(folder)
    try behind.script("CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM predictions; END")
    #expect {
      try StoreFixture(folder)
    } throws: { error in
      (error as? StoreError)?.message.contains("a trigger that imagewire did not make (\"t\")") == true
    }
  }

  @Test func anotherFormOfATableIsRefused() throws {
    let changed = try table(of: Schema.migrations.count) { sql in
      sql.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.contains("delete_remote INTEGER NOT NULL DEFAULT 0") ? "  delete_remote INTEGER NOT NULL DEFAULT 1," : line
      }.joined(separator: "\n")
    }
    do {
      _ = try StoreFixture(changed)
      Issue.record("it was used")
    } catch let error as StoreError {
      #expect(error.message.contains("another form of the table \"predictions\""))
    }
  }

  @Test func aForeignTableIsNamedAndAllowed() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    try TableConnection(path: fixture.table).script(
      "CREATE TABLE theirs(a); CREATE INDEX quick ON predictions(remote_id); CREATE VIEW seen AS SELECT seq FROM predictions"
    )
    let again = try StoreFixture(fixture.folder)
    try again.insert(again.new())
    #expect(
      try DatabaseDiagnostics.run(again.table).foreign == ["table \"theirs\"", "index \"quick\"", "view \"seen\""])
  }

  /// Defensive mode is set before the file is read: SQL cannot write its schema.
  @Test func everyConnectionIsDefended() throws {
    let fixture = try StoreFixture()
    let connection = try TableConnection(path: fixture.table)
    #expect(try connection.integer("PRAGMA trusted_schema") == 0)
    #expect(throws: TableError.self) {
      try connection.script("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql")
    }
  }
}
