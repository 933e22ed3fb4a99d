internal import Predictions

/// Reads what an account's POSTs of a day say about money; for the connection that writes and the one that reads.
enum LedgerRows {
  /// Each POST has its record, so there are no sums to keep. Programs before version 6 of the table write no model and no
  /// agent into it; those are taken from the prediction as long as that is there. `total` and the bounds, because a sum of
  /// damaged cells would overflow, and then nothing could be claimed.
  private static let posts = """
    SELECT coalesce(s.model, p.model, ''), coalesce(s.agent, p.origin) IS NOT NULL,
      CAST(max(0, min(9e15, total(iif(s.counts, coalesce(s.cost_micros, s.estimate_micros, 0), 0)))) AS INTEGER),
      sum(s.counts AND s.cost_micros IS NULL AND s.estimate_micros IS NULL),
      min(9000000000000000, max(CAST(coalesce(s.estimate_micros, s.cost_micros) AS INTEGER))),
      CAST(max(0, min(9e15, total(iif(s.counts, coalesce(s.images, p.images, 1), 0)))) AS INTEGER)
    FROM (SELECT *, outcome IS NULL OR outcome IN ('accepted', 'adopted') AS counts FROM sends
      WHERE account = ? AND sent_ms >= ?) s LEFT JOIN predictions p ON p.seq = s.seq
    GROUP BY 1, 2
    """

  private static let queued = """
    SELECT CAST(max(0, min(9e15, total(images))) AS INTEGER), CAST(max(0, min(9e15, total(estimate_micros))) AS INTEGER)
      FROM predictions
     WHERE account = ? AND phase = 'queued' AND origin IS NOT NULL
    """

  /// The POSTs of the day of a moment.
  static func ledger(
    of account: String, at now: Int64, in connection: SQLiteConnection
  ) throws(SQLiteError) -> Ledger {
    Ledger(
      try connection.rows(posts, account, Money.startOfDay(now)) { row in
        Ledger.Line(
          model: row.text(0), isAgents: row.integer(1) != 0, priced: row.integer(2), unpriced: row.integer(3),
          dearest: row.integerIfAny(4), images: row.integer(5))
      })
  }

  /// What agents asked for on the day of a moment, also what is accepted and not sent yet.
  static func agentUse(
    of account: String, at now: Int64, in connection: SQLiteConnection
  ) throws(SQLiteError) -> AgentUse {
    let sent = try ledger(of: account, at: now, in: connection).agents
    let waiting = try connection.first(queued, account) { (images: $0.integer(0), micros: $0.integer(1)) }
    return sent.adding(images: waiting?.images ?? 0, micros: waiting?.micros ?? 0)
  }
}

extension TableReader {
  /// What an account's POSTs of today say about money.
  func ledger(of account: String, at now: Int64) throws(StoreError) -> Ledger {
    do {
      return try LedgerRows.ledger(of: account, at: now, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// What agents asked for today.
  func agentUse(of account: String, at now: Int64) throws(StoreError) -> AgentUse {
    do {
      return try LedgerRows.agentUse(of: account, at: now, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
