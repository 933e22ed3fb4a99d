internal import Predictions

extension TableWriter {
  /// Bounds of one batch, so that no transaction is long: rows examined, rows read, rows deleted, and bytes of their inputs
  /// and metadata, which are overwritten.
  static let examinedRows = 2_000
  private static let readRows = 500
  private static let deletedRows = 50
  private static let deletedBytes: Int64 = 4 << 20

  /// Deletes the next batch, oldest first. A row that cannot be read stays.
  func prune(_ request: PruneRequest) throws -> PruneBatch {
    let marks = SQLDialect.marks(request.keptTags.count, from: 3)
    let examined = "SELECT seq, low FROM predictions WHERE seq > ?1 AND seq < ?2 ORDER BY seq"
    let range: [any TableBindable] = [request.after?.sequence ?? -1, ListPlan.sequence(at: request.acceptedBefore)]
    // CROSS JOIN fixes the order of the loops, and so of the rows.
    let sql = """
      SELECT \(PredictionRow.columns),
          coalesce(length(i.input), 0) + coalesce(length(i.metadata), 0) + coalesce(length(i.sent), 0)
        FROM (\(examined) LIMIT \(Self.examinedRows)) e \(connection.dialect.lookup) predictions p ON p.seq = e.seq
          LEFT JOIN inputs i ON i.seq = p.seq
       WHERE p.phase IS NULL AND p.status IN ('completed', 'failed', 'cancelled')
         AND NOT EXISTS (\(ReferenceRows.waiting(for: "p.seq")))
         AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.seq = p.seq AND t.tag IN (\(marks)))
       \(connection.dialect.sorted(by: "p.seq")) LIMIT \(Self.readRows)
      """
    let rows = try connection.rows(sql, list: range + request.keptTags) { row throws(TableError) in
      (
        id: PredictionID(sequence: row.integer(0), lowBits: row.integer(1)),
        prediction: try TableReader.readable(row), bytes: row.integer(PredictionRow.columnCount)
      )
    }
    var gone: [Prediction] = []
    var bytes: Int64 = 0
    var last: PredictionID?
    for row in rows where last == nil {
      guard let prediction = row.prediction, prediction.mayBePruned else { continue }
      gone.append(prediction)
      bytes += row.bytes
      if gone.count == Self.deletedRows || bytes >= Self.deletedBytes { last = row.id }
    }
    if last == nil {
      // Many rows may be kept, and the batch ends behind them.
      last =
        rows.count == Self.readRows
        ? rows.last?.id
        : try connection.rows(examined + " LIMIT 1 OFFSET \(Self.examinedRows - 1)", list: range) {
          PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1))
        }.first
    }
    try remove(gone)
    return PruneBatch(deleted: gone, last: last, scrubbed: false)
  }
}
