internal import Predictions

/// Reads the ledger of an account, on the connection that writes or the one that reads.
enum LedgerRows {
  /// The sums over the records of POSTs. Records of programs before schema version 6 have no model and no agent; they are
  /// read from the prediction while it exists. `total` and the bounds keep damaged cells from overflowing a sum, which
  /// would stop every claim.
  private static func posts(_ dialect: SQLDialect) -> String {
    """
    SELECT coalesce(s.model, p.model, ''), coalesce(s.agent, p.origin) IS NOT NULL,
      \(dialect.sum("CASE WHEN s.counts THEN coalesce(s.cost_micros, s.estimate_micros, 0) ELSE 0 END")),
      sum(CASE WHEN s.counts AND s.cost_micros IS NULL AND s.estimate_micros IS NULL THEN 1 ELSE 0 END),
      \(dialect.greatest("coalesce(s.estimate_micros, s.cost_micros)")),
      \(dialect.sum("CASE WHEN s.counts THEN coalesce(s.images, p.images, 1) ELSE 0 END"))
    FROM (SELECT *, outcome IS NULL OR outcome IN ('accepted', 'adopted') AS counts FROM sends
      WHERE account = ? AND sent_ms >= ?) s LEFT JOIN predictions p ON p.seq = s.seq
    GROUP BY 1, 2
    """
  }

  private static let unsentConditions = ["phase = 'queued'", "refs = 1 AND status = 'created'"]

  /// What agents requested and what is not sent yet. Two queries, because each has an index of its own.
  private static func unsent(_ condition: String, _ dialect: SQLDialect) -> String {
    """
    SELECT \(dialect.sum("images")), \(dialect.sum("estimate_micros"))
      FROM predictions
     WHERE account = ? AND \(condition) AND origin IS NOT NULL
    """
  }

  /// The POSTs of the day of a moment.
  static func ledger(
    of account: String, at now: Int64, in connection: TableConnection
  ) throws(TableError) -> Ledger {
    Ledger(
      try connection.rows(posts(connection.dialect), account, Money.startOfDay(now)) { row in
        Ledger.Line(
          model: row.text(0), isAgents: row.integer(1) != 0, priced: row.integer(2), unpriced: row.integer(3),
          dearest: row.integerIfAny(4), images: row.integer(5))
      })
  }

  /// What agents requested on the day of a moment, with what is accepted and not sent yet.
  static func agentUse(
    of account: String, at now: Int64, in connection: TableConnection
  ) throws(TableError) -> AgentUse {
    var use = try ledger(of: account, at: now, in: connection).agents
    for condition in unsentConditions {
      let unsent = try connection.first(unsent(condition, connection.dialect), account) {
        (images: $0.integer(0), micros: $0.integer(1))
      }
      use = use.adding(images: unsent?.images ?? 0, micros: unsent?.micros ?? 0)
    }
    return use
  }
}

extension TableReader {
  /// The account's POSTs on the day of a moment.
  func ledger(of account: String, at now: Int64) throws(StoreError) -> Ledger {
    do {
      return try LedgerRows.ledger(of: account, at: now, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// What agents requested on the day of a moment.
  func agentUse(of account: String, at now: Int64) throws(StoreError) -> AgentUse {
    do {
      return try LedgerRows.agentUse(of: account, at: now, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// What users granted agents on the day of a moment.
  func agentGrants(of account: String, at now: Int64) throws(StoreError) -> AgentGrants {
    do {
      return try AccountRow.grants(of: account, at: now, in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
