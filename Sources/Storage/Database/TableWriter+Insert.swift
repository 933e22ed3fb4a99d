internal import Predictions

extension TableWriter {
  /// Adds a prediction, or finds the one that its key names; Sources/Predictions/README.md, "Idempotency keys".
  func insert(_ new: Prediction, queueLimit: Int, repeating rule: RepeatedRequest?) throws -> InsertOutcome {
    if let known = try namedByKey(of: new) { return known }
    if let rule, let earlier = try earlier(than: new, by: rule) { return .repeated(earlier) }
    guard try queuedCount(of: new.account) < queueLimit else { return .queueFull }
    if let refusal = try agentRefusal(of: new) { return .overBudget(refusal) }
    if new.isChained, let refusal = try chainRefusal(of: new) { return refusal }

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
    if prediction.isChained { try ReferenceRows.insert(&prediction, in: connection) }
    try PredictionRow.noteChange(prediction.id, gone: false, in: connection)
    if prediction.isUnsent { noteQueued(prediction.account) }
    return .inserted(prediction)
  }

  /// The newest prediction that answers an equal request of the same agent.
  private func earlier(than new: Prediction, by rule: RepeatedRequest) throws(TableError) -> Prediction? {
    guard let agent = new.agent, let origin = new.origin else { return nil }
    let now = now
    let candidates = try connection.rows(
      """
      SELECT seq, low FROM predictions WHERE origin = ?1 AND seq >= ?2 AND agent = ?3 AND fingerprint = ?4 AND output_dir = ?5
        AND (output_name = ?6 OR output_name IS NULL AND ?6 IS NULL)
      ORDER BY seq DESC LIMIT 64
      """, origin.rawValue, PredictionID(at: now - RepeatedRequest.reach).sequence, agent, new.fingerprint,
      new.outputDirectory, new.outputName
    ) { PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1)) }
    var same: [Prediction] = []
    for id in candidates {
      if let row = try prediction(id), RepeatedRequest.isSame(row, new) { same.append(row) }
    }
    return rule.answer(among: same, at: now)
  }

  /// The caps of agents count what is accepted and not sent yet, so that a queue cannot hold more than may be sent.
  private func agentRefusal(of new: Prediction) throws(TableError) -> BudgetRefusal? {
    guard let caps = new.caps else { return nil }
    let now = now
    let use = try LedgerRows.agentUse(of: new.account, at: now, in: connection)
    // An unknown price is requested before the prediction is sent.
    return caps.refusal(
      images: new.images, price: new.estimateMicros ?? 0, after: use, reset: time.clock(Money.endOfDay(now)))
  }

  /// The outcome for a key that is already taken; `nil` where the prediction has no key, or a new one.
  private func namedByKey(of new: Prediction) throws -> InsertOutcome? {
    guard let key = new.storedKey, let plainKey = new.idempotencyKey else { return nil }
    if let known = try holder(of: key) { return try outcome(of: new, keyOf: known, row: prediction(known.id)) }
    // Older versions gave agents no namespace for their keys and recorded no agent.
    guard key != plainKey, let known = try holder(of: plainKey), let row = try prediction(known.id),
      row.origin == .mcp, row.agent == nil
    else { return nil }
    return outcome(of: new, keyOf: known, row: row)
  }

  /// The prediction that took a key, with the fingerprint of its content.
  private typealias KeyHolder = (id: PredictionID, fingerprint: [UInt8], isDeleted: Bool)

  private func holder(of key: String) throws(TableError) -> KeyHolder? {
    try connection.first("SELECT seq, low, fingerprint, deleted_ms FROM keys WHERE key = ?", key) {
      (PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1)), $0.blob(2), !$0.isNull(3))
    }
  }

  private func outcome(of new: Prediction, keyOf known: KeyHolder, row: Prediction?) -> InsertOutcome {
    guard !known.isDeleted, let row else { return .conflict(known.id, deleted: true, difference: nil) }
    return known.fingerprint == new.fingerprint
      ? .existing(row) : .conflict(known.id, deleted: false, difference: row.difference(to: new))
  }

  /// Whether a key of `predictions` is taken, also by the record of a deleted prediction's POST.
  private func isTaken(_ seq: Int64) throws(TableError) -> Bool {
    try connection.integer(
      "SELECT EXISTS(SELECT 1 FROM predictions WHERE seq = ?1) OR EXISTS(SELECT 1 FROM sends WHERE seq = ?1)", seq) != 0
  }
}
