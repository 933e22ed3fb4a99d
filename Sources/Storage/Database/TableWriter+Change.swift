internal import Predictions

extension TableWriter {
  /// Applies one event to the row as it is now, and to the record of its one POST.
  func change(_ id: PredictionID, _ event: PredictionEvent, by writer: Writer?) throws -> Change {
    guard let before = try prediction(id) else { throw StoreError.notFound }
    let now = now
    let after = try before.applying(event, by: writer, at: now)
    // Taking back what was only sent off: true of nothing but the moment before the POST.
    let mayBeUnsent = before.phase == .sending || before.phase == .settling && before.remoteID == nil
    let isWithdrawn =
      switch event {
      case .cancelAsked, .withdrawn: mayBeUnsent
      default: true
      }
    if let send = event.sendChange, isWithdrawn { try note(send, of: before, at: now) }
    switch event {
    case .refused(let failure, let pause?), .uploadFailed(let failure, let pause?):
      try self.pause(before.account, for: pause, because: failure.kind, at: now)
    default: break
    }
    if after.costMicros != before.costMicros {
      try connection.run("UPDATE sends SET cost_micros = ? WHERE seq = ?", after.costMicros, id.sequence)
    }
    try save(after, was: before)
    return Change(before: before, after: after)
  }

  // MARK: The record of the POST

