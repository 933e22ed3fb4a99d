internal import Predictions

/// Predictions that wait for outputs of others; Sources/Predictions/README.md, "Chains".
extension TableWriter {
  /// The rows of the index `chained`.
  static let chainedRows = " WHERE p.refs = 1 AND p.status = 'created'"

  // MARK: At acceptance

  /// Why a new prediction may not wait for its targets: one was deleted since it was checked, or too many would wait for
  /// each other.
  func chainRefusal(of new: Prediction) throws(TableError) -> InsertOutcome? {
    for target in Set(new.targets.map(\.target)) {
      let isThere = try connection.integer(
        "SELECT EXISTS(SELECT 1 FROM predictions WHERE seq = ? AND low = ?)", target.sequence, target.lowBits)
      if isThere == 0 { return .targetMissing(target) }
    }
    // The depth counts predictions that wait now: a target that waits itself adds one.
    var level = Set(new.targets.map(\.target.sequence))
    var depth = 1
    while !level.isEmpty {
      let marks = level.map { _ in "?" }.joined(separator: ", ")
      let targets = try connection.rows(
        """
        SELECT DISTINCT r.target_seq FROM refs r JOIN predictions w ON w.seq = r.seq
         WHERE w.seq IN (\(marks)) AND w.refs = 1 AND w.status = 'created'
        """, list: Array(level)
      ) { $0.integer(0) }
      level = Set(targets)
      if !level.isEmpty { depth += 1 }
      if depth > ChainPolicy.depthLimit { return .tooDeep }
    }
    return nil
  }

  // MARK: At the claim

  /// The account's oldest prediction whose targets are all completed. Those that cannot be prepared now are left out.
  ///
  /// - Parameter passedOver: processes whose predictions are passed over.
  func oldestReady(_ request: ClaimRequest, notAcceptedBy passedOver: [String]) throws(TableError) -> Prediction? {
    let uploaded = request.uploaded.map(\.id.sequence)
    let condition = """
      \(Self.chainedRows) AND p.account = ?
         AND (? = 1 OR p.seq IN (\(SQLDialect.marks(uploaded.count))))
         \(SQLDialect.isNone(of: passedOver.count, "coalesce(p.acceptor, '')"))
         AND \(Self.hasCompletedTargets)\(connection.dialect.isWithinReach)
       ORDER BY p.seq
      """
    let values: [any TableBindable] = [request.account, request.mayUpload ? 1 : 0] + uploaded + passedOver
    var rows = try connection.readableRows(PredictionRow.selectWhole + condition, list: values, atMost: 1) {
      row throws(TableError) in try PredictionRow.whole(row)
    }
    try ReferenceRows.addTargets(to: &rows, in: connection)
    return rows.first
  }

  private static let hasCompletedTargets = """
    NOT EXISTS (SELECT 1 FROM refs r LEFT JOIN predictions t ON t.seq = r.target_seq AND t.low = r.low
      WHERE r.seq = p.seq AND coalesce(t.status, '') <> 'completed')
    """

  /// The event that ends a prediction whose targets are completed and that must not be sent; `nil` where there is none.
  func obstacle(to prediction: Prediction, at now: Int64) throws(TableError) -> PredictionEvent? {
    let isAtHome = try connection.integer(
      """
      SELECT EXISTS(SELECT 1 FROM predictions p JOIN meta m ON m.name = 'home' AND m.value = p.home WHERE p.seq = ?)
      """, prediction.id.sequence)
    if isAtHome == 0 { return .interrupted }
    let verdict = try ChainPolicy.verdict(on: prediction, at: now) { id throws(TableError) in
      try self.prediction(id)
    }
    return if case .fails(let failure) = verdict { .targetFailed(failure) } else { nil }
  }

  // MARK: Rounds

  func follow(accounts: Set<String>) throws -> ChainRound {
    var round = ChainRound(isWaiting: try ReferenceRows.areAwaited(in: connection))
    guard round.isWaiting else { return round }
    let now = now
    round.ended = try endUnattended(at: now)
    try attend(accounts, at: now)
    while round.ended.count < ChainPolicy.batch {
      let failed = try endDependants(atMost: ChainPolicy.batch - round.ended.count, at: now)
      if failed.isEmpty { break }
      round.ended += failed
    }
    round.hasMore = round.ended.count >= ChainPolicy.batch
    let ready = try connection.rows(
      """
      SELECT DISTINCT p.account FROM predictions p\(connection.dialect.indexed(by: "chained"))
       WHERE p.refs = 1 AND p.status = 'created' AND \(Self.hasCompletedTargets)
      """
    ) { $0.text(0) }
    round.ready = Set(ready)
    round.isWaiting = try ReferenceRows.areAwaited(in: connection)
    return round
  }

