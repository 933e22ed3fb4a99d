internal import Predictions

/// A row of `accounts`: pause, balance, the last sighting of the default model, and what users granted agents.
enum AccountRow {
  private static let columns = "account, pause_reason, pause_ms, paused_until_ms, balance_micros"

  private static func pause(_ row: borrowing TableRow) -> (account: String, pause: AccountPause)? {
    guard let reason = row.textIfAny(1).flatMap(PredictionFailure.Kind.init) else { return nil }
    return (
      row.text(0),
      AccountPause(
        reason: reason, length: row.moment(2), until: row.moment(3), balance: row.integerIfAny(4))
    )
  }

  /// An account's present or last pause.
  static func pause(of account: String, in connection: TableConnection) throws(TableError) -> AccountPause? {
    try connection.rows("SELECT \(columns) FROM accounts WHERE account = ?", account) { pause($0)?.pause }
      .first ?? nil
  }

  /// The present or last pause of every account.
  static func pauses(in connection: TableConnection) throws(TableError) -> [String: AccountPause] {
    let pauses = try connection.rows("SELECT \(columns) FROM accounts") { pause($0) }.compactMap { $0 }
    return Dictionary(pauses.map { ($0.account, $0.pause) }) { first, _ in first }
  }

  /// When the provider's catalogue last listed the account's default model.
  static func sighting(of account: String, in connection: TableConnection) throws(TableError) -> ModelSighting? {
    try connection.rows(
      "SELECT model, model_seen_ms FROM accounts WHERE account = ? AND model IS NOT NULL", account
    ) { ModelSighting(model: $0.text(0), at: $0.moment(1)) }.first
  }

  /// What users granted agents on the day of a moment. A damaged cell counts nothing.
  static func grants(
    of account: String, at now: Int64, in connection: TableConnection
  ) throws(TableError) -> AgentGrants {
    try connection.rows(
      "SELECT grants, granted_images, granted_micros FROM accounts WHERE account = ? AND granted_ms = ?", account,
      Money.startOfDay(now)
    ) { AgentGrants(count: max(0, $0.integer(0)), images: max(0, $0.integer(1)), micros: max(0, $0.integer(2))) }
    .first ?? AgentGrants()
  }

  static func set(
    _ pause: AccountPause, of account: String, in connection: TableConnection
  ) throws(TableError) {
    try connection.run(
      """
      INSERT INTO accounts(account, pause_reason, pause_ms, paused_until_ms, balance_micros) VALUES(?, ?, ?, ?, ?)
      ON CONFLICT(account) DO UPDATE SET pause_reason = excluded.pause_reason, pause_ms = excluded.pause_ms,
        paused_until_ms = excluded.paused_until_ms, balance_micros = excluded.balance_micros
      """, account, pause.reason.rawValue, pause.length, pause.until, pause.balance)
  }
}

extension TableWriter {
  /// Begins a pause of an account for all processes, or makes the present one longer.
  func pause(
    _ account: String, for length: Int64, because reason: PredictionFailure.Kind, at now: Int64
  ) throws(TableError) {
    let last = try AccountRow.pause(of: account, in: connection)
    let next = AccountPause.after(last, because: reason, for: length, at: now)
    if next != last { try AccountRow.set(next, of: account, in: connection) }
  }

  /// Notes that the provider's catalogue lists the default model now.
  func noteModel(_ model: String, of account: String) throws(TableError) {
    try connection.run(
      """
      INSERT INTO accounts(account, model, model_seen_ms) VALUES(?, ?, ?)
      ON CONFLICT(account) DO UPDATE SET model = excluded.model, model_seen_ms = excluded.model_seen_ms
      """, account, model, now)
  }

  /// Grants agents more for a day, unless it is over or there are as many grants already.
  func grantAgents(_ grants: AgentGrants, on account: String, day: Int64) throws(TableError) {
    let now = now
    guard Money.startOfDay(now) == day,
      try AccountRow.grants(of: account, at: now, in: connection).count < grants.count
    else { return }
    try connection.run(
      """
      INSERT INTO accounts(account, granted_ms, grants, granted_images, granted_micros) VALUES(?, ?, ?, ?, ?)
      ON CONFLICT(account) DO UPDATE SET granted_ms = excluded.granted_ms, grants = excluded.grants,
        granted_images = excluded.granted_images, granted_micros = excluded.granted_micros
      """, account, day, grants.count, grants.images, grants.micros)
  }

  /// Notes a balance that was requested during a pause, and ends the pause if `isOver`.
  func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool
  ) throws(TableError) {
    guard try AccountRow.pause(of: account, in: connection) == pause else { return }
    var next = pause
    next.balance = micros
    // The ended pause stays in the row: if the provider still refuses, the next pause is longer.
    if isOver { next.until = now }
    if next != pause { try AccountRow.set(next, of: account, in: connection) }
  }
}

extension TableReader {
  /// The present or last pause of every account.
  func pauses() throws(StoreError) -> [String: AccountPause] {
    do {
      return try AccountRow.pauses(in: connection)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