  private func note(_ send: SendChange, of prediction: Prediction, at now: Int64) throws {
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
      // One that is queued was sent from a later state of the table, at about the time at which the provider made it.
      if prediction.phase == .queued { try open(prediction, at: min(now, match.createdAt - match.clockSkew)) }
      try adopt(match, for: prediction)
    }
  }

  /// - Parameter clock: what the steady clock said at `sentAt`, where that is now.
  private func open(_ prediction: Prediction, at sentAt: Int64, clock: Int64? = nil) throws(SQLiteError) {
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
      row throws(SQLiteError) in try PredictionRow.whole(row)
    }.first
    if let row { try save(row.displaced(at: now), was: row) }
  }

  /// Adopts an id only if no prediction has it and no other POST could have made it;
  /// Sources/Predictions/README.md, "Money rules", 7.
  private func adopt(_ match: HistoryMatch, for prediction: Prediction) throws {
    let seq = prediction.id.sequence
    let ours = prediction.likeness
    let isContested =
      try TwinGate.holdsBack(
        match, model: prediction.model, ours: ours, others: openSends(besides: prediction, match))
      || prediction.phase == .queued
        && TwinGate.isDisputed(match, ours: ours, queued: queuedOrphans(besides: prediction))
    let changed =
      isContested
      ? 0
      : try connection.run(
        """
        UPDATE sends SET outcome = 'adopted', remote_id = ?2, skew_ms = coalesce(skew_ms, ?4)
         WHERE seq = ?1 AND outcome IS NULL
           AND NOT EXISTS (SELECT 1 FROM sends c WHERE c.account = ?3 AND c.remote_id = ?2)
        """, seq, match.remoteID, prediction.account, match.clockSkew)
    guard changed == 1 else {
      throw TransitionError(status: prediction.status, phase: prediction.phase, reason: .noSuchTransition)
    }
  }

  /// The account's other POSTs whose outcome is not known, also of predictions that were deleted.
  private func openSends(
    besides prediction: Prediction, _ match: HistoryMatch
  ) throws(SQLiteError) -> [TwinGate.OpenSend] {
    let (now, boot) = (time.now, time.boot)
    return try connection.rows(
      """
      SELECT coalesce(t.model, p.model), t.likeness, t.sent_ms, t.until_ms, t.steady_ms, t.boot, t.skew_ms
        FROM sends t LEFT JOIN predictions p ON p.seq = t.seq
       WHERE t.account = ? AND t.outcome IS NULL AND t.seq <> ?
      """, prediction.account, prediction.id.sequence
    ) { row in
      TwinGate.OpenSend(
        model: row.textIfAny(0), likeness: row.blobIfAny(1).flatMap(Likeness.init(bytes:)),
        window: SendTime(row, from: 2).providerWindow(at: now, boot: boot, presentSkew: match.clockSkew))
    }
  }

  // MARK: Claiming

  /// Takes the account's oldest queued prediction, if the limits that all processes share allow.
  func claim(_ request: ClaimRequest) throws -> ClaimOutcome {
    guard let (next, isOrphan) = try nextQueued(request) else { return .nothingQueued }
    var oldest = next
    let now = now
    if let pause = try AccountRow.pause(of: request.account, in: connection), pause.remaining(at: now) != nil {
      return .paused(pause, next: oldest)
    }
    if isOrphan, case .sentWithin(let limit) = request.orphans, now - oldest.createdAt > limit {
      let ended = try oldest.applying(.interrupted, by: nil, at: now)
      try save(ended, was: oldest)
      return .refused(ended)
    }
    if let wait = try hindrance(request, at: now) { return .denied(retryAfter: wait) }
    if isOrphan, case .searched = request.orphans { return .needsSearch(oldest) }
    if oldest.usesDefaultModel, !request.skipsLookup {
      let sighting = try AccountRow.sighting(of: request.account, in: connection)
      guard sighting?.holds(for: oldest.model, at: now) == true else { return .needsLookup(oldest) }
    }
    if oldest.uploads == .awaited, !request.uploaded.contains(where: { $0.id == oldest.id }) {
      return .needsUpload(oldest)
    }
    switch try spendingVerdict(on: oldest, request, at: now) {
    case .allowed: break
    case .needsPrice: return .needsPrice(oldest)
    case .refused(let refusal):
      let refused = try oldest.applying(.overBudget(refusal), by: nil, at: now)
      try save(refused, was: oldest)
      return .refused(refused)
    }
    if let sent = request.uploaded.first(where: { $0.id == oldest.id })?.sent {
      try connection.run("UPDATE inputs SET sent = ? WHERE seq = ?", sent, oldest.id.sequence)
      oldest.sent = sent
    }
    let claimed = try oldest.applying(.claimed, by: Writer(owner: owner, epoch: oldest.epoch), at: now)
    try note(.opened, of: oldest, at: now)
    try save(claimed, was: oldest)
    return .claimed(claimed)
  }

  /// The next one to be sent, and whether the process that accepted it has exited; for those of this process, and of one
  /// that lives, there is no doubt that they were not sent.
  private func nextQueued(_ request: ClaimRequest) throws(SQLiteError) -> (Prediction, isOrphan: Bool)? {
    var passedOver: [String] = []
    while let next = try oldestQueued(request, notAcceptedBy: passedOver) {
      guard request.orphans != .sent, try isOrphan(next) else { return (next, false) }
      guard request.orphans == .searched(now: false) else { return (next, true) }
      passedOver.append(next.acceptor ?? "")
    }
    return nil
  }

  private func isOrphan(_ prediction: Prediction) throws(SQLiteError) -> Bool {
    guard let acceptor = prediction.acceptor else { return true }
    guard acceptor != owner else { return false }
    if exited.contains(acceptor) { return true }
    // A process registers before its first row, and recovery removes it only after its exit.
    let isRegistered = try connection.integer("SELECT EXISTS(SELECT 1 FROM owners WHERE owner = ?)", acceptor) != 0
    return !isRegistered || !OwnerLock.isAlive(acceptor, in: database.directory)
  }

  /// What can be compared of the other queued ones of an account and model whose accepting processes have exited.
  private func queuedOrphans(besides prediction: Prediction) throws(SQLiteError) -> [Likeness?] {
    let others = try connection.rows(
      PredictionRow.selectWhole + " WHERE p.account = ? AND p.phase = 'queued' AND p.model = ? AND p.seq <> ?",
      prediction.account, prediction.model, prediction.id.sequence
    ) { row throws(SQLiteError) in try PredictionRow.whole(row) }
    var orphans: [Likeness?] = []
    for other in others where try isOrphan(other) { orphans.append(other.likeness) }
    return orphans
  }

  /// Those whose files are still to be uploaded are passed over where this process cannot do it now.
  private func oldestQueued(
    _ request: ClaimRequest, notAcceptedBy passedOver: [String]
  ) throws(SQLiteError) -> Prediction? {
    let uploaded = request.uploaded.map(\.id.sequence)
    let condition = """
       WHERE p.account = ? AND p.phase = 'queued'
         AND (p.uploads <> 1 OR ? OR p.seq IN (\(uploaded.map { _ in "?" }.joined(separator: ", "))))
         AND coalesce(p.acceptor, '') NOT IN (\(passedOver.map { _ in "?" }.joined(separator: ", ")))
       ORDER BY p.seq
      """
    let values: [any SQLiteBindable] = [request.account, request.mayUpload ? 1 : 0] + uploaded + passedOver
    return try connection.readableRows(PredictionRow.selectWhole + condition, list: values, atMost: 1) {
      row throws(SQLiteError) in try PredictionRow.whole(row)
    }.first
  }

  private func spendingVerdict(
    on prediction: Prediction, _ request: ClaimRequest, at now: Int64
  ) throws(SQLiteError) -> SpendingPolicy.Verdict {
    let policy = SpendingPolicy(
      maxCost: prediction.maxCostMicros, maxSpend: request.maxSpendMicros, isStrict: request.isSpendingStrict,
      caps: prediction.caps, provider: prediction.provider, hasPrices: request.hasPrices)
    let price: SpendingPolicy.Price =
      if let known = prediction.estimateMicros { .known(known) } else if let reason = request.unpriced[prediction.id] {
        .unknown(reason)
      } else { .unasked }
    return try policy.verdict(
      model: prediction.model, price: price, images: prediction.images, reset: time.clock(Money.endOfDay(now))
    ) { () throws(SQLiteError) in
      try LedgerRows.ledger(of: prediction.account, at: now, in: connection)
    }
  }

  /// How long something stands in the way of a claim; `nil` where nothing does.
  private func hindrance(_ request: ClaimRequest, at now: Int64) throws(SQLiteError) -> Int64? {
    if let limit = request.maxPerMinute {
      // Those of a clock that was set back since are not counted: they would stand in the way for ever.
      let sent = try connection.rows(
        "SELECT sent_ms FROM sends WHERE account = ? AND sent_ms BETWEEN ? AND ? ORDER BY sent_ms DESC LIMIT ?",
        request.account, now - 59_999, now + 1000, max(0, limit)
      ) { $0.integer(0) }
      // The newest `limit` of them: when the oldest of these is a minute old there is room again.
      if sent.count >= limit { return max(1, (sent.last ?? now) + 60_000 - now) }
    }
    if let limit = request.maxConcurrency {
      let (count, oldest) =
        try connection.first(
          """
          SELECT count(*), min(started_ms) FROM predictions
           WHERE account = ? AND phase IS NOT NULL AND phase IN ('sending', 'polling') AND started_ms > ?
          """, request.account, now - 600_000
        ) { ($0.integer(0), $0.isNull(1) ? nil : $0.moment(1)) } ?? (0, nil)
      // Another process may free a slot without a word to us, so it is asked again after a second at most.
      if count >= limit { return min(1000, max(1, (oldest ?? now) + 600_000 - now)) }
    }
    return nil
  }
}
