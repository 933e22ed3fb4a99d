internal import Predictions

extension TableWriter {
  /// Applies one event to the row as it is now, and to the record of its one POST.
  func change(_ id: PredictionID, _ event: PredictionEvent, by writer: Writer?) throws -> Change {
    guard let before = try prediction(id) else { throw StoreError.notFound }
    let now = now
    let after = try before.applying(event, by: writer, at: now)
    if let send = before.sendChange(by: event) { try note(send, of: before, at: now) }
    if let (length, reason) = event.pause { try pause(before.account, for: length, because: reason, at: now) }
    if after.costMicros != before.costMicros {
      try connection.run("UPDATE sends SET cost_micros = ? WHERE seq = ?", after.costMicros, id.sequence)
    }
    try save(after, was: before)
    if let took = event.took { try DurationRows.add(took, of: before, in: connection) }
    return Change(before: before, after: after)
  }

  // MARK: The record of the POST

  func note(_ send: SendChange, of prediction: Prediction, at now: Int64) throws {
    let seq = prediction.id.sequence
    switch send {
    case .opened:
      try open(prediction, at: now, clock: time.now.steady)
    case .unsent:
      try connection.run(
        "UPDATE sends SET outcome = 'unsent', until_ms = ? WHERE seq = ? AND outcome IS NULL", now, seq)
    case .refused:
      try connection.run(
        "UPDATE sends SET outcome = 'refused', until_ms = ? WHERE seq = ? AND outcome IS NULL", now, seq)
    case .leftOpen:
      try connection.run("UPDATE sends SET until_ms = ? WHERE seq = ? AND outcome IS NULL", now, seq)
    case .doubted:
      try open(prediction, at: min(now, prediction.createdAt))
      try connection.run("UPDATE sends SET until_ms = ? WHERE seq = ?", now, seq)
    case .accepted(let remoteID, let skew):
      try accept(remoteID, skew: skew, of: prediction, at: now)
    case .adopted(let match):
      if prediction.isUnsent { try open(prediction, at: AdoptionPolicy.assumedSend(of: match, at: now)) }
      try adopt(match, for: prediction)
    }
  }

  /// - Parameter clock: the steady clock at `sentAt`; `nil` where that lies in the past.
  private func open(_ prediction: Prediction, at sentAt: Int64, clock: Int64? = nil) throws(TableError) {
    // A second one is a constraint error: "at most once" is this primary key.
    try connection.run(
      """
      INSERT INTO sends(seq, account, fingerprint, sent_ms, steady_ms, boot, estimate_micros, model, likeness, agent,
        images)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      prediction.id.sequence, prediction.account, prediction.fingerprint, sentAt, clock,
      clock.flatMap { _ in time.boot },
      prediction.estimateMicros, prediction.model, prediction.likeness?.bytes, prediction.origin?.rawValue,
      prediction.images)
  }

  /// Writes an id whatever the row says, and takes it back from a row that had only adopted it;
  /// Sources/Predictions/README.md, "Money rules", 5.
  private func accept(_ remoteID: String, skew: Int64?, of prediction: Prediction, at now: Int64) throws {
    let seq = prediction.id.sequence
    let other = try connection.first(
      "SELECT s.seq, s.outcome FROM sends s WHERE s.account = ? AND s.remote_id = ? AND s.seq <> ?",
      prediction.account, remoteID, seq
    ) { (seq: $0.integer(0), outcome: $0.text(1)) }
    if let other, other.outcome == "adopted" { try displace(other.seq, at: now) }
    // Two replies with one id: the row still gets it, the first keeps the claim.
    let isFree = other == nil || other?.outcome == "adopted"
    try connection.run(
      """
      UPDATE sends SET outcome = 'accepted', remote_id = ?, until_ms = ?, skew_ms = coalesce(?, skew_ms) WHERE seq = ?
      """, isFree ? remoteID : nil, now, skew, seq)
  }

  private func displace(_ seq: Int64, at now: Int64) throws {
    try connection.run("UPDATE sends SET outcome = NULL, remote_id = NULL, skew_ms = NULL WHERE seq = ?", seq)
    let row = try connection.readableRows(PredictionRow.selectWhole + " WHERE p.seq = ?", list: [seq]) {
      row throws(TableError) in try PredictionRow.whole(row)
    }.first
    if let row { try save(row.displaced(at: now), was: row) }
  }

  /// Adopts an id if `AdoptionPolicy` allows it.
  private func adopt(_ match: HistoryMatch, for prediction: Prediction) throws {
    guard try adoptionFacts(match, for: prediction).allows(match, for: prediction) else {
      throw TransitionError(status: prediction.status, phase: prediction.phase, reason: .noSuchTransition)
    }
    try connection.run(
      "UPDATE sends SET outcome = 'adopted', remote_id = ?, skew_ms = coalesce(skew_ms, ?) WHERE seq = ?",
      match.remoteID, match.clockSkew, prediction.id.sequence)
  }

  private func adoptionFacts(
    _ match: HistoryMatch, for prediction: Prediction
  ) throws(TableError) -> AdoptionPolicy {
    let seq = prediction.id.sequence
    let isOpen = try connection.integer("SELECT EXISTS(SELECT 1 FROM sends WHERE seq = ? AND outcome IS NULL)", seq)
    let isTaken = try connection.integer(
      "SELECT EXISTS(SELECT 1 FROM sends WHERE account = ? AND remote_id = ?)", prediction.account, match.remoteID)
    let others = try connection.rows(
      """
      SELECT coalesce(t.model, p.model), t.likeness, t.sent_ms, t.until_ms, t.steady_ms, t.boot, t.skew_ms
        FROM sends t LEFT JOIN predictions p ON p.seq = t.seq
       WHERE t.account = ? AND t.outcome IS NULL AND t.seq <> ?
      """, prediction.account, seq
    ) { row in
      AdoptionPolicy.OtherSend(
        model: row.textIfAny(0), likeness: row.blobIfAny(1).flatMap(Likeness.init(bytes:)),
        time: SendTime(row, from: 2))
    }
    return AdoptionPolicy(
      now: time.now, boot: time.boot, isSendOpen: isOpen != 0, isTaken: isTaken != 0, others: others,
      queued: AdoptionPolicy.readsQueue(for: prediction) ? try queuedOrphans(besides: prediction) : [])
  }
}
