internal import JSON
internal import Predictions

/// A prediction as cells of the table, and back.
enum PredictionRow {
  /// The cells that lists need, in the order in which `lean` reads them.
  static let columns = """
    p.seq, p.low, p.status, p.phase, p.owner, p.epoch, p.revision, p.provider, p.model, p.account, p.fingerprint, \
    p.remote_id, p.billing, p.cost_micros, p.started_ms, p.finished_ms, p.next_ms, p.tries, p.delete_remote, \
    p.idempotency_key, p.output_dir, p.output_name, p.tags, p.outputs, p.files, p.failure, p.timings, p.has_nsfw, \
    p.error, p.max_cost_micros, p.estimate_micros, p.origin, p.has_been_unknown, p.preview, p.uploads
    """

  /// Everything of a prediction; a condition follows.
  static let selectWhole =
    "SELECT \(columns), i.input, i.metadata FROM predictions p LEFT JOIN inputs i ON i.seq = p.seq"

  /// The condition for one prediction.
  static let byID = " WHERE p.seq = ? AND p.low = ?"

  /// The prediction of a row of `columns`.
  static func lean(_ row: borrowing SQLiteRow) throws(SQLiteError) -> Prediction {
    var prediction = Prediction(
      id: PredictionID(sequence: row.integer(0), lowBits: row.integer(1)), provider: row.text(7), model: row.text(8),
      input: [], tags: try Cell.strings(row.textIfAny(22)), idempotencyKey: row.textIfAny(19),
      fingerprint: row.blob(10), account: row.text(9), outputDirectory: row.text(20), outputName: row.textIfAny(21))
    prediction.input = nil
    guard let status = PredictionStatus(rawValue: row.text(2)) else { throw .damaged("status") }
    guard let billing = Billing(rawValue: row.text(12)) else { throw .damaged("billing") }
    prediction.status = status
    prediction.phase = try row.textIfAny(3).map { text throws(SQLiteError) in
      guard let phase = PredictionPhase(rawValue: text) else { throw .damaged("phase") }
      return phase
    }
    prediction.owner = row.textIfAny(4)
    prediction.epoch = row.integer(5)
    prediction.revision = row.integer(6)
    prediction.remoteID = row.textIfAny(11)
    prediction.billing = billing
    prediction.costMicros = row.integerIfAny(13)
    prediction.startedAt = row.integerIfAny(14)
    prediction.finishedAt = row.integerIfAny(15)
    prediction.nextAt = row.integerIfAny(16)
    prediction.tries = row.integer(17)
    prediction.deleteRemote = row.integer(18) != 0
    prediction.outputs = try Cell.strings(row.textIfAny(23))
    prediction.files = try Cell.files(row.textIfAny(24))
    prediction.failure = try Cell.failure(row.textIfAny(25))
    prediction.inferenceMilliseconds = try Cell.value(row.textIfAny(26))?["inference"]?.int64
    prediction.hasNSFWContents = try Cell.array(row.textIfAny(27)).map { $0.bool ?? false }
    prediction.error = row.text(28)
    prediction.maxCostMicros = row.integerIfAny(29)
    prediction.estimateMicros = row.integerIfAny(30)
    prediction.origin = row.textIfAny(31).flatMap(PredictionOrigin.init)
    prediction.hasBeenUnknown = row.integer(32) != 0
    if status == .processing { prediction.preview = try Cell.preview(row.textIfAny(33)) }
    guard let uploads = UploadState(rawValue: row.integer(34)) else { throw .damaged("uploads") }
    prediction.uploads = uploads
    return prediction
  }

  /// The prediction of a row of `selectWhole`.
  static func whole(_ row: borrowing SQLiteRow) throws(SQLiteError) -> Prediction {
    var prediction = try lean(row)
    prediction.input = row.blobIfAny(35)
    prediction.metadata = row.blobIfAny(36)
    return prediction
  }

