internal import Predictions

/// A prediction as cells of `predictions` and `inputs`, and back.
enum PredictionRow {
  /// The columns that a list needs, in the order in which `lean` reads them.
  static let columns = """
    p.seq, p.low, p.status, p.phase, p.owner, p.epoch, p.revision, p.provider, p.model, p.account, p.fingerprint, \
    p.remote_id, p.billing, p.cost_micros, p.started_ms, p.finished_ms, p.next_ms, p.tries, p.delete_remote, \
    p.idempotency_key, p.output_dir, p.output_name, p.tags, p.outputs, p.files, p.failure, p.timings, p.has_nsfw, \
    p.error, p.max_cost_micros, p.estimate_micros, p.origin, p.has_been_unknown, p.preview, p.uploads, \
    p.agent, p.acceptor, p.images, p.caps, p.model_is_default, p.max_cost_estimates, p.unread_reply, \
    p.is_billed, p.refs, p.attended_ms
    """

  /// How many they are: the position of a column that a query adds behind them.
  static let columnCount = Int32(columns.utf8.count { $0 == UInt8(ascii: ",") } + 1)

  /// All columns of predictions; a condition follows.
  static let selectWhole =
    "SELECT \(columns), i.input, i.metadata, i.sent, p.provider_data FROM predictions p LEFT JOIN inputs i ON i.seq = p.seq"

  /// The condition for one prediction.
  private static let byID = " WHERE p.seq = ? AND p.low = ?"

  /// One prediction, and one as a list has it. Built once, since these queries run most often.
  static let selectWholeByID = selectWhole + byID
  static let selectLeanByID = "SELECT \(columns) FROM predictions p" + byID

  /// The prediction of a row of `columns`. Throws where a cell holds a value that no version writes.
  static func lean(_ row: borrowing TableRow) throws(TableError) -> Prediction {
    do throws(TableError) {
      var prediction = try request(row)
      try readState(of: &prediction, row)
      return prediction
    } catch {
      throw error.of(PredictionID(sequence: row.integer(0), lowBits: row.integer(1)))
    }
  }

  /// What never changes.
  private static func request(_ row: borrowing TableRow) throws(TableError) -> Prediction {
    let id = PredictionID(
      sequence: try row.integer(0, in: CellRange.sequence, "key"),
      lowBits: try row.integer(1, in: CellRange.lowBits, "key"))
    let tags = try JSONColumns.strings(row, 22)
    return Prediction(
      id: id, provider: row.text(7), model: row.text(8), input: nil, tags: tags, idempotencyKey: row.textIfAny(19),
      fingerprint: row.blob(10), account: row.text(9), outputDirectory: row.text(20), outputName: row.textIfAny(21))
  }

