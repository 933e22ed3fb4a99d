internal import Predictions

/// How long jobs took: the newest of each account and model. A row names no prediction and has no word of its input.
enum DurationRows {
  /// Adds the newest, and deletes what is older than the newest `JobDuration.kept`.
  static func add(_ duration: JobDuration, of prediction: Prediction, in connection: TableConnection)
    throws(TableError)
  {
    try connection.run(
      "INSERT INTO durations(account, model, kind, still_ms, done_ms) VALUES(?, ?, ?, ?, ?)",
      prediction.account, prediction.model, duration.kind, duration.stillMilliseconds, duration.doneMilliseconds)
    try connection.run(
      """
      DELETE FROM durations WHERE account = ?1 AND model = ?2 AND seq <= (SELECT seq FROM durations
        WHERE account = ?1 AND model = ?2 ORDER BY seq DESC LIMIT 1 OFFSET \(JobDuration.kept))
      """, prediction.account, prediction.model)
  }

  /// The newest first. A row that no version of ours writes is passed over.
  static func newest(of account: String, model: String, in connection: TableConnection)
    throws(TableError) -> [JobDuration]
  {
    try connection.rows(
      """
      SELECT kind, still_ms, done_ms FROM durations WHERE account = ? AND model = ? ORDER BY seq DESC
        LIMIT \(JobDuration.kept)
      """, account, model
    ) { JobDuration(kind: $0.integer(0), still: $0.integer(1), done: $0.integer(2)) }.compactMap { $0 }
  }
}

extension TableReader {
  /// How long the newest jobs of an account and a model took.
  func durations(of account: String, model: String) throws(StoreError) -> [JobDuration] {
    do {
      return try DurationRows.newest(of: account, model: model, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