  /// Adds the row, without what belongs to other tables.
  static func insert(_ prediction: Prediction, in connection: SQLiteConnection) throws(SQLiteError) {
    try connection.run(
      """
      INSERT INTO predictions(seq, low, status, phase, owner, epoch, revision, provider, model, account, fingerprint,
        remote_id, billing, cost_micros, started_ms, finished_ms, next_ms, tries, delete_remote,
        idempotency_key, output_dir, output_name, tags, outputs, files, failure, timings, has_nsfw, error,
        max_cost_micros, estimate_micros, origin, has_been_unknown, uploads)
      VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
      """,
      prediction.id.sequence, prediction.id.lowBits, prediction.status.rawValue, prediction.phase?.rawValue,
      prediction.owner, prediction.epoch, prediction.revision, prediction.provider, prediction.model,
      prediction.account, prediction.fingerprint, prediction.remoteID, prediction.billing.rawValue,
      prediction.costMicros, prediction.startedAt, prediction.finishedAt, prediction.nextAt, prediction.tries,
      prediction.deleteRemote ? 1 : 0, prediction.idempotencyKey, prediction.outputDirectory, prediction.outputName,
      Cell.text(prediction.tags), Cell.text(prediction.outputs), Cell.text(prediction.files),
      Cell.text(prediction.failure), Cell.timings(prediction), Cell.text(prediction.hasNSFWContents), prediction.error,
      prediction.maxCostMicros, prediction.estimateMicros, prediction.origin?.rawValue,
      prediction.hasBeenUnknown ? 1 : 0, prediction.uploads.rawValue)
  }

  /// Writes what may change, and notes the change.
  static func update(_ prediction: Prediction, in connection: SQLiteConnection) throws(SQLiteError) {
    let seq = prediction.id.sequence
    try connection.run(
      """
      UPDATE predictions SET status = ?2, phase = ?3, owner = ?4, epoch = ?5, revision = ?6, remote_id = ?7,
        billing = ?8, cost_micros = ?9, started_ms = ?10, finished_ms = ?11, next_ms = ?12, tries = ?13,
        delete_remote = ?14, outputs = ?15, files = ?16, failure = ?17, timings = ?18, has_nsfw = ?19, error = ?20,
        estimate_micros = ?21, has_been_unknown = ?22, preview = ?23, uploads = ?24
      WHERE seq = ?1
      """,
      seq, prediction.status.rawValue, prediction.phase?.rawValue, prediction.owner, prediction.epoch,
      prediction.revision, prediction.remoteID, prediction.billing.rawValue, prediction.costMicros,
      prediction.startedAt, prediction.finishedAt, prediction.nextAt, prediction.tries,
      prediction.deleteRemote ? 1 : 0, Cell.text(prediction.outputs), Cell.text(prediction.files),
      Cell.text(prediction.failure), Cell.timings(prediction), Cell.text(prediction.hasNSFWContents), prediction.error,
      prediction.estimateMicros, prediction.hasBeenUnknown ? 1 : 0, Cell.text(prediction.preview),
      prediction.uploads.rawValue)
    try noteChange(prediction.id, gone: false, in: connection)
  }

  /// Adds to the list of changes by which other processes learn of them; the newest 100,000 are kept.
  static func noteChange(_ id: PredictionID, gone: Bool, in connection: SQLiteConnection) throws(SQLiteError) {
    let change = try connection.first(
      "INSERT INTO changes(seq, low, gone) VALUES(?, ?, ?) RETURNING change", id.sequence, id.lowBits, gone ? 1 : 0
    ) { $0.integer(0) }
    // Never emptied: the numbers would start again.
    if let change, change % 1000 == 0 {
      try connection.run("DELETE FROM changes WHERE change <= ?", change - 100_000)
    }
  }
}

