internal import Predictions

/// The connection that reads, for one thread at a time.
final class TableReader {
  let connection: SQLiteConnection
  let path: String
  private var seenVersion: Int64 = -1

  init(table: Table) throws(StoreError) {
    connection = try table.connect()
    path = table.path
  }

  /// One prediction, whole.
  func prediction(_ id: PredictionID) throws(StoreError) -> Prediction? {
    do {
      return try connection.first(PredictionRow.selectWholeByID, id.sequence, id.lowBits) {
        row throws(SQLiteError) in try PredictionRow.whole(row)
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Whether any other connection, here or elsewhere, has committed since the last call.
  func hasChanged() -> Bool {
    guard let version = try? connection.integer("PRAGMA data_version") else { return true }
    defer { seenVersion = version }
    return version != seenVersion
  }

  /// Whether a POST of this account brought this id, or was found to have brought it.
  func isTaken(_ remoteID: String, in account: String) throws(StoreError) -> Bool {
    do {
      return try connection.integer(
        "SELECT count(*) FROM sends WHERE account = ? AND remote_id = ?", account, remoteID) > 0
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Moves what it can of the log into the table, waiting for nobody.
  func checkpoint() {
    _ = try? connection.integer("PRAGMA wal_checkpoint(PASSIVE)")
  }

  /// A page, newest first.
  func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    let plan = try ListPlan(query)
    do {
      let found = try connection.rows(plan.pageSQL, list: plan.values) { row throws(SQLiteError) in
        try PredictionRow.lean(row)
      }
      let cursors = found.prefix(plan.limit).map { plan.cursor(after: $0.id.sequence) }
      var next: String?
      if found.count > plan.limit {
        next = cursors.last
      } else if let last = try connection.rows(plan.lastLookedAtSQL, list: plan.lookedValues, body: { $0.integer(0) })
        .first
      {
        // The rows it may look at were used up, and there are more.
        next = plan.cursor(after: last)
      }
      return ListPage(predictions: Array(found.prefix(plan.limit)), cursors: cursors, nextCursor: next)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
