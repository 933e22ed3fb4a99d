internal import Predictions

/// Where the tables are, and how the processes that share them stay out of each other's way.
protocol Database: Sendable {
  /// The state directory of this machine: inputs, replies and locks.
  var directory: String { get }
  /// For messages: the path of the file, or the name and the host.
  var name: String { get }
  /// 16 random bytes, made with the tables.
  var salt: [UInt8] { get }
  /// What cursors of changes hold: other numbers mean other changes.
  var mark: [UInt8] { get }

  /// A connection for reading.
  func connect() throws(StoreError) -> TableConnection

  /// A connection for writing.
  func connectToWrite() throws(StoreError) -> TableConnection

  /// Throws where writes would not reach what other processes read.
  func verify() throws(StoreError)

  /// Decides which process of this machine may begin; `nil` where the server decides.
  func turns() throws(StoreError) -> WriterLock?

  /// Begins a writing transaction, as the only one: until its end no process of any machine writes. Enters this process in `owners`.
  func begin(_ connection: TableConnection, for owner: String, _ registration: TableWriter.Registration) throws

  /// Whether another process lives, for the rest of the transaction.
  func examine(
    _ owner: String, isRegistered: Bool, on connection: TableConnection
  ) throws(TableError) -> OwnerLock.Liveness

  /// Whether a living process has made no progress for a minute.
  func isStalled(_ owner: String, now: Int64, on connection: TableConnection) throws(TableError) -> Bool

  /// Whether any process has committed since the last call; `nil` where the reading connection tells.
  func hasChanged() -> Bool?

  /// Calls a body whenever another process may have committed something, while it listens.
  func whenOthersCommit(_ body: @escaping @Sendable () -> Void)

  /// Listens for a while.
  func listen()

  /// Whether other processes can tell that this one lives.
  var isSeenAlive: Bool { get }

  /// Ends a writing transaction, and lets other processes know.
  func commit(_ connection: TableConnection) throws(TableError)

  /// Marks deleted content that the log of the database still holds, in the transaction that deletes it.
  func requestScrubbing(on connection: TableConnection) throws(TableError)

  /// The process ends, after its last write.
  func leave()
}

extension PredictionDatabase: Database {
  var name: String { path }

  var mark: [UInt8] { salt }

  func connectToWrite() throws(StoreError) -> TableConnection { try connect() }

  func turns() throws(StoreError) -> WriterLock? {
    do { return try WriterLock(in: directory) } catch { throw StoreError(error, at: directory) }
  }

  func begin(_ connection: TableConnection, for owner: String, _ registration: TableWriter.Registration) throws {
    try connection.run("BEGIN IMMEDIATE")
    try verifyVersion(connection)
    // In the same commit as the first row that names this process.
    try connection.run(
      "INSERT INTO owners(owner, pid, version, started_ms) VALUES(?, ?, ?, ?) ON CONFLICT(owner) DO NOTHING",
      owner, registration.pid, registration.version, registration.startedAt)
  }

  func examine(
    _ owner: String, isRegistered: Bool, on connection: TableConnection
  ) throws(TableError) -> OwnerLock.Liveness {
    OwnerLock.examine(owner, in: directory, isRegistered: isRegistered)
  }

  func isStalled(_ owner: String, now: Int64, on connection: TableConnection) throws(TableError) -> Bool {
    OwnerLock.isStalled(owner, in: directory, now: now)
  }

  func hasChanged() -> Bool? { nil }

  func whenOthersCommit(_ body: @escaping @Sendable () -> Void) {}

  func listen() {}

  var isSeenAlive: Bool { true }

  func commit(_ connection: TableConnection) throws(TableError) { try connection.commit() }

  func requestScrubbing(on connection: TableConnection) throws(TableError) { try Scrubbing.request(in: connection) }

  func leave() {}
}
