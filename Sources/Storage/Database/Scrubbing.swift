internal import CSQLite

/// Empties the log of deleted content; Sources/Storage/README.md, "Scrubbing".
///
/// Only a process with the exclusive lock does it: SQLite before 3.51.3 can lose committed pages when two processes move
/// the log into the database while a third one starts it over (sqlite.org/wal.html, "The WAL-reset bug").
enum Scrubbing {
  /// The name in `meta` that marks a log with deleted content, also after the process that deleted has ended.
  private static let mark = "unscrubbed"

  /// Sets the mark, in the transaction that deletes.
  static func request(in connection: TableConnection) throws(TableError) {
    try Schema.set(mark, Int64(1), in: connection)
  }

  /// Whether the log may hold deleted content.
  static func isRequested(in connection: TableConnection) -> Bool {
    ((try? connection.integer("SELECT count(*) FROM meta WHERE name = ?", mark)) ?? 0) > 0
  }

  /// Empties the log. Only with the exclusive lock, while no other thread writes.
  ///
  /// - Throws: where it was not emptied; it is tried again later.
  static func run(in connection: TableConnection) throws(TableError) {
    // The first column is 1 where a reader prevented it.
    guard try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0 else {
      throw TableError(code: SQLITE_BUSY, message: "the log is in use")
    }
    try connection.run("DELETE FROM meta WHERE name = ?", mark)
  }
}
