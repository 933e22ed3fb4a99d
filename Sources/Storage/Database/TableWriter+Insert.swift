internal import JSON
internal import Predictions

extension TableWriter {
  /// Adds a prediction, or finds the one that its key names; Sources/Predictions/README.md, "Idempotency keys".
  func insert(_ new: Prediction, queueLimit: Int) throws -> InsertOutcome {
    if let known = try namedByKey(of: new) { return known }
    guard try queuedCount(of: new.account) < queueLimit else { return .queueFull }
    if let refusal = try agentRefusal(of: new) { return .overBudget(refusal) }

    var prediction = new
    while try isTaken(prediction.id.sequence) {
      prediction.id = PredictionID(sequence: prediction.id.sequence + 1, lowBits: prediction.id.lowBits)
    }
    let seq = prediction.id.sequence
    try PredictionRow.insert(prediction, in: connection)
    let input = prediction.input ?? []
    try connection.run(
      "INSERT INTO inputs(seq, input, metadata) VALUES(?, ?, ?)", seq, input, prediction.metadata)
    try connection.run("INSERT INTO words(seq, text) VALUES(?, ?)", seq, PromptIndex.of(input: input))
    for tag in prediction.tags {
      try connection.run("INSERT INTO tags(tag, seq) VALUES(?, ?) ON CONFLICT DO NOTHING", tag, seq)
    }
    if let key = prediction.storedKey {
      try connection.run(
        "INSERT INTO keys(key, fingerprint, seq, low) VALUES(?, ?, ?, ?)",
        key, prediction.fingerprint, seq, prediction.id.lowBits)
    }
    try PredictionRow.noteChange(prediction.id, gone: false, in: connection)
    if prediction.phase == .queued { noteQueued(prediction.account) }
    return .inserted(prediction)
  }

  /// Agents' caps also count what is accepted and not sent yet, so that a queue cannot hold more than may be sent.
  private func agentRefusal(of new: Prediction) throws(SQLiteError) -> BudgetRefusal? {
    guard let caps = new.caps else { return nil }
    let now = now
    let use = try LedgerRows.agentUse(of: new.account, at: now, in: connection)
    // A price that is not known yet is asked before it is sent.
    return caps.refusal(
      images: new.images, price: new.estimateMicros ?? 0, after: use, reset: time.clock(Money.endOfDay(now)))
  }

  /// What the key of a new prediction already names; `nil` where it has none, or its key is new.
  private func namedByKey(of new: Prediction) throws -> InsertOutcome? {
    guard let key = new.storedKey, let plainKey = new.idempotencyKey else { return nil }
    if let known = try holder(of: key) { return try outcome(of: new, keyOf: known, row: prediction(known.id)) }
    // Older versions kept the keys of agents beside those of plain clients, and named no agent in the row.
    guard key != plainKey, let known = try holder(of: plainKey), let row = try prediction(known.id),
      row.origin == .mcp, row.agent == nil
    else { return nil }
    return outcome(of: new, keyOf: known, row: row)
  }

  /// Which prediction took a key, and of what content it was.
  private typealias KeyHolder = (id: PredictionID, fingerprint: [UInt8], isDeleted: Bool)

  private func holder(of key: String) throws(SQLiteError) -> KeyHolder? {
    try connection.first("SELECT seq, low, fingerprint, deleted_ms FROM keys WHERE key = ?", key) {
      (PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1)), $0.blob(2), !$0.isNull(3))
    }
  }

  private func outcome(of new: Prediction, keyOf known: KeyHolder, row: Prediction?) -> InsertOutcome {
    guard !known.isDeleted, let row else { return .conflict(known.id, deleted: true, difference: nil) }
    return known.fingerprint == new.fingerprint
      ? .existing(row) : .conflict(known.id, deleted: false, difference: Self.difference(row, new))
  }

  /// The path of the first field in which two requests differ, those of the new one first. Takes linear time: an input may
  /// have 200,000 fields, and the write lock is held meanwhile.
  private static func difference(_ old: Prediction, _ new: Prediction) -> String? {
    if old.provider != new.provider { return "provider" }
    if old.model != new.model { return "model" }
    if (old.uploads == .none) != (new.uploads == .none) { return "upload" }
    func input(of prediction: Prediction) -> JSONObject? {
      (try? JSONValue(parsing: prediction.input ?? []))?.object
    }
    guard let old = input(of: old), let new = input(of: new) else { return nil }
    let (before, after) = (byName(old), byName(new))
    func canonical(_ value: JSONValue) -> [UInt8] {
      Fingerprint.of(provider: "", model: "", input: JSONObject([("", value)]))
    }
    return (new.members + old.members).first { field in
      let name = Array(field.name.utf8)
      guard let before = before[name], let after = after[name] else { return true }
      return canonical(before) != canonical(after)
    }.map { "input.\($0.name)" }
  }

  /// By the bytes of a name, since names are equal where their code points are (RFC 8259 section 8.3).
  private static func byName(_ object: JSONObject) -> [[UInt8]: JSONValue] {
    Dictionary(object.members.map { (Array($0.name.utf8), $0.value) }) { _, last in last }
  }

  /// Whether a table key is in use; also by the record of the POST of one that was deleted.
  private func isTaken(_ seq: Int64) throws(SQLiteError) -> Bool {
    try connection.integer(
      "SELECT EXISTS(SELECT 1 FROM predictions WHERE seq = ?1) OR EXISTS(SELECT 1 FROM sends WHERE seq = ?1)", seq) != 0
  }
}
