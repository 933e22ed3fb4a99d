internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The table as this process found or made it, and the lock that keeps others from changing it under our feet.
struct PredictionDatabase: Sendable {
  /// The state directory.
  let directory: String
  let path: String
  let salt: [UInt8]
  /// Which file it is; a path may lead elsewhere later.
  private let identity: FileIdentity
  /// Shared, for life: setting a table aside, or a step that old code could not live with, needs it alone.
  private let lock: Descriptor
  /// Whether the lock is shared. It is not while this process tries to have it alone.
  private let isShared = Protected(true)
  /// The connection it was looked at with, for whoever connects first: the last one to close would sync the log into the
  /// table and delete it, and the next would have to begin it again, on the way to the first reply.
  private let opened: Protected<SQLiteConnection?>

  init(
    directory: String, path: String, salt: [UInt8], identity: FileIdentity, lock: Descriptor,
    opened: sending SQLiteConnection
  ) {
    self.directory = directory
    self.path = path
    self.salt = salt
    self.identity = identity
    self.lock = lock
    self.opened = Protected(opened)
  }

  /// A connection to it.
  func connect() throws(StoreError) -> SQLiteConnection {
    do {
      try verify()
      let connection =
        if let opened = opened.take() { opened } else { try SQLiteConnection(path: path) }
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
        message: "The table \(path) was moved, deleted or replaced while it was in use; nothing more is written.",
        hint: "Start imagewire again.")
    }
  }

  /// Takes the lock alone, which says that no other process uses the table.
  ///
  /// - Returns: whether it could be had. The shared lock is given up in either case, so that of two processes that end at
  ///   once one is the last: call `share` afterwards unless this process ends.
  func lockAlone() -> Bool {
    isShared.withLock { $0 = false }
    lock.unlock()
    return lock.lock(LOCK_EX)
  }

  /// Shares the lock again, once no other process has it alone. Where that takes too long, `verify` tries it again.
  func share() {
    var pauses = LockPauses()
    let start = monotonicMilliseconds()
    while !takeShared(), monotonicMilliseconds() - start < WriterLock.patience { pauses.sleep() }
  }

  private func takeShared() -> Bool {
    guard lock.lock(LOCK_SH) else { return false }
    isShared.withLock { $0 = true }
    return true
  }

  /// Makes sure that no newer version has made the table one that we must not write.
  func verifyVersion(_ connection: SQLiteConnection) throws(StoreError) {
    do {
      guard try connection.integer("PRAGMA user_version") > Schema.version else { return }
      try DatabaseOpener.refuseNewer(connection, path: path)
    } catch {
      throw StoreError(error, at: path)
    }
  }
}
