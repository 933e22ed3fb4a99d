internal import Encoding
public import Predictions
internal import Threads

/// The predictions in a database: of SQLite, shared by all processes of a state directory, or of PostgreSQL, shared by those of many
/// machines.
///
/// Reads use one connection under a lock, on the caller's thread; writes go to the store's thread;
/// Sources/Storage/README.md, "Transactions".
public final class TablePredictionStore: PredictionStore {
  /// This process, as rows name it: alive exactly as long as its lock file is locked.
  public let owner: String

  /// 16 random bytes of the database, for `Account.name`.
  public let salt: [UInt8]

  /// The path of the database, or the name and the host of its server.
  public var path: String { database.name }

  private let time: any TimeSource
  let reader: Protected<TableReader>
  let thread: StoreThread
  let inputFiles: InputFiles
  let replies: FileReplyStore
  /// Moves large inputs into files, one at a time, so that only one is in memory.
  let inputQueue = WorkQueue()
  let stowing = Protected<Set<PredictionID>>([])
  let database: any Database
  /// Taken with the first write, before a row can name this process, and kept when the writer reconnects.
  private let lock: Protected<OwnerLock?>

  /// Opens the database of a state directory; creates both where they are missing.
  ///
  /// - Parameters:
  ///   - directory: absolute, on a local disk.
  ///   - time: the clock of the rows.
  ///   - version: of this program, for people.
  ///   - notice: gets a sentence for each change that was made unasked, such as setting a damaged database aside; called
  ///     on the caller's thread, before this returns.
  /// - Throws: `StoreError.failed` where the directory cannot be written, the file is not a database of imagewire, only a
  ///   newer version may use it, or it is damaged and in use.
  public convenience init(
    directory: String, time: any TimeSource, version: String = "0", notice: @escaping (String) -> Void = { _ in }
  ) throws(StoreError) {
    try self.init(directory: directory, time: time, version: version, writerSettings: nil, notice: notice)
  }

  /// - Parameter writerSettings: SQL that is run on each writing connection; tests use it for a full disk or a failing
  ///   commit.
  convenience init(
    directory: String, time: any TimeSource, version: String = "0", writerSettings: String?,
    notice: @escaping (String) -> Void = { _ in }
  ) throws(StoreError) {
    let now = time.now.wall
    try MigrationMark.refuse(in: directory)
    try self.init(
      try DatabaseOpener.open(directory, now: now, notice: notice), owner: PredictionID(at: now).description, now: now,
      time: time, version: version, writerSettings: writerSettings)
  }

  /// Opens the tables in a database of PostgreSQL; creates them where they are missing.
  ///
  /// - Parameters:
  ///   - address: as libpq reads it: `postgresql://…`, or `service=NAME`.
  ///   - directory: the state directory of this machine.
  ///   - grace: how long another machine's process counts as living after this one has connected, in milliseconds.
  ///   - notice: gets a sentence for each change that was made unasked; called on any thread.
  /// - Throws: `StoreError.failed` where the server cannot be used.
  public convenience init(
    server address: String, directory: String, time: any TimeSource, version: String = "0", grace: Int64 = 15_000,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(StoreError) {
    let now = time.now.wall
    try MigrationMark.refuse(in: directory)
    let owner = PredictionID(at: now).description
    try self.init(
      try PostgreSQLDatabase(address, directory: directory, owner: owner, time: time, grace: grace, notice: notice),
      owner: owner, now: now, time: time, version: version, writerSettings: nil)
  }

  private init(
    _ database: any Database, owner: String, now: Int64, time: any TimeSource, version: String, writerSettings: String?
  ) throws(StoreError) {
    self.time = time
    self.database = database
    self.owner = owner
    salt = database.salt
    let directory = database.directory
    inputFiles = InputFiles(directory: directory)
    replies = FileReplyStore(directory: directory)
    let reader = Protected(try TableReader(database: database))
    self.reader = reader
    let registration = TableWriter.Registration(startedAt: now, version: version)
    let lock = Protected<OwnerLock?>(nil)
    self.lock = lock
    thread = StoreThread(database: database, reader: reader) { () throws(StoreError) in
      try lock.withLock { held throws(StoreError) in
        if held != nil { return }
        do throws(SystemError) {
          held = try OwnerLock(owner: owner, in: directory, version: version)
        } catch {
          throw StoreError(error, at: OwnerLock.folder(in: directory))
        }
      }
      return try TableWriter(
        database: database, owner: owner, time: time, registration: registration, settings: writerSettings)
    }
  }

  deinit {
    // Does not wait: the last reference may be released on the store's thread.
    thread.close()
  }

  /// Commits the writes that were handed over, ends the store's thread and releases the owner's lock, so that other
  /// processes may take over its work. Afterwards writes fail and reads work. Never called from a completion.
  public func close() {
    thread.close()
    thread.join()
    database.leave()
    lock.withLock { $0 = nil }
  }

  /// Empties the log of deleted content and returns free space, if no other process uses the database. For the end of the
  /// process: afterwards writes fail. Never called from a completion.
  public func leave() {
    let start = MonotonicClock.milliseconds
    guard let database = database as? PredictionDatabase else {
      thread.close()
      // Hosts wait for two seconds, and most of them are over.
      thread.join(atMost: 100)
      return database.leave()
    }
    func isInTime() -> Bool { MonotonicClock.milliseconds - start < 1_000 }
    let mustTidy = reader.withLock {
      Scrubbing.isRequested(in: $0.connection) || FreeSpace.isPlentiful(in: $0.connection)
    }
    guard mustTidy else { return }
    thread.close()
    guard thread.join(atMost: 1_000), (try? database.verify()) != nil, database.lockAlone() else { return }
    reader.withLock { reader in
      while isInTime(), FreeSpace.giveBack(in: reader.connection) {}
      try? Scrubbing.run(in: reader.connection)
    }
  }

  /// The number of committed groups.
  public var commitCount: Int { thread.commitCount }

  /// Whether the tables are on a server.
  public var isRemote: Bool { !(database is PredictionDatabase) }

  /// Whether other processes can tell that this one lives.
  public var isSeenAlive: Bool { database.isSeenAlive }

  // MARK: Reading

  /// One prediction with all fields; `nil` where there is none.
  public func prediction(_ id: PredictionID) throws(StoreError) -> Prediction? {
    let prediction = try reader.withLock { reader throws(StoreError) in try reader.prediction(id) }
    if InputFiles.isDue(prediction) { stow(id) }
    return prediction
  }

  /// The input of a prediction, from the database or from its file; `nil` where there is no such prediction.
  public func input(of id: PredictionID) throws(StoreError) -> [UInt8]? {
    let cell = try reader.withLock { reader throws(StoreError) in try reader.inputCell(of: id) }
    guard let cell, let stored = StoredInput(cell: cell) else { return cell }
    guard let input = inputFiles.read(stored, of: id) else {
      throw .failed(
        message: "The input of \(id) is kept in a file that is missing or was changed.",
        hint: "The prediction itself and its files are not affected.")
    }
    return input
  }

  /// A page of predictions without `input` and `metadata`, newest first.
  public func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    try reader.withLock { reader throws(StoreError) in try reader.list(query) }
  }

