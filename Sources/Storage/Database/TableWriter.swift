internal import CSQLite
internal import JSON
internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The writing connection. It belongs to the store's thread; its calls run inside the open transaction of a group.
final class TableWriter {
  let database: any Database
  let connection: TableConnection
  let owner: String
  let time: any TimeSource
  private let registration: Registration
  /// Held from the beginning of a transaction until `endTurn`. A writer whose transaction failed is dropped, and the
  /// lock with it.
  private let lock: WriterLock?
  /// How many are queued, by account; valid while the transaction is open.
  private var queued: [String: Int] = [:]
  /// Why SQLite ended the transaction; `nil` while it is open.
  private var loss: StoreError?
  /// Owners that this transaction found to have exited. It holds their locks until the commit, so a second test would find
  /// them alive.
  var exited: Set<String> = []
  /// Whether this transaction deletes content, which stays in the log after the commit.
  private(set) var hasDeleted = false
  /// Effects outside the database, which run after the commit.
  private var afterCommit: [() -> Void] = []

  /// What `owners` says about this process.
  struct Registration: Sendable {
    let startedAt: Int64
    let version: String
    let pid = Int64(getpid())
  }

  init(
    database: any Database, owner: String, time: any TimeSource, registration: Registration,
    settings: String? = nil
  ) throws(StoreError) {
    self.database = database
    self.owner = owner
    self.time = time
    self.registration = registration
    lock = try database.turns()
    connection = try database.connectToWrite()
    guard let settings else { return }
    do { try connection.script(settings) } catch { throw StoreError(error, at: database.name) }
  }

  var now: Int64 { time.now.wall }

  var logPages: Int { connection.logPages }

  // MARK: The group

  func begin() throws(StoreError) {
    queued = [:]
    exited = []
    loss = nil
    afterCommit = []
    hasDeleted = false
    guard lock?.acquire() != false else { throw .locked(database.name) }
    do {
      try database.begin(connection, for: owner, registration)
    } catch {
      throw StoreError(error, at: database.name)
    }
  }

  /// Runs one write in its own savepoint: a failure undoes this write and none of the group.
  ///
  /// - Parameter isOnly: whether the group has no other one.
  func alone<Value>(isOnly: Bool, _ body: () throws -> Value) throws -> Value {
    let actions = afterCommit.count
    do {
      try connection.run("SAVEPOINT one")
    } catch {
      // The transaction is not what it was: none of the group may be reported as stored.
      loss = StoreError(error, at: database.name)
      throw error
    }
    do {
      let value = try body()
      try connection.run("RELEASE one")
      // In a group of several, a failure must be known now: it undoes this write alone. Of a single write it comes with the commit.
      if !isOnly { try connection.settle() }
      return value
    } catch {
      queued = [:]
      afterCommit.removeSubrange(actions...)
      // What was sent and failed would keep the server from the next statement.
      try? connection.settle()
      guard connection.isInTransaction, (try? connection.run("ROLLBACK TO one")) != nil,
        (try? connection.run("RELEASE one")) != nil, (try? connection.settle()) != nil
      else {
        loss = StoreError(error, at: database.name)
        throw error
      }
      throw error
    }
  }

  /// Throws where the whole transaction ended after a failure.
  func verify() throws(StoreError) {
    if let loss { throw loss }
  }

  func commit() throws(StoreError) {
    do { try database.commit(connection) } catch { throw StoreError(error, at: database.name) }
    for action in afterCommit { action() }
    afterCommit = []
  }

  /// Whether a waiting group may be written before other processes write.
  var mayContinue: Bool { lock?.mayContinue ?? false }

  /// Keeps other processes from writing until `endTurn`; false after a time-out.
  func takeTurn() -> Bool { lock?.acquire() ?? false }

  /// Lets other processes write.
  func endTurn() { lock?.release() }

  /// Runs an effect outside the database after the commit.
  func onCommit(_ action: @escaping () -> Void) {
    afterCommit.append(action)
  }

  /// Marks that the log holds deleted content; it is emptied once no other process uses the database.
  func requestScrubbing() throws(TableError) {
    try database.requestScrubbing(on: connection)
    hasDeleted = true
  }

  /// Runs `body` while no process writes.
  func withoutOtherWriters(_ body: () -> Void) {
    guard takeTurn() else { return }
    defer { endTurn() }
    guard (try? connection.run("BEGIN IMMEDIATE")) != nil else { return }
    body()
    _ = try? connection.run("ROLLBACK")
  }

  // MARK: Rows

  /// One prediction, whole.
  func prediction(_ id: PredictionID) throws(TableError) -> Prediction? {
    return try connection.first(PredictionRow.selectWholeByID, id.sequence, id.lowBits) { row throws(TableError) in
      var found = try PredictionRow.whole(row)
      try ReferenceRows.addTargets(to: &found, in: connection)
      return found
    }
  }

  /// Writes a row that was read in this transaction, if it differs.
  func save(_ after: Prediction, was before: Prediction) throws(TableError) {
    guard after != before else { return }
    if before.isUnsent != after.isUnsent { queued[before.account] = nil }
    try PredictionRow.update(after, in: connection)
    if before.isChained, !after.isChained { try ReferenceRows.delete(of: after.id, in: connection) }
  }

  /// How many predictions of an account are queued, or wait for outputs of others; counted once in a group.
  func queuedCount(of account: String) throws(TableError) -> Int {
    if let known = queued[account] { return known }
    let count = try Int(
      connection.integer(
        """
        SELECT (SELECT count(*) FROM predictions WHERE account = ?1 AND phase = 'queued')
          + (SELECT count(*) FROM predictions WHERE account = ?1 AND refs = 1 AND status = 'created')
        """, account))
    queued[account] = count
    return count
  }

  func noteQueued(_ account: String) {
    queued[account]? += 1
  }
}
