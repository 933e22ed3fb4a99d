internal import Predictions

extension TableWriter {
  /// Takes the account's oldest queued prediction, if `ClaimPolicy` allows it.
  func claim(_ request: ClaimRequest) throws -> ClaimOutcome {
    let policy = ClaimPolicy(request)
    guard let (next, isOrphan) = try nextQueued(policy) else { return .nothingQueued }
    let now = now
    if next.isChained, let event = try obstacle(to: next, at: now) {
      let ended = try next.applying(event, by: nil, at: now)
      try save(ended, was: next)
      return .refused(ended)
    }
    let decision = try policy.decision(
      on: next, isOrphan: isOrphan, at: now, reset: time.clock(Money.endOfDay(now)),
      facts: AccountFacts(account: request.account, now: now, connection: connection))
    switch decision {
    case .hold(let outcome): return outcome
    case .end(let event):
      let ended = try next.applying(event, by: nil, at: now)
      try save(ended, was: next)
      return .refused(ended)
    case .claim:
      var next = next
      if let sent = policy.sentInput(of: next) {
        try connection.run("UPDATE inputs SET sent = ? WHERE seq = ?", sent, next.id.sequence)
        next.sent = sent
      }
      let claimed = try next.applying(.claimed, by: Writer(owner: owner, epoch: next.epoch), at: now)
      try note(.opened, of: next, at: now)
      try save(claimed, was: next)
      return .claimed(claimed)
    }
  }

  /// The oldest prediction that is queued or whose targets are completed, is not passed over, and whether the process that accepted it has exited.
  private func nextQueued(_ policy: ClaimPolicy) throws(TableError) -> (Prediction, isOrphan: Bool)? {
    var passedOver: [String] = []
    while let next = try oldest(for: policy.request, notAcceptedBy: passedOver) {
      let isOrphan = policy.distinguishesOrphans ? try isOrphan(next) : false
      if policy.mayBeNext(next, isOrphan: isOrphan) { return (next, isOrphan) }
      passedOver.append(next.acceptor ?? "")
    }
    return nil
  }

  /// The oldest prediction that may be sent: the older one of the oldest in the queue and the oldest with completed targets.
  private func oldest(
    for request: ClaimRequest, notAcceptedBy passedOver: [String]
  ) throws(TableError) -> Prediction? {
    let queued = try oldestQueued(request, notAcceptedBy: passedOver)
    let ready = try oldestReady(request, notAcceptedBy: passedOver)
    guard let queued, let ready else { return queued ?? ready }
    return queued.id < ready.id ? queued : ready
  }

  /// The oldest queued prediction. Those that `ClaimPolicy.mayBeNext` passes over for their files are left out here, since a
  /// queue may hold thousands of them.
  ///
  /// - Parameter passedOver: processes whose predictions are passed over.
  private func oldestQueued(
    _ request: ClaimRequest, notAcceptedBy passedOver: [String]
  ) throws(TableError) -> Prediction? {
    let uploaded = request.uploaded.map(\.id.sequence)
    let condition = """
       WHERE p.account = ? AND p.phase = 'queued'
         AND (p.uploads <> 1 OR ? = 1 OR p.seq IN (\(SQLDialect.marks(uploaded.count))))
         \(SQLDialect.isNone(of: passedOver.count, "coalesce(p.acceptor, '')"))\(connection.dialect.isWithinReach)
       ORDER BY p.seq
      """
    let values: [any TableBindable] = [request.account, request.mayUpload ? 1 : 0] + uploaded + passedOver
    return try connection.readableRows(PredictionRow.selectWhole + condition, list: values, atMost: 1) {
      row throws(TableError) in try PredictionRow.whole(row)
    }.first
  }

  /// Whether the process that accepted a prediction has exited. A process that lives knows what it has sent.
  func isOrphan(_ prediction: Prediction) throws(TableError) -> Bool {
    guard let acceptor = prediction.acceptor else { return true }
    guard acceptor != owner else { return false }
    if exited.contains(acceptor) { return true }
    // A process registers before its first row, and recovery removes it only after its exit.
    let isRegistered = try connection.integer("SELECT EXISTS(SELECT 1 FROM owners WHERE owner = ?)", acceptor) != 0
    if !isRegistered { return true }
    return if case .alive = try database.examine(acceptor, isRegistered: true, on: connection) { false } else { true }
  }

  /// The likenesses of the account's other unsent predictions of the same model whose accepting processes have exited.
  func queuedOrphans(besides prediction: Prediction) throws(TableError) -> [Likeness?] {
    let others = try connection.rows(
      PredictionRow.selectWhole
        + " WHERE p.account = ? AND (p.phase = 'queued' OR p.refs = 1 AND p.status = 'created') AND p.model = ? AND p.seq <> ?",
      prediction.account, prediction.model, prediction.id.sequence
    ) { row throws(TableError) in try PredictionRow.whole(row) }
    var orphans: [Likeness?] = []
    for other in others where try isOrphan(other) { orphans.append(other.likeness) }
    return orphans
  }
}

/// Reads the facts for `ClaimPolicy` inside the transaction that claims.
private struct AccountFacts: ClaimFacts {
  let account: String
  let now: Int64
  let connection: TableConnection

  func pause() throws(TableError) -> AccountPause? { try AccountRow.pause(of: account, in: connection) }

  func sendTimes(in window: ClosedRange<Int64>, atMost limit: Int) throws(TableError) -> [Int64] {
    try connection.rows(
      "SELECT sent_ms FROM sends WHERE account = ? AND sent_ms BETWEEN ? AND ? ORDER BY sent_ms DESC LIMIT ?",
      account, window.lowerBound, window.upperBound, limit
    ) { $0.integer(0) }
  }

  func underWay(startedAfter moment: Int64) throws(TableError) -> (count: Int, oldestStart: Int64?) {
    try connection.first(
      """
      SELECT count(*), min(started_ms) FROM predictions
       WHERE account = ? AND phase IS NOT NULL AND phase IN ('sending', 'polling') AND started_ms > ?
      """, account, moment
    ) { (count: Int($0.integer(0)), oldestStart: $0.isNull(1) ? nil : $0.moment(1)) } ?? (0, nil)
  }

  func sighting() throws(TableError) -> ModelSighting? { try AccountRow.sighting(of: account, in: connection) }

  func ledger() throws(TableError) -> Ledger { try LedgerRows.ledger(of: account, at: now, in: connection) }
}
