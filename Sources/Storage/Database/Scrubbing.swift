internal import CSQLite

/// Deleted content leaves the table at once, since every connection overwrites what it deletes, but the log still has the
/// pages from before. The log is emptied only by a process that has the table alone: SQLite before 3.51.3 can lose committed
/// pages where two processes move the log into the table while a third one starts it over
/// (sqlite.org/wal.html, "The WAL-reset bug").
enum Scrubbing {
  /// The fact in `meta` that says that the log may hold deleted content. It outlives the process that deleted.
  private static let mark = "unscrubbed"

  /// Sets the mark, in the transaction that deletes.
  static func request(in connection: SQLiteConnection) throws(SQLiteError) {
    try Schema.set(mark, Int64(1), in: connection)
  }

  /// Whether the log may hold deleted content.
  static func isRequested(in connection: SQLiteConnection) -> Bool {
    ((try? connection.integer("SELECT count(*) FROM meta WHERE name = ?", mark)) ?? 0) > 0
  }

  /// Empties the log. Only while this process holds the table's lock alone, and nothing else in it writes.
  ///
  /// - Throws: where not all of it was emptied; it is tried again later.
  static func run(in connection: SQLiteConnection) throws(SQLiteError) {
    // The first column is 1 where a reader was in the way.
    guard try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0 else {
      throw SQLiteError(code: SQLITE_BUSY, message: "the log is in use")
    }
    try connection.run("DELETE FROM meta WHERE name = ?", mark)
  }
}