  /// The changes behind a cursor; see `ChangeLog`.
  public func changes(after cursor: ChangeCursor?) throws(StoreError) -> TableChanges {
    database.listen()
    return try reader.withLock { reader throws(StoreError) in try reader.changes(after: cursor, table: mark) }
  }

  /// One prediction as a list has it.
  public func listed(_ id: PredictionID) throws(StoreError) -> Prediction? {
    try reader.withLock { reader throws(StoreError) in try reader.listed(id) }
  }

  /// Identifies this database in cursors, without showing its salt.
  private var mark: UInt32 {
    SHA256.hash(database.mark + Array("changes".utf8)).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Predictions that have ended and whose bill is not known.
  public func unbilled(
    in account: String, endedIn moments: ClosedRange<Int64>, atMost limit: Int
  ) throws(StoreError) -> [(id: PredictionID, remoteID: String)] {
    try reader.withLock { reader throws(StoreError) in
      try reader.unbilled(in: account, endedIn: moments, atMost: limit)
    }
  }

  /// Whether any process, this one included, has committed since the last call.
  public func hasChanged() -> Bool {
    database.hasChanged() ?? reader.withLock { $0.hasChanged() }
  }

  /// Calls a body whenever another process may have committed something; a file does not tell.
  public func whenOthersCommit(_ body: @escaping @Sendable () -> Void) { database.whenOthersCommit(body) }

  /// The pauses of all accounts, also past ones.
  public func pauses() throws(StoreError) -> [String: AccountPause] {
    try reader.withLock { reader throws(StoreError) in try reader.pauses() }
  }

  /// The account's POSTs of today (UTC).
  public func ledger(of account: String) throws(StoreError) -> Ledger {
    let now = time.now.wall
    return try reader.withLock { reader throws(StoreError) in try reader.ledger(of: account, at: now) }
  }

  /// What agents have requested today on an account: what was sent, and what was accepted and not sent yet.
  public func agentUse(of account: String) throws(StoreError) -> AgentUse {
    let now = time.now.wall
    return try reader.withLock { reader throws(StoreError) in try reader.agentUse(of: account, at: now) }
  }

  /// What users granted agents today.
  public func agentGrants(of account: String) throws(StoreError) -> AgentGrants {
    let now = time.now.wall
    return try reader.withLock { reader throws(StoreError) in try reader.agentGrants(of: account, at: now) }
  }

  /// Whether a prediction of this account has this id at its provider, or had it when it was deleted.
  public func isTaken(_ remoteID: String, in account: String) throws(StoreError) -> Bool {
    try reader.withLock { reader throws(StoreError) in try reader.isTaken(remoteID, in: account) }
  }

  /// When a prediction's POST was sent; `nil` where there is no record of one.
  public func sendTime(of id: PredictionID) throws(StoreError) -> SendTime? {
    try reader.withLock { reader throws(StoreError) in try reader.sendTime(of: id) }
  }

  /// The address of an uploaded file; `nil` where there is none, or its lifetime is over.
  public func upload(of digest: [UInt8], for account: String) throws(StoreError) -> String? {
    let now = time.now.wall
    return try reader.withLock { reader throws(StoreError) in try reader.upload(of: digest, for: account, at: now) }
  }

  /// How long the newest jobs of an account and a model took.
  public func durations(of account: String, model: String) throws(StoreError) -> [JobDuration] {
    try reader.withLock { reader throws(StoreError) in try reader.durations(of: account, model: model) }
  }

  /// The address of the first output of an account's newest completed prediction with this model.
  public func lastOutput(of account: String, model: String) throws(StoreError) -> String? {
    try reader.withLock { reader throws(StoreError) in try reader.lastOutput(of: account, model: model) }
  }

  /// Whether predictions wait for outputs of this one.
  public func isAwaited(_ id: PredictionID) throws(StoreError) -> Bool {
    try reader.withLock { reader throws(StoreError) in try reader.isAwaited(id) }
  }

  /// Shows other processes that this one makes progress.
  public func touch() {
    lock.withLock { $0?.touch() }
  }

  // MARK: Writing

  /// Records a new prediction, or finds the one its key names; committed with the next `flush` or other write.
  public func insert(
    _ prediction: Prediction, queueLimit: Int, repeating rule: RepeatedRequest?,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void
  ) {
    thread.add(
      urgent: false, { try $0.insert(prediction, queueLimit: queueLimit, repeating: rule) }, completion: completion)
  }

  /// Applies one event to a prediction, and to the record of its POST.
  public func change(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<Change, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.change(id, event, by: writer) }) { [weak self] result in
      if case .success(let change) = result, InputFiles.isDue(change.after) { self?.stow(id) }
      completion(result)
    }
  }

  /// Cancels a prediction and those that wait for it.
  public func cancelChain(
    of id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<ChainCancellation, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.cancelChain(of: id, event, by: writer) }, completion: completion)
  }

  /// Ends a batch of predictions whose targets cannot give their outputs, and notes attendance.
  public func follow(
    accounts: Set<String>, completion: @escaping @Sendable (Result<ChainRound, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.follow(accounts: accounts) }, completion: completion)
  }

  /// Takes the account's oldest queued prediction for this process, if its limits allow.
  public func claim(
    _ request: ClaimRequest, isWanted: @escaping @Sendable () -> Bool = { true },
    completion: @escaping @Sendable (Result<ClaimOutcome, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { isWanted() ? try $0.claim(request) : .nothingQueued }, completion: completion)
  }

  /// Notes that the provider's catalogue lists the default model now.
  public func noteModel(_ model: String, of account: String, completion: @escaping @Sendable () -> Void) {
    thread.add(urgent: true, { try $0.noteModel(model, of: account) }, completion: { _ in completion() })
  }

  /// Notes the balance of an account that pauses, and ends the pause if `isOver`.
  public func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool,
    completion: @escaping @Sendable () -> Void
  ) {
    thread.add(
      urgent: true, { try $0.noteBalance(micros, of: account, during: pause, isOver: isOver) },
      completion: { _ in completion() })
  }

  /// Grants agents more for a day.
  public func grantAgents(
    _ grants: AgentGrants, on account: String, day: Int64,
    completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.grantAgents(grants, on: account, day: day) }, completion: completion)
  }

  /// Stores the address of an uploaded file.
  public func keepUpload(
    of digest: [UInt8], for account: String, as address: String, lifetime: Int64,
    completion: @escaping @Sendable () -> Void
  ) {
    thread.add(
      urgent: true, { try $0.keepUpload(of: digest, for: account, as: address, lifetime: lifetime) },
      completion: { _ in completion() })
  }

  /// Takes over work of processes that have exited, and deletes their rows in `owners`.
  public func recover(
    accounts: [String: Bool], awaited: [PredictionID],
    completion: @escaping @Sendable (Result<Recovery, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.recover(accounts: accounts, awaited: awaited) }) { [weak self] result in
      self?.removeStrayFiles()
      completion(result)
    }
  }

  /// Deletes predictions, all or none.
  public func delete(
    _ ids: [PredictionID], completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.delete(ids) }) { [thread] result in
      completion(
        result.map { outcome in
          guard case .deleted(let rows, _) = outcome else { return outcome }
          return .deleted(rows, scrubbed: thread.hasScrubbed)
        })
    }
  }

  /// Deletes a batch of old predictions.
  public func prune(
    _ request: PruneRequest, completion: @escaping @Sendable (Result<PruneBatch, StoreError>) -> Void
  ) {
    thread.add(urgent: true, { try $0.prune(request) }) { [thread] result in
      completion(
        result.map { batch in
          var batch = batch
          batch.scrubbed = thread.hasScrubbed
          return batch
        })
    }
  }

  /// Waits until all writes that were handed over before are done. Never called from a completion.
  @discardableResult
  public func flush(atMost milliseconds: Int64?) -> Bool {
    thread.flush(atMost: milliseconds)
  }
}
