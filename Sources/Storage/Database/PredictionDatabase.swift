internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An open database, with the lock that keeps other processes from replacing it.
struct PredictionDatabase: Sendable {
  /// The state directory.
  let directory: String
  let path: String
  let salt: [UInt8]
  /// The file that was opened; the path may lead to another one later.
  private let identity: FileIdentity
  /// On `table.lock`: shared while the database is open.
  private let lock: Descriptor
  /// False while this process tries for the exclusive lock.
  private let isShared = Protected(true)
  /// The connection that examined the file, for the first call of `connect`: closing it could sync and delete the log, which
  /// the next connection would have to create again before the first reply.
  private let opened: Protected<TableConnection?>

  init(
    directory: String, path: String, salt: [UInt8], identity: FileIdentity, lock: Descriptor,
    opened: sending TableConnection
  ) {
    self.directory = directory
    self.path = path
    self.salt = salt
    self.identity = identity
    self.lock = lock
    self.opened = Protected(opened)
  }

  /// A configured connection.
  func connect() throws(StoreError) -> TableConnection {
    do {
      try verify()
      let connection =
        if let opened = opened.take() { opened } else { try TableConnection(path: path) }
      try Schema.configure(connection)
      return connection
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Makes sure that writes still reach the file that other processes see: a deleted directory accepts commits.
  func verify() throws(StoreError) {
    guard isShared.withLock({ $0 }) || takeShared() else { throw .locked(path) }
    guard FileStatus(of: path)?.identity == identity else {
      throw .failed(
        message: "The database \(path) was moved, deleted or replaced while it was in use; nothing more is written.",
        hint: "Start imagewire again.")
    }
  }

  /// Takes the exclusive lock, which only a process that is the sole user of the database gets.
  ///
  /// - Returns: whether it was taken. The shared lock is released in either case, so that of two processes that end at
  ///   once one is the last: call `share` afterwards unless this process ends.
  func lockAlone() -> Bool {
    isShared.withLock { $0 = false }
    lock.unlock()
    return lock.lock(LOCK_EX)
  }

  /// Takes the shared lock again, once no other process has the exclusive one. After a time-out `verify` tries again.
  func share() {
    var pauses = LockPauses()
    let start = MonotonicClock.milliseconds
    while !takeShared(), MonotonicClock.milliseconds - start < WriterLock.patience { pauses.sleep() }
  }

  private func takeShared() -> Bool {
    guard lock.lock(LOCK_SH) else { return false }
    isShared.withLock { $0 = true }
    return true
  }

  /// Throws where a newer program has migrated the database so that this one must not write.
  func verifyVersion(_ connection: TableConnection) throws(StoreError) {
    do {
      guard try connection.integer("PRAGMA user_version") > Schema.version else { return }
      try DatabaseOpener.refuseNewer(connection, path: path)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