  /// The rest. Into a prediction: the compiler copies one that a function changes, may throw after that, and returns.
  private static func readState(of prediction: inout Prediction, _ row: borrowing TableRow) throws(TableError) {
    guard let status = PredictionStatus(rawValue: row.text(2)) else { throw .damaged("status") }
    guard let billing = Billing(rawValue: row.text(12)) else { throw .damaged("billing") }
    prediction.status = status
    prediction.phase = try row.textIfAny(3).map { text throws(TableError) in
      guard let phase = PredictionPhase(rawValue: text) else { throw .damaged("phase") }
      return phase
    }
    prediction.owner = row.textIfAny(4)
    prediction.epoch = try row.integer(5, in: CellRange.count, "epoch")
    prediction.revision = try row.integer(6, in: CellRange.count, "revision")
    prediction.remoteID = row.textIfAny(11)
    // Version 0.1.0 wrote "charged" for the sandbox.
    prediction.billing = prediction.isFree ? .none : billing
    prediction.costMicros = try row.integerIfAny(13, in: CellRange.micros, "cost")
    prediction.startedAt = try row.integerIfAny(14, in: CellRange.moment, "time of start")
    prediction.finishedAt = try row.integerIfAny(15, in: CellRange.moment, "time of the end")
    prediction.nextAt = try row.integerIfAny(16, in: CellRange.moment, "time of the next search")
    prediction.tries = try row.integer(17, in: CellRange.count, "number of searches")
    prediction.deleteRemote = row.integer(18) != 0
    prediction.outputs = try JSONColumns.strings(row, 23)
    prediction.files = try JSONColumns.files(row, 24)
    prediction.failure = try JSONColumns.failure(row, 25)
    prediction.inferenceMilliseconds = try JSONColumns.inference(row, 26)
    prediction.hasNSFWContents = try JSONColumns.flags(row, 27)
    prediction.error = row.text(28)
    prediction.maxCostMicros = try row.integerIfAny(29, in: CellRange.micros, "limit of cost")
    prediction.estimateMicros = try row.integerIfAny(30, in: CellRange.micros, "price")
    prediction.origin = row.textIfAny(31).flatMap(PredictionOrigin.init)
    prediction.hasBeenUnknown = row.integer(32) != 0
    if status == .processing { prediction.preview = try JSONColumns.preview(row, 33) }
    prediction.acceptor = row.textIfAny(36)
    guard let uploads = UploadState(rawValue: row.integer(34)) else { throw .damaged("uploads") }
    prediction.uploads = uploads
    prediction.agent = row.textIfAny(35)
    prediction.images = try row.integer(37, in: CellRange.count, "number of images")
    prediction.caps = try JSONColumns.caps(row, 38)
    prediction.usesDefaultModel = row.integer(39) != 0
    prediction.allowsEstimates = row.integer(40) != 0
    prediction.unreadReply = row.textIfAny(41)
    prediction.isBilled = row.integer(42) != 0
    guard let references = ReferenceState(rawValue: row.integer(43)) else { throw .damaged("refs") }
    prediction.references = references
    if prediction.isChained {
      prediction.attendedAt = try row.integerIfAny(44, in: CellRange.moment, "time of attendance")
    }
  }

  /// The prediction of a row of `selectWhole`.
  static func whole(_ row: borrowing TableRow) throws(TableError) -> Prediction {
    var prediction = try lean(row)
    do throws(TableError) {
      try readObjects(of: &prediction, row)
    } catch {
      throw error.of(prediction.id)
    }
    return prediction
  }

  private static func readObjects(of prediction: inout Prediction, _ row: borrowing TableRow) throws(TableError) {
    // An input that is stored in a file is read only by `PredictionStore.input`.
    prediction.input = try JSONColumns.object(row, columnCount, "input").flatMap {
      StoredInput(cell: $0) == nil ? $0 : nil
    }
    prediction.metadata = try JSONColumns.object(row, columnCount + 1, "metadata")
    prediction.sent = try JSONColumns.object(row, columnCount + 2, "input as it was sent")
    prediction.providerData = try JSONColumns.object(row, columnCount + 3, "what the provider said")
  }

  /// Adds the row of `predictions`.
  static func insert(_ prediction: Prediction, in connection: TableConnection) throws(TableError) {
    try connection.run(
      """
      INSERT INTO predictions(seq, low, status, phase, owner, epoch, revision, provider, model, account, fingerprint,
        remote_id, billing, cost_micros, started_ms, finished_ms, next_ms, tries, delete_remote,
        idempotency_key, output_dir, output_name, tags, outputs, files, failure, timings, has_nsfw, error,
        max_cost_micros, estimate_micros, origin, has_been_unknown, uploads, agent, acceptor, images, caps,
        model_is_default, max_cost_estimates, refs, attended_ms)
      VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
      """,
      prediction.id.sequence, prediction.id.lowBits, prediction.status.rawValue, prediction.phase?.rawValue,
      prediction.owner, prediction.epoch, prediction.revision, prediction.provider, prediction.model,
      prediction.account, prediction.fingerprint, prediction.remoteID, prediction.billing.rawValue,
      prediction.costMicros, prediction.startedAt, prediction.finishedAt, prediction.nextAt, prediction.tries,
      prediction.deleteRemote ? 1 : 0, prediction.idempotencyKey, prediction.outputDirectory, prediction.outputName,
      JSONColumns.text(prediction.tags), JSONColumns.text(prediction.outputs), JSONColumns.text(prediction.files),
      JSONColumns.text(prediction.failure), JSONColumns.timings(prediction),
      JSONColumns.text(prediction.hasNSFWContents), prediction.error,
      prediction.maxCostMicros, prediction.estimateMicros, prediction.origin?.rawValue,
      prediction.hasBeenUnknown ? 1 : 0, prediction.uploads.rawValue, prediction.agent, prediction.acceptor,
      prediction.images, JSONColumns.text(prediction.caps), prediction.usesDefaultModel ? 1 : 0,
      prediction.allowsEstimates ? 1 : 0, prediction.references.rawValue, prediction.attendedAt)
  }

