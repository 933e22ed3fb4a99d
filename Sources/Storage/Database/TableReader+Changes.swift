internal import Predictions

extension TableReader {
  /// What was changed behind a cursor, each prediction once.
  ///
  /// - Parameter table: which table this is, as cursors name it.
  func changes(after cursor: ChangeCursor?, table: UInt32) throws(StoreError) -> TableChanges {
    do {
      let newest = try connection.integer("SELECT max(change) FROM changes")
      var found = TableChanges(newest: ChangeCursor(table: table, number: newest))
      guard let cursor else { return found }
      // One of another table; or of this one, which was restored from a copy since.
      guard cursor.table == table, cursor.number <= newest else {
        found.isComplete = false
        return found
      }
      // Of the changes of one prediction the newest; SQLite takes the other cells from the row that has the maximum. Those
      // of an old version have no `low`, and what is gone without one has no name any more.
      found.changes = try connection.rows(
        """
        SELECT c.change, c.seq, coalesce(c.low, p.low), c.gone
          FROM (SELECT max(change) AS change, seq, low, gone FROM changes WHERE change > ? AND change <= ? GROUP BY seq) c
          LEFT JOIN predictions p ON p.seq = c.seq
         WHERE coalesce(c.low, p.low) IS NOT NULL ORDER BY c.change
        """, cursor.number, newest
      ) { row in
        TableChange(
          number: row.integer(0), id: PredictionID(sequence: row.integer(1), lowBits: row.integer(2)),
          isDeleted: row.integer(3) != 0)
      }
      // Asked last: numbers are only ever taken away from the front, so what is still here now was here before.
      let oldest = try connection.integer("SELECT min(change) FROM changes")
      found.isComplete = cursor.number == newest || oldest <= cursor.number || oldest - 1 == cursor.number
      return found
    } catch {
      forgetSeenVersion()
      throw StoreError(error, at: path)
    }
  }

  /// One prediction as a list has it.
  func listed(_ id: PredictionID) throws(StoreError) -> Prediction? {
    do {
      return try connection.first(PredictionRow.selectLeanByID, id.sequence, id.lowBits) {
        row throws(SQLiteError) in try PredictionRow.lean(row)
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
