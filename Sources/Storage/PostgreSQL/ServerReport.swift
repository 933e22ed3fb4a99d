public import Predictions
internal import Threads

/// What `doctor` says of a database of PostgreSQL.
public struct ServerReport: Sendable, Equatable {
  /// The server's version, as it says it.
  public var version: String
  /// How many predictions the tables hold.
  public var predictions: Int64
  /// How many of them are not finished.
  public var unfinished: Int64
  /// Whether a standby confirms each commit.
  public var hasStandby: Bool
}

extension TablePredictionStore {
  /// Examines the database of a server without changing it; `nil` where it is a file.
  public func serverReport() throws(StoreError) -> ServerReport? {
    guard database is PostgreSQLDatabase else { return nil }
    let name = database.name
    return try reader.withLock { reader throws(StoreError) in
      do throws(TableError) {
        return try reader.connection.first(
          """
          SELECT current_setting('server_version'), (SELECT count(*) FROM predictions),
            (SELECT count(*) FROM predictions WHERE phase IS NOT NULL OR refs = 1 AND status = 'created'),
            current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') <> 'local'
          """
        ) { row in
          ServerReport(
            version: row.text(0), predictions: row.integer(1), unfinished: row.integer(2),
            hasStandby: row.integer(3) != 0)
        }
      } catch {
        throw StoreError(error, at: name)
      }
    }
  }
}