/// Lists and records inside one cell: JSON text, and NULL for nothing.
private enum Cell {
  static func value(_ text: String?) throws(SQLiteError) -> JSONValue? {
    guard let text else { return nil }
    do { return try JSONValue(parsing: text) } catch { throw .damaged("JSON cell") }
  }

  static func array(_ text: String?) throws(SQLiteError) -> [JSONValue] { try value(text)?.array ?? [] }

  static func strings(_ text: String?) throws(SQLiteError) -> [String] { try array(text).compactMap(\.string) }

  static func files(_ text: String?) throws(SQLiteError) -> [OutputFile] {
    try array(text).map { file throws(SQLiteError) in
      guard let path = file["path"]?.string, let mediaType = file["media_type"]?.string,
        let bytes = file["bytes"]?.int64, let sha256 = file["sha256"]?.string
      else { throw .damaged("file") }
      return OutputFile(
        path: path, mediaType: mediaType, bytes: bytes, sha256: sha256,
        width: file["width"]?.int64.map { Int($0) }, height: file["height"]?.int64.map { Int($0) })
    }
  }

  static func preview(_ text: String?) throws(SQLiteError) -> Preview? {
    guard let value = try value(text) else { return nil }
    guard let path = value["path"]?.string, let mediaType = value["media_type"]?.string,
      let bytes = value["bytes"]?.int64, let index = value["index"]?.int64
    else { throw .damaged("preview") }
    return Preview(
      path: path, mediaType: mediaType, bytes: bytes, width: value["width"]?.int64.map { Int($0) },
      height: value["height"]?.int64.map { Int($0) }, index: Int(index))
  }

  static func failure(_ text: String?) throws(SQLiteError) -> PredictionFailure? {
    guard let value = try value(text) else { return nil }
    guard let kind = PredictionFailure.Kind(rawValue: value["type"]?.string ?? "") else { throw .damaged("failure") }
    return PredictionFailure(
      kind, retryable: value["retryable"]?.bool ?? false, message: value["message"]?.string ?? "",
      hint: value["hint"]?.string, remoteCode: value["remote_code"]?.string)
  }

  static func text(_ strings: [String]) -> String? { array(strings.map { .string($0) }) }

  static func text(_ flags: [Bool]) -> String? { array(flags.map { .bool($0) }) }

  static func text(_ files: [OutputFile]) -> String? {
    array(
      files.map { file in
        var object = JSONObject([
          ("path", .string(file.path)), ("media_type", .string(file.mediaType)),
          ("bytes", .number(JSONNumber(file.bytes))), ("sha256", .string(file.sha256)),
        ])
        object["width"] = file.width.map { .number(JSONNumber($0)) }
        object["height"] = file.height.map { .number(JSONNumber($0)) }
        return .object(object)
      })
  }

  static func text(_ preview: Preview?) -> String? {
    guard let preview else { return nil }
    var object = JSONObject([
      ("path", .string(preview.path)), ("media_type", .string(preview.mediaType)),
      ("bytes", .number(JSONNumber(preview.bytes))), ("index", .number(JSONNumber(preview.index))),
    ])
    object["width"] = preview.width.map { .number(JSONNumber($0)) }
    object["height"] = preview.height.map { .number(JSONNumber($0)) }
    return JSONValue.object(object).text
  }

  static func text(_ failure: PredictionFailure?) -> String? {
    guard let failure else { return nil }
    var object = JSONObject([
      ("type", .string(failure.kind.rawValue)), ("retryable", .bool(failure.retryable)),
      ("message", .string(failure.message)),
    ])
    object["hint"] = failure.hint.map { .string($0) }
    object["remote_code"] = failure.remoteCode.map { .string($0) }
    return JSONValue.object(object).text
  }

  static func timings(_ prediction: Prediction) -> String? {
    prediction.inferenceMilliseconds.map { #"{"inference":\#($0)}"# }
  }

  private static func array(_ elements: [JSONValue]) -> String? {
    elements.isEmpty ? nil : JSONValue.array(elements).text
  }
}
