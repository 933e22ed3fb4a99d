internal import Predictions

/// The reading connection, for one thread at a time.
final class TableReader {
  let connection: TableConnection
  let path: String
  private var seenVersion = unseen
  private static let unseen: Int64 = -1

  init(database: any Database) throws(StoreError) {
    connection = try database.connect()
    path = database.name
  }

  /// One prediction, whole.
  func prediction(_ id: PredictionID) throws(StoreError) -> Prediction? {
    do {
      return try connection.first(PredictionRow.selectWholeByID, id.sequence, id.lowBits) { row throws(TableError) in
        var found = try PredictionRow.whole(row)
        try ReferenceRows.addTargets(to: &found, in: connection)
        return found
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// The cell of an input: the input itself, or the mark of its file.
  func inputCell(of id: PredictionID) throws(StoreError) -> [UInt8]? {
    do {
      return try connection.first(
        "SELECT i.input FROM inputs i JOIN predictions p ON p.seq = i.seq WHERE p.seq = ? AND p.low = ?", id.sequence,
        id.lowBits
      ) { $0.blob(0) }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Whether another connection of any process has committed since the last call.
  func hasChanged() -> Bool {
    guard let version = try? connection.integer("PRAGMA data_version") else { return true }
    defer { seenVersion = version }
    return version != seenVersion
  }

  /// Makes the next call of `hasChanged` return true, after changes could not be read.
  func forgetSeenVersion() { seenVersion = Self.unseen }

  /// Whether a POST of the account has this remote id, by its reply or by adoption.
  func isTaken(_ remoteID: String, in account: String) throws(StoreError) -> Bool {
    do {
      return try connection.integer(
        "SELECT count(*) FROM sends WHERE account = ? AND remote_id = ?", account, remoteID) > 0
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// How many rows `unbilled` looks at: a few milliseconds.
  private static let billedRows = 5_000

  /// Predictions that have ended and whose bill is not known, as `Prediction.awaitsBill` says.
  func unbilled(
    in account: String, endedIn moments: ClosedRange<Int64>, atMost limit: Int
  ) throws(StoreError) -> [(id: PredictionID, remoteID: String)] {
    do {
      return try connection.rows(
        """
        SELECT seq, low, remote_id
          FROM (SELECT seq, low, account, phase, remote_id, is_billed, billing, finished_ms FROM predictions WHERE seq >= ? ORDER BY seq DESC LIMIT \(Self.billedRows)) p
         WHERE account = ? AND phase IS NULL AND remote_id IS NOT NULL AND is_billed = 0 AND billing <> 'none'
           AND finished_ms BETWEEN ? AND ? LIMIT ?
        """,
        list: [
          ListPlan.sequence(at: moments.lowerBound), account, moments.lowerBound, moments.upperBound, Int64(limit),
        ]
      ) { (id: PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1)), remoteID: $0.text(2)) }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// How many predictions `lastOutput` looks at.
  private static let sourceRows = 16

  /// The address of the first output of an account's newest completed prediction with this model; `nil` where none of the
  /// newest has one.
  func lastOutput(of account: String, model: String) throws(StoreError) -> String? {
    do {
      return try connection.first(
        """
        SELECT outputs
          FROM (SELECT account, status, outputs FROM predictions WHERE model = ? ORDER BY seq DESC LIMIT \(Self.sourceRows)) p
         WHERE account = ? AND status = 'completed' AND outputs IS NOT NULL LIMIT 1
        """, model, account
      ) { row throws(TableError) in try JSONColumns.strings(row, 0) }?.first
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// When a prediction's POST was sent.
  func sendTime(of id: PredictionID) throws(StoreError) -> SendTime? {
    do {
      return try connection.first(
        "SELECT sent_ms, until_ms, steady_ms, boot, skew_ms FROM sends WHERE seq = ?", id.sequence
      ) { SendTime($0, from: 0) }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Moves as much of the log into the database as is possible without waiting.
  func checkpoint() {
    _ = try? connection.integer("PRAGMA wal_checkpoint(PASSIVE)")
  }

  /// A page, newest first.
  func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    let plan = try ListPlan(query, for: connection.dialect)
    do {
      // A row that cannot be read counts in the page, so that the next page begins behind it.
      var found: [Prediction] = []
      var count = 0
      let keys = try connection.rows(plan.pageSQL, list: plan.values) { row throws(TableError) in
        // The row behind the page is not shown: it says that there is a next page.
        if count < plan.limit, let prediction = try Self.readable(row) { found.append(prediction) }
        count += 1
        return row.integer(0)
      }
      try ReferenceRows.addTargets(to: &found, in: connection)
      let cursors = found.map { plan.cursor(after: $0.id.sequence) }
      var next: String?
      if keys.count > plan.limit {
        next = plan.cursor(after: keys[plan.limit - 1])
      } else if let last = try connection.rows(plan.lastLookedAtSQL, list: plan.lookedValues, body: { $0.integer(0) })
        .first
      {
        // The limit of examined rows was reached, and there are more.
        next = plan.cursor(after: last)
      }
      return ListPage(predictions: found, cursors: cursors, nextCursor: next)
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// The prediction of a row; `nil` where a cell is damaged.
  static func readable(_ row: borrowing TableRow) throws(TableError) -> Prediction? {
    do throws(TableError) {
      return try PredictionRow.lean(row)
    } catch {
      guard error.isDamagedRow else { throw error }
      return nil
    }
  }
}
