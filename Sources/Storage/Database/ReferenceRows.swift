internal import Predictions

/// The rows of `refs`: which outputs the input of a waiting prediction names. They exist while it waits; those of rows that
/// an older program ended are ignored and swept.
enum ReferenceRows {
  /// The query for predictions that wait for outputs of another one.
  ///
  /// - Parameter target: its key, as SQL.
  static func waiting(for target: String) -> String {
    """
    SELECT 1 FROM refs r JOIN predictions w ON w.seq = r.seq
      WHERE r.target_seq = \(target) AND w.refs = 1 AND w.status = 'created'
    """
  }

  /// Whether any prediction waits.
  static func areAwaited(in connection: TableConnection) throws(TableError) -> Bool {
    try connection.integer(
      "SELECT EXISTS(SELECT 1 FROM predictions\(connection.dialect.indexed(by: "chained")) WHERE refs = 1 AND status = 'created')"
    ) != 0
  }

  /// Adds the rows of a new prediction, with the home of the database: a copy of the database must not send it.
  ///
  /// - Parameter prediction: gets the targets that are not finished.
  static func insert(_ prediction: inout Prediction, in connection: TableConnection) throws(TableError) {
    let seq = prediction.id.sequence
    // Left by an older program that deleted a prediction with this key.
    try delete(of: prediction.id, in: connection)
    for reference in prediction.targets {
      try connection.run(
        "INSERT INTO refs(seq, target_seq, low, n) VALUES(?, ?, ?, ?)", seq, reference.target.sequence,
        reference.target.lowBits, reference.output)
    }
    try connection.run(
      "UPDATE predictions SET home = (SELECT value FROM meta WHERE name = 'home') WHERE seq = ?", seq)
    try addTargets(to: &prediction, in: connection)
  }

  /// Deletes rows of predictions that do not wait any more: those that an older program ended.
  ///
  /// - Returns: whether any prediction waits.
  static func sweep(in connection: TableConnection) throws(TableError) -> Bool {
    // Most databases have none, and most processes start with this.
    guard try connection.integer("SELECT EXISTS(SELECT 1 FROM refs)") != 0 else { return false }
    try connection.run(
      """
      DELETE FROM refs WHERE NOT EXISTS
        (SELECT 1 FROM predictions w WHERE w.seq = refs.seq AND w.refs = 1 AND w.status = 'created')
      """)
    return try areAwaited(in: connection)
  }

  static func delete(of id: PredictionID, in connection: TableConnection) throws(TableError) {
    try connection.run("DELETE FROM refs WHERE seq = ?", id.sequence)
  }

  /// Reads the targets of a prediction where it waits for outputs; one statement more for these alone.
  static func addTargets(to prediction: inout Prediction, in connection: TableConnection) throws(TableError) {
    guard prediction.isChained else { return }
    let rows = try connection.rows(
      """
      SELECT r.target_seq, r.low, r.n, t.status FROM refs r
          LEFT JOIN predictions t ON t.seq = r.target_seq AND t.low = r.low
        WHERE r.seq = ? ORDER BY r.target_seq, r.n
      """, prediction.id.sequence
    ) { row in
      // A damaged cell names a prediction or an output that does not exist, so that the row fails when its turn comes.
      let id = PredictionID(sequence: row.integer(0), lowBits: row.integer(1))
      let status = row.textIfAny(3).flatMap(PredictionStatus.init)
      return (
        reference: OutputReference(id, Int(clamping: row.integer(2))), isFinished: status.map(\.isTerminal) ?? true
      )
    }
    prediction.targets = rows.map(\.reference)
    prediction.waitsFor = []
    for row in rows where !row.isFinished && prediction.waitsFor.last != row.reference.target {
      prediction.waitsFor.append(row.reference.target)
    }
  }

  /// The same of several.
  static func addTargets(to predictions: inout [Prediction], in connection: TableConnection) throws(TableError) {
    for index in predictions.indices { try addTargets(to: &predictions[index], in: connection) }
  }
}

extension TableReader {
  /// Whether predictions wait for outputs of this one.
  func isAwaited(_ id: PredictionID) throws(StoreError) -> Bool {
    do {
      return try connection.integer("SELECT EXISTS(\(ReferenceRows.waiting(for: "?")))", id.sequence) != 0
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