  /// Ends predictions that no process could serve for an hour. The process that accepted one may have slept through it, with the
  /// whole machine: while it lives, nothing is ended.
  private func endUnattended(at now: Int64) throws -> [Prediction] {
    let rows = try chained("coalesce(p.attended_ms, 0) <= ?", [now - ChainPolicy.patience], atMost: ChainPolicy.batch)
    var ended: [Prediction] = []
    for row in rows where try isOrphan(row) {
      let after = try row.applying(.interrupted, by: nil, at: now)
      try save(after, was: row)
      ended.append(after)
    }
    return ended
  }

  /// Notes that a process is there which could serve these accounts. A time in the future was written before the clock was
  /// set back.
  private func attend(_ accounts: Set<String>, at now: Int64) throws(TableError) {
    for account in accounts.sorted() {
      try connection.run(
        """
        UPDATE predictions SET attended_ms = ?1
         WHERE account = ?2 AND refs = 1 AND status = 'created' AND attended_ms NOT BETWEEN ?1 - ?3 AND ?1
        """, now, account, ChainPolicy.renewal)
    }
  }

  /// Ends predictions with a target that is over without outputs, or gone. A completed target without the named output is
  /// found at the claim.
  private func endDependants(atMost limit: Int, at now: Int64) throws -> [Prediction] {
    let rows = try chained(
      """
      EXISTS (SELECT 1 FROM refs r LEFT JOIN predictions t ON t.seq = r.target_seq AND t.low = r.low
        WHERE r.seq = p.seq AND coalesce(t.status, 'failed') IN ('failed', 'cancelled', 'unknown'))
      """, [], atMost: limit)
    return try rows.compactMap { row -> Prediction? in
      let verdict = try ChainPolicy.verdict(on: row, at: now) { id throws(TableError) in try self.prediction(id) }
      guard case .fails(let failure) = verdict else { return nil }
      let ended = try row.applying(.targetFailed(failure), by: nil, at: now)
      try save(ended, was: row)
      return ended
    }
  }

  /// Waiting predictions that satisfy a condition, oldest first, with their targets.
  private func chained(
    _ condition: String, _ values: [any TableBindable], atMost limit: Int = .max
  ) throws(TableError) -> [Prediction] {
    var rows = try connection.readableRows(
      PredictionRow.selectWhole + Self.chainedRows + " AND \(condition) ORDER BY +p.seq",
      list: values, atMost: limit
    ) { row throws(TableError) in try PredictionRow.whole(row) }
    try ReferenceRows.addTargets(to: &rows, in: connection)
    return rows
  }

  // MARK: Dependants

  /// The predictions that wait for outputs of any of these.
  func dependants(of ids: [PredictionID]) throws(TableError) -> [Prediction] {
    var found: [PredictionID: Prediction] = [:]
    for id in ids {
      let rows = try chained(
        "p.seq IN (SELECT r.seq FROM refs r WHERE r.target_seq = ? AND r.low = ?)", [id.sequence, id.lowBits])
      for row in rows { found[row.id] = row }
    }
    return found.values.sorted { $0.id < $1.id }
  }

  /// Applies a cancellation, and cancels all predictions that wait for this one, directly or not.
  func cancelChain(of id: PredictionID, _ event: PredictionEvent, by writer: Writer?) throws -> ChainCancellation {
    var rows: [Prediction] = []
    var level = try dependants(of: [id])
    while !level.isEmpty {
      rows += level
      let known = Set(rows.map(\.id))
      level = try dependants(of: level.map(\.id)).filter { !known.contains($0.id) }
    }
    let change = try change(id, event, by: writer)
    let now = now
    let cancelled = try rows.map { row in
      let after = try row.applying(.cancelAsked(deleteRemote: false, sendable: true), by: nil, at: now)
      try save(after, was: row)
      return after
    }
    return ChainCancellation(change: change, cancelled: cancelled)
  }
}