  /// Writes the columns that may change, and notes the change.
  static func update(_ prediction: Prediction, in connection: TableConnection) throws(TableError) {
    let seq = prediction.id.sequence
    try connection.run(
      """
      UPDATE predictions SET status = ?2, phase = ?3, owner = ?4, epoch = ?5, revision = ?6, remote_id = ?7,
        billing = ?8, cost_micros = ?9, started_ms = ?10, finished_ms = ?11, next_ms = ?12, tries = ?13,
        delete_remote = ?14, outputs = ?15, files = ?16, failure = ?17, timings = ?18, has_nsfw = ?19, error = ?20,
        estimate_micros = ?21, has_been_unknown = ?22, preview = ?23, uploads = ?24, acceptor = ?25, unread_reply = ?26,
        is_billed = ?27, provider_data = coalesce(?28, provider_data), refs = ?29
      WHERE seq = ?1
      """,
      seq, prediction.status.rawValue, prediction.phase?.rawValue, prediction.owner, prediction.epoch,
      prediction.revision, prediction.remoteID, prediction.billing.rawValue, prediction.costMicros,
      prediction.startedAt, prediction.finishedAt, prediction.nextAt, prediction.tries,
      prediction.deleteRemote ? 1 : 0, JSONColumns.text(prediction.outputs), JSONColumns.text(prediction.files),
      JSONColumns.text(prediction.failure), JSONColumns.timings(prediction),
      JSONColumns.text(prediction.hasNSFWContents), prediction.error,
      prediction.estimateMicros, prediction.hasBeenUnknown ? 1 : 0, JSONColumns.text(prediction.preview),
      prediction.uploads.rawValue, prediction.acceptor, prediction.unreadReply, prediction.isBilled ? 1 : 0,
      prediction.providerData, prediction.references.rawValue)
    try noteChange(prediction.id, gone: false, in: connection)
  }

  /// Adds to the log of changes, which other processes read; it keeps the newest 100,000.
  static func noteChange(_ id: PredictionID, gone: Bool, in connection: TableConnection) throws(TableError) {
    guard connection.dialect == .sqlite else {
      // Old ones go when a transaction begins: nothing waits for the number.
      return try connection.run(
        "INSERT INTO changes(seq, low, gone) VALUES(?, ?, ?)", id.sequence, id.lowBits, gone ? 1 : 0)
    }
    let change = try connection.first(
      "INSERT INTO changes(seq, low, gone) VALUES(?, ?, ?) RETURNING change", id.sequence, id.lowBits, gone ? 1 : 0
    ) { $0.integer(0) }
    if let change, change % 1000 == 0 { try forgetChanges(before: change, in: connection) }
  }

  /// Leaves the newest 100,000. The log is never emptied: its numbers would start again.
  static func forgetChanges(before newest: Int64, in connection: TableConnection) throws(TableError) {
    if newest > 100_000 { try connection.run("DELETE FROM changes WHERE change <= ?", newest - 100_000) }
  }
}
