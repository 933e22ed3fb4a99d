internal import Predictions

extension TableWriter {
  private static let hour: Int64 = 3_600_000
  private static let day: Int64 = 24 * hour

  /// Takes over work of processes that have exited, for accounts that this process serves;
  /// Sources/Predictions/README.md, "Crash recovery".
  func recover(accounts: [String: Bool], awaited: [PredictionID]) throws -> Recovery {
    let now = now
    var taken: [Prediction] = []
    var stalled: Set<String> = []
    let registered = try connection.rows("SELECT owner, started_ms FROM owners") {
      (owner: $0.text(0), startedAt: $0.integer(1))
    }
    let hasUnfinished = try connection.integer("SELECT EXISTS(SELECT 1 FROM predictions WHERE phase IS NOT NULL)") != 0
    let working = try connection.rows("SELECT DISTINCT owner FROM predictions WHERE owner IS NOT NULL") { $0.text(0) }
    let names = Set(registered.map(\.owner))
    var dead: Set<String> = []
    for other in names.union(working).union(OwnerLock.named(in: database.directory)).subtracting([owner]).sorted() {
      let liveness = try database.examine(other, isRegistered: names.contains(other), on: connection)
      guard case .dead(let deadOwner) = liveness else {
        if try database.isStalled(other, now: now, on: connection) { stalled.insert(other) }
        continue
      }
      dead.insert(other)
      exited.insert(other)
      if hasUnfinished { taken += try takeOver("p.owner = ?", [other], accounts: accounts, at: now) }
      // Rows of accounts that this process does not serve are left to others, which must find the owner dead, too.
      let left = try connection.integer("SELECT EXISTS(SELECT 1 FROM predictions WHERE owner = ?)", other)
      if left == 0 {
        try connection.run("DELETE FROM owners WHERE owner = ?", other)
        onCommit { deadOwner.removeLockFile() }
      } else {
        // Its lock is held until the commit, so that no other process takes the same rows.
        onCommit { _ = deadOwner }
      }
    }
    try sweep(at: now)
    try forgetUploads(at: now)
    let hasChains = try ReferenceRows.sweep(in: connection)
    // Most processes start with nothing unfinished and need not compile the long statements below.
    guard hasUnfinished else { return Recovery(taken: [], ended: [], queuedAccounts: [], hasChains: hasChains) }

    // Rows without an owner that have work left; rows that are searched for only when due.
    taken += try takeOver(
      "p.owner IS NULL AND (p.phase IN ('polling', 'fetching', 'settling') OR p.phase = 'looking' AND coalesce(p.next_ms, 0) NOT BETWEEN ? AND ?)",
      [now + 1, now + Prediction.longestSearchPause], accounts: accounts, at: now)

    // Its owner lives but makes no progress, and a client waits: polls and searches cost nothing.
    if !stalled.isEmpty {
      for id in awaited {
        guard let row = try prediction(id), let other = row.owner, stalled.contains(other),
          row.phase == .polling || row.phase == .looking || row.phase == .fetching
        else { continue }
        taken += try takeOver("p.seq = ? AND p.owner = ?", [id.sequence, other], accounts: accounts, at: now)
      }
    }

    let living = registered.filter { !dead.contains($0.owner) }.map(\.startedAt)
    let ended = try endForgotten(acceptedBefore: living.min() ?? now, at: now)
    let queued = try connection.rows("SELECT DISTINCT account FROM predictions WHERE phase = 'queued'") { $0.text(0) }
    let sending = try connection.rows("SELECT seq, low FROM predictions WHERE owner = ? AND phase = 'sending'", owner) {
      PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1))
    }
    return Recovery(
      taken: taken, ended: ended, queuedAccounts: Set(queued), sending: sending, hasChains: hasChains)
  }

  private func takeOver(
    _ condition: String, _ values: [any TableBindable], accounts: [String: Bool], at now: Int64
  ) throws -> [Prediction] {
    var taken: [Prediction] = []
    for (account, canLook) in accounts.sorted(by: { $0.key < $1.key }) {
      // `phase IS NOT NULL` lets the index `unsettled` serve both conditions.
      let rows = try connection.readableRows(
        PredictionRow.selectWhole
          + " WHERE \(condition) AND p.account = ? AND p.phase IS NOT NULL AND p.phase <> 'queued'\(connection.dialect.isWithinReach) ORDER BY p.seq",
        list: values + [account]
      ) { row throws(TableError) in try PredictionRow.whole(row) }
      for row in rows {
        let next = try row.applying(
          .takenOver(canLook: canLook), by: Writer(owner: owner, epoch: row.epoch), at: now)
        if row.phase == .sending || row.phase == .settling {
          // No reply can come any more, so the window of the POST ends.
          try connection.run(
            """
            UPDATE sends SET until_ms = CASE WHEN sent_ms + 120000 < ?1 THEN sent_ms + 120000 ELSE ?1 END
             WHERE seq = ?2 AND outcome IS NULL AND until_ms IS NULL
            """,
            now, row.id.sequence)
        }
        try save(next, was: row)
        taken.append(next)
      }
    }
    return taken
  }

  /// Rows that were queued before a key. `+` keeps SQLite from walking the whole table by its key instead of the few rows
  /// of the index `unsettled`.
  static let queuedBefore = " WHERE p.phase = 'queued' AND +p.seq < ? ORDER BY +p.seq"

  /// Ends predictions that were queued for over an hour and accepted before every living process began. A living
  /// process may have a queue of more than an hour.
  private func endForgotten(acceptedBefore start: Int64, at now: Int64) throws -> [Prediction] {
    let rows = try connection.readableRows(
      PredictionRow.selectWhole + Self.queuedBefore,
      list: [min(start, now - Self.hour) << 12]
    ) { row throws(TableError) in try PredictionRow.whole(row) }
    return try rows.map { row in
      let ended = try row.applying(.interrupted, by: nil, at: now)
      try save(ended, was: row)
      return ended
    }
  }

  /// Deletes records of POSTs that no history reaches any more, but none of an unfinished prediction.
  private func sweep(at now: Int64) throws(TableError) {
    try connection.run(Self.sweepSQL, now - 30 * Self.day, now - 8 * Self.day)
  }

  /// Each account is found by a search of the index `recent`: `SELECT DISTINCT` would walk the records of eight days.
  static let sweepSQL = """
    WITH RECURSIVE known(account) AS (
      SELECT min(account) FROM sends UNION ALL
      SELECT (SELECT min(s.account) FROM sends s WHERE s.account > known.account) FROM known WHERE account IS NOT NULL)
    DELETE FROM sends WHERE sent_ms < CASE WHEN outcome IS NULL THEN ?1 ELSE ?2 END
       AND account IN (SELECT account FROM known) AND sent_ms < ?2
       AND NOT EXISTS (SELECT 1 FROM predictions p WHERE p.seq = sends.seq AND p.phase IS NOT NULL)
    """

  // MARK: Deleting

  /// Deletes all or none. The record of the POST stays, so that its images are never adopted by another prediction.
  func delete(_ ids: [PredictionID]) throws -> DeleteOutcome {
    var seen: Set<PredictionID> = []
    var rows: [Prediction] = []
    var unfinished: [PredictionID] = []
    for id in ids where seen.insert(id).inserted {
      guard let row = try prediction(id) else { return .notFound(id) }
      if row.mayBeDeleted { rows.append(row) } else { unfinished.append(id) }
    }
    guard unfinished.isEmpty else { return .unfinished(unfinished) }
    let waiting = try dependants(of: rows.map(\.id))
    guard waiting.isEmpty else { return .awaited(by: waiting.map(\.id)) }
    try remove(rows)
    return .deleted(rows, scrubbed: false)
  }

  /// Deletes predictions, and after the commit their stored inputs and replies.
  func remove(_ rows: [Prediction]) throws(TableError) {
    guard !rows.isEmpty else { return }
    for row in rows {
      let seq = row.id.sequence
      for table in ["predictions", "inputs", "words"] {
        try connection.run("DELETE FROM \(table) WHERE seq = ?", seq)
      }
      try ReferenceRows.delete(of: row.id, in: connection)
      for tag in Set(row.tags) { try connection.run("DELETE FROM tags WHERE tag = ? AND seq = ?", tag, seq) }
      if let key = row.storedKey {
        try connection.run("UPDATE keys SET deleted_ms = ? WHERE key = ?", now, key)
      }
      try PredictionRow.noteChange(row.id, gone: true, in: connection)
    }
    try requestScrubbing()
    let inputs = InputFiles(directory: database.directory)
    // Also replies of providers that this process does not have.
    let replies = FileReplyStore(directory: database.directory)
    onCommit {
      for row in rows {
        inputs.remove(row.id)
        replies.remove(row)
      }
    }
  }
}
