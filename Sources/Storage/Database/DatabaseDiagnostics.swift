public import Predictions

/// Examines the database without changing it, for `doctor`.
public enum DatabaseDiagnostics {
  /// The result.
  public struct Report: Sendable, Equatable {
    /// The first fault that SQLite's check of the file reports; `nil` where the file is sound.
    public var complaint: String?
    /// The version of its schema.
    public var version: Int64
    /// How many predictions it holds.
    public var predictions: Int64
    /// How many of them are not finished.
    public var unfinished: Int64
    /// Rows that cannot be read, a sentence for each; lists leave them out.
    public var unreadable: [String]
    /// Tables, indexes and views in the file that are not ours, each with its kind. They run nothing.
    public var foreign: [String]
    /// Bytes of free pages that only `TableCompaction` returns to the disk; `nil` where the file returns them by itself.
    public var lostBytes: Int64?
  }

  /// Examines the database at a path. Throws where the file cannot be read.
  public static func run(_ path: String) throws(StoreError) -> Report {
    do throws(TableError) {
      let connection = try TableConnection(path: path)
      try connection.script("PRAGMA query_only = 1; PRAGMA busy_timeout = 5000")
      let rows = try connection.rows(PredictionRow.selectWhole) { row throws(TableError) in try unreadable(row) }
      let verdict = try connection.first("PRAGMA quick_check(1)") { $0.text(0) } ?? "SQLite gave no answer"
      return Report(
        complaint: verdict == "ok" ? nil : verdict, version: try connection.integer("PRAGMA user_version"),
        predictions: try connection.integer("SELECT count(*) FROM predictions"),
        unfinished: try connection.integer(
          """
          SELECT (SELECT count(*) FROM predictions WHERE phase IS NOT NULL)
            + (SELECT count(*) FROM predictions WHERE refs = 1 AND status = 'created')
          """),
        unreadable: rows.compactMap { $0 }, foreign: try foreign(connection),
        lostBytes: try FreeSpace.isGivenBack(by: connection) ? nil : FreeSpace.bytes(in: connection))
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Why a row cannot be read; `nil` where it can.
  private static func unreadable(_ row: borrowing TableRow) throws(TableError) -> String? {
    do throws(TableError) {
      _ = try PredictionRow.whole(row)
      return nil
    } catch {
      guard error.isDamagedRow else { throw error }
      return error.message
    }
  }

  private static func foreign(_ connection: TableConnection) throws(TableError) -> [String] {
    let ours = Set(Schema.objects.map(\.name))
    return try connection.rows("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'") {
      (type: $0.text(0), name: $0.text(1))
    }.filter { !ours.contains($0.name) }.map { "\($0.type) \(SchemaShape.shown($0.name))" }
  }

  /// The free and total bytes of the disk that a path is on; `nil` where the system does not tell.
  public static func space(at path: String) -> (free: Int64, total: Int64)? { FileSystem.space(at: path) }
}
