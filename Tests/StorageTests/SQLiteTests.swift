import Testing

@testable import Storage

@Suite("SQLite connections")
struct SQLiteTests {
  private let folder = TemporaryFolder()

  private func connection() throws -> TableConnection {
    try write([], to: folder.path + "/x.db")
    return try TableConnection(path: folder.path + "/x.db")
  }

  @Test func everyValueIsReadAsWritten() throws {
    let connection = try connection()
    try connection.script("CREATE TABLE t(i INTEGER, s TEXT, b BLOB) STRICT")
    let texts: [String?] = [nil, "", "a", "a\u{0}b\u{0}", String(repeating: "Ż🐢", count: 10_000)]
    let blobs: [[UInt8]?] = [nil, [], [0], [0, 255, 0], Array(repeating: 9, count: 100_000)]
    let integers: [Int64?] = [nil, .min, -1, 0, .max]
    for (text, (blob, integer)) in zip(texts, zip(blobs, integers)) {
      try connection.run("DELETE FROM t")
      #expect(try connection.changed(by: "INSERT INTO t VALUES(?, ?, ?)", integer, text, blob) == 1)
      let found = try connection.first("SELECT i, s, b FROM t") {
        ($0.integerIfAny(0), $0.textIfAny(1), $0.blobIfAny(2))
      }
      let row = try #require(found)
      #expect(row.0 == integer && row.1 == text && row.2 == blob)
    }
  }

  @Test func failuresAreErrorsAndChangeNothing() throws {
    let connection = try connection()
    #expect(throws: TableError.self) { try connection.script("nonsense") }
    #expect(throws: TableError.self) { try connection.run("SELECT * FROM absent") }
    try connection.script("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)")
    for _ in 0..<3 {
      #expect(throws: TableError.self) { try connection.run("INSERT INTO t VALUES(?)", 1) }
      try connection.run("INSERT OR IGNORE INTO t VALUES(?)", 1)
    }
    #expect(throws: TableError.self) { try connection.run("SELECT ?", 1, 2) }
    #expect(throws: TableError.self) { try TableConnection(path: folder.path + "/absent.db") }
  }

  @Test func anUnfinishedQueryDoesNotPinTheLog() throws {
    let connection = try connection()
    try connection.script("PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)")
    #expect(try connection.first("SELECT a FROM t") { $0.integer(0) } == 1)
    #expect(throws: TableError.self) {
      try connection.rows("SELECT a FROM t") { _ throws(TableError) -> Int in throw .damaged("test") }
    }
    // TRUNCATE fails while a statement reads.
    #expect(try TableConnection(path: folder.path + "/x.db").integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0)
  }
}
