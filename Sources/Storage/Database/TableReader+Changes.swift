internal import Predictions

extension TableReader {
  /// The changes behind a cursor, each prediction once.
  ///
  /// - Parameter table: identifies this database in cursors.
  func changes(after cursor: ChangeCursor?, table: UInt32) throws(StoreError) -> TableChanges {
    do {
      let newest = try connection.integer("SELECT max(change) FROM changes")
      var found = TableChanges(newest: ChangeCursor(table: table, number: newest))
      guard let cursor else { return found }
      // A cursor of another database, or of a later state of this one, which was restored from a copy since.
      guard cursor.table == table, cursor.number <= newest else {
        found.isComplete = false
        return found
      }
      // The newest change of each prediction. Changes of an old
      // version have no `low`; the id of a deleted prediction is then not known.
      found.changes = try connection.rows(
        """
        SELECT c.change, c.seq, coalesce(c.low, p.low), c.gone
          FROM (\(connection.dialect.newestChanges)) c
          LEFT JOIN predictions p ON p.seq = c.seq
         WHERE coalesce(c.low, p.low) IS NOT NULL ORDER BY c.change
        """, cursor.number, newest
      ) { row in
        TableChange(
          number: row.integer(0), id: PredictionID(sequence: row.integer(1), lowBits: row.integer(2)),
          isDeleted: row.integer(3) != 0)
      }
      // Read last: changes are only deleted from the front, so the remaining changes were here before.
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
      return try connection.first(PredictionRow.selectLeanByID, id.sequence, id.lowBits) { row throws(TableError) in
        var found = try PredictionRow.lean(row)
        try ReferenceRows.addTargets(to: &found, in: connection)
        return found
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
