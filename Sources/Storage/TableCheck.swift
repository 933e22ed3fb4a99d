public import Predictions

/// Looks at the table without changing anything, for people.
public enum TableCheck {
  /// What was found.
  public struct Report: Sendable, Equatable {
    /// Whether SQLite finds the whole of it sound; otherwise its first complaint.
    public var complaint: String?
    /// Which version of the table's form it has.
    public var version: Int64
    /// How many predictions it holds.
    public var predictions: Int64
    /// How many of them are not finished.
    public var unfinished: Int64
  }

  /// - Throws: where it cannot be read.
  public static func run(_ path: String) throws(StoreError) -> Report {
    do throws(SQLiteError) {
      let connection = try SQLiteConnection(path: path)
      try connection.script("PRAGMA query_only = 1; PRAGMA busy_timeout = 5000")
      let verdict = try connection.first("PRAGMA quick_check(1)") { $0.text(0) } ?? "it says nothing"
      return Report(
        complaint: verdict == "ok" ? nil : verdict, version: try connection.integer("PRAGMA user_version"),
        predictions: try connection.integer("SELECT count(*) FROM predictions"),
        unfinished: try connection.integer("SELECT count(*) FROM predictions WHERE phase IS NOT NULL"))
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// How many bytes may still be written where a path is, and how many its disk has; `nil` where nobody knows.
  public static func space(at path: String) -> (free: Int64, total: Int64)? { FileSystem.space(at: path) }
}
