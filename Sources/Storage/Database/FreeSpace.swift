internal import CSQLite
public import Predictions

/// Pages of the file that deleted rows have left free.
///
/// A file with incremental auto-vacuum, which is set while it is empty, returns them to the disk in small steps. A file of
/// an older version has to be rewritten, by `TableCompaction`.
enum FreeSpace {
  /// Free pages that stay in the file for the next writes.
  private static let keptPages: Int64 = 256
  /// Pages that one step returns: 4 MB.
  private static let step = 1_024

  /// Whether a file has incremental auto-vacuum.
  static func isGivenBack(by connection: TableConnection) throws(TableError) -> Bool {
    try connection.integer("PRAGMA auto_vacuum") == 2
  }

  /// The size of a file's free pages.
  static func bytes(in connection: TableConnection) throws(TableError) -> Int64 {
    try connection.integer("PRAGMA freelist_count") * connection.integer("PRAGMA page_size")
  }

  /// Whether the file has free pages to return, and can.
  static func isPlentiful(in connection: TableConnection) -> Bool {
    guard let free = try? connection.integer("PRAGMA freelist_count") else { return false }
    return free > keptPages && (try? isGivenBack(by: connection)) == true
  }

  /// Returns one step of free pages to the disk.
  ///
  /// - Returns: false where there is nothing to return, or it failed.
  static func giveBack(in connection: TableConnection) -> Bool {
    guard isPlentiful(in: connection) else { return false }
    return (try? connection.script("PRAGMA incremental_vacuum(\(step))")) != nil
  }
}

/// Rewrites a database without its free pages. Afterwards the file returns free pages by itself.
public enum TableCompaction {
  /// - Parameters:
  ///   - directory: the state directory.
  ///   - now: milliseconds since 1970.
  /// - Returns: the bytes of the database and its log before and after.
  /// - Throws: where another process uses the database, or the disk has no space for the copy; no prediction is lost.
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
          database \(database.path), so it was left as it is.
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
