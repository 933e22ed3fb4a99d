internal import CSQLite
public import Predictions

/// Pages of the file that deleted rows had.
///
/// A file can give them back in small steps where that was decided before anything was in it (incremental auto-vacuum); one
/// of an older version has to be rewritten for it, by `TableCompaction`.
enum FreeSpace {
  /// How many free pages are kept for what comes next.
  private static let keptPages: Int64 = 256
  /// How many are given back in one step: 4 MB.
  private static let step = 1_024

  /// Whether a file can give pages back by itself.
  static func isGivenBack(by connection: SQLiteConnection) throws(SQLiteError) -> Bool {
    try connection.integer("PRAGMA auto_vacuum") == 2
  }

  /// How many bytes the free pages of a file have.
  static func bytes(in connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
    try connection.integer("PRAGMA freelist_count") * connection.integer("PRAGMA page_size")
  }

  /// Whether there are more free pages than are kept, and the file can give them back.
  static func isPlentiful(in connection: SQLiteConnection) -> Bool {
    guard let free = try? connection.integer("PRAGMA freelist_count") else { return false }
    return free > keptPages && (try? isGivenBack(by: connection)) == true
  }

  /// Gives some pages back, if there are more than a few.
  ///
  /// - Returns: whether it did.
  static func giveBack(in connection: SQLiteConnection) -> Bool {
    guard isPlentiful(in: connection) else { return false }
    return (try? connection.script("PRAGMA incremental_vacuum(\(step))")) != nil
  }
}

/// Rewrites a table without its free space. Afterwards it gives space back by itself.
public enum TableCompaction {
  /// - Parameters:
  ///   - directory: the state directory.
  ///   - now: milliseconds since 1970.
  /// - Returns: how many bytes the table and its log had, and have now.
  /// - Throws: where another process uses the table, or the disk has no space for the copy; no prediction is lost then.
  public static func run(in directory: String, now: Int64) throws(StoreError) -> (before: Int64, after: Int64) {
    let database = try DatabaseOpener.open(directory, now: now) { _ in }
    func bytes() -> Int64 {
      ["", "-wal"].reduce(0) { $0 + (FileStatus(of: database.path + $1)?.bytes ?? 0) }
    }
    let before = bytes()
    guard database.lockAlone() else {
      let others = OwnerLock.living(in: directory)
      throw .failed(
        message: """
          \(others.isEmpty ? "Another imagewire" : "Another imagewire, \(others.joined(separator: ", ")),") uses the \
          table \(database.path), so it was left as it is.
          """,
        hint: "End it, then try again.")
    }
    let connection = try database.connect()
    do {
      try connection.script("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
      try Scrubbing.run(in: connection)
    } catch {
      throw StoreError(error, at: database.path)
    }
    return (before, bytes())
  }
}
