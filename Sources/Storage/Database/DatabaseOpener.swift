internal import CSQLite
internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Opens the database of a state directory, or creates it, while other processes may do the same.
///
/// The lock on `table.lock` orders them: it is shared to use the database, and exclusive to create it, to set a damaged
/// one aside or to take a copied one over. No process waits for the lock while it holds it, so there is no deadlock.
struct DatabaseOpener {
  private let directory: String
  private let notice: (String) -> Void
  private let now: Int64
  private let lock: Descriptor

  /// How long to try for the lock, in milliseconds. It is short for a copied database: if other processes already use it,
  /// one of them takes it over.
  private static func patience(for finding: Finding) -> Int64 {
    switch finding {
    case .usable: 200
    case .broken: 2_000
    case .absent: 5_000
    }
  }

  private init(directory: String, now: Int64, notice: @escaping (String) -> Void) throws(SystemError) {
    self.directory = directory
    self.now = now
    self.notice = notice
    lock = try Descriptor(openingOwn: directory + "/table.lock")
    fchmod(lock.number, 0o600)
  }

  /// Opens the database of a directory; creates both where they are missing.
  static func open(
    _ directory: String, now: Int64, notice: @escaping (String) -> Void
  ) throws(StoreError) -> PredictionDatabase {
    let opening: DatabaseOpener
    do {
      // An older SQLite reads STRICT tables as damage.
      guard sqlite3_libversion_number() >= 3_037_000 else {
        throw StoreError.failed(
          message: "The system's SQLite \(String(cString: sqlite3_libversion())) is too old.",
          hint: "3.37 or later is needed.")
      }
      try FileSystem.makeFolder(directory)
      // Another user could add a prediction that saves files wherever this user may write. A directory of root's is
      // allowed: administrators create state directories for users.
      if let owner = FileStatus(of: directory)?.owner, owner != geteuid(), owner != 0 {
        throw StoreError.failed(
          message: "\(directory) belongs to another user (uid \(owner)), so its database is not used.",
          hint: "Choose a folder of your own with --state-dir, or chown it.")
      }
      guard !FileSystem.isOnNetwork(directory) else {
        throw StoreError.failed(
          message: "\(directory) is on a network or FUSE file system, where the database would not be safe.",
          hint: "Use --state-dir with a folder on a local disk; outputs may lie anywhere.")
      }
      opening = try DatabaseOpener(directory: directory, now: now, notice: notice)
    } catch {
      throw StoreError(error, at: directory)
    }
    return try opening.open()
  }

  // MARK: Opening

  /// The state of the file.
  private enum Finding {
    /// A database of imagewire that can be read. `isAtHome`: it was not copied.
    case usable(PredictionDatabase, isAtHome: Bool)
    /// Missing or empty.
    case absent
    /// A database of imagewire that cannot be read, and why.
    case broken(String)
  }

  private func open() throws(StoreError) -> PredictionDatabase {
    let start = MonotonicClock.milliseconds
    var finding: Finding = .absent
    var pauses = LockPauses()
    while true {
      if lock.lock(LOCK_SH) {
        finding = try examine()
        if case .usable(let database, isAtHome: true) = finding { return database }
        lock.unlock()
      }
      if lock.lock(LOCK_EX) {
        try makeUsable()
        // Another process may take the lock here; it finds the database usable.
        lock.unlock()
        continue
      }
      guard MonotonicClock.milliseconds - start < Self.patience(for: finding) else { break }
      pauses.sleep()
    }
    let others = OwnerLock.living(in: directory)
    let who = others.isEmpty ? "Another imagewire" : "Another imagewire, \(others.joined(separator: ", ")),"
    switch finding {
    // A copied database that other processes already use is used as it is.
    case .usable(let database, _) where lock.lock(LOCK_SH): return database
    case .broken(let reason):
      throw .failed(
        message: "The database \(tablePath) is damaged (\(reason)). \(who) is using it, so it was left as it is.",
        hint: "Stop every imagewire that uses it and start again; the damaged database is then set aside.")
    default:
      throw .failed(message: "\(who) kept \(directory) locked for 5 seconds.", hint: "Try again.")
    }
  }

  /// Creates, replaces or takes over the database. Only with the exclusive lock.
  private func makeUsable() throws(StoreError) {
    do {
      switch try examine() {
      case .usable(_, isAtHome: true): break
      case .usable(let database, isAtHome: false): try takeOverCopy(database)
      case .absent: try create()
      case .broken(let reason):
        try setAside(reason)
        try create()
      }
    } catch {
      throw StoreError(error, at: tablePath)
    }
  }

  // MARK: Examining

  /// `predictions.db`, or the name in the file `current`.
  private var tablePath: String {
    let name = FileSystem.read(directory + "/current").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let isName = !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name.utf8.first != UInt8(ascii: ".")
    return "\(directory)/\(isName ? name : "predictions.db")"
  }

  /// Whether this directory has held a database of imagewire. Only then may an unreadable file be set aside.
  private var isMarked: Bool { (FileStatus(of: lock)?.bytes ?? 0) > 0 }

  private func examine() throws(StoreError) -> Finding {
    let path = tablePath
    guard let status = FileStatus(of: path), status.bytes > 0 else { return .absent }
    do {
      let connection = try TableConnection(path: path)
      // A file that may not be a database of imagewire must not change.
      connection.checkpointsOnClose(false)
      let mark = try connection.integer("PRAGMA application_id")
      let version = try connection.integer("PRAGMA user_version")
      if mark == 0, version == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 { return .absent }
      guard mark == Schema.applicationID else { throw Self.foreign(path) }
      // A newer schema that cannot be read here is not damage.
      if version > Schema.version { try Self.refuseNewer(connection, path: path) }
      if version < Schema.version { try Self.migrate(connection, at: path, in: directory, home: home(of: status)) }
      // One transaction locks the file once for all these reads.
      try connection.script("BEGIN")
      try Self.refuseChanged(connection, isNewer: version > Schema.version, path: path)
      // The first page of each table can be read.
      let reads = Schema.tables.map { "EXISTS(SELECT 1 FROM \($0.name))" }
      _ = try connection.integer("SELECT " + reads.joined(separator: " + "))
      guard let salt = try connection.first("SELECT value FROM meta WHERE name = 'salt'", body: { $0.blob(0) }) else {
        return .broken("its salt is missing")
      }
      let written = try connection.first("SELECT value FROM meta WHERE name = 'home'") { $0.text(0) }
      try connection.script("COMMIT")
      connection.checkpointsOnClose(true)
      let isAtHome = written == home(of: status)
      let database = PredictionDatabase(
        directory: directory, path: path, salt: salt, identity: status.identity, lock: lock, opened: connection)
      return .usable(database, isAtHome: isAtHome)
    } catch let error as TableError {
      switch error.primary {
      case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR:
        // SQLITE_ERROR: a table or column is missing.
        guard isMarked else { throw Self.foreign(path) }
        return .broken(error.message)
      default: throw StoreError(error, at: path)
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Migrates an older database, as its only writer. A foreign trigger may run meanwhile; its
  /// changes are rolled back.
  private static func migrate(
    _ connection: TableConnection, at path: String, in directory: String, home: String
  ) throws {
    let writerLock = try WriterLock(in: directory)
    guard writerLock.acquire() else { throw StoreError.locked(directory) }
    defer { writerLock.release() }
    try Schema.migrate(connection, home: home) { try refuseChanged($0, path: path) }
  }

  private static func foreign(_ path: String) -> StoreError {
    .failed(
      message: "\(path) is not a database of imagewire; it was left as it is.",
      hint: "Move it elsewhere, or choose another folder with --state-dir.")
  }

  /// Refuses a database with a trigger or a form of a table that imagewire did not make: either may run SQL.
  ///
  /// - Parameter isNewer: whether the file says that a newer version made it, and may have columns that we do not know.
  private static func refuseChanged(_ connection: TableConnection, isNewer: Bool = false, path: String) throws {
    let difference =
      try isNewer ? SchemaShape.foreignTrigger(in: connection) : SchemaShape.difference(in: connection)
    guard let difference else { return }
    throw StoreError.failed(
      message: "The database \(path) is not as imagewire makes it: it has \(difference). Nothing was sent or written.",
      hint: "Restore a copy of it, or choose another folder with --state-dir.")
  }

  /// Refuses a database that only newer versions may write.
  static func refuseNewer(_ connection: TableConnection, path: String) throws {
    func fact(_ name: String) -> Int64 {
      (try? connection.integer("SELECT value FROM meta WHERE name = ?", name)) ?? .max
    }
    let needed = max(fact("min_writer"), fact("min_reader"))
    guard needed > Schema.version else { return }
    throw StoreError.failed(
      message: """
        The database \(path) was written by a newer imagewire: it needs table version \
        \(needed == .max ? "unknown" : String(needed)), this one knows \(Schema.version). It was left as it is.
        """,
      hint: "Update this imagewire, or choose another folder with --state-dir.")
  }

  // MARK: Creating

  /// Creates an empty database. Only with the exclusive lock, since the change to write-ahead mode ignores the busy timeout;
  /// Sources/Storage/README.md, "Traps".
  private func create() throws {
    let path = tablePath
    if FileStatus(of: path) == nil {
      // Created here for its mode, whatever the umask; SQLite gives its log the same. It is new, so no lock of SQLite's
      // is lost when this descriptor is closed.
      let file = try Descriptor(making: path)
      fchmod(file.number, 0o600)
      try FileSystem.syncFolder(directory)
    }
    guard let status = FileStatus(of: path) else { throw SystemError(code: ENOENT) }
    let connection = try TableConnection(path: path)
    // Set while the file is empty: changing it later would rewrite the whole file.
    try connection.script("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
    try Schema.configure(connection)
    try Schema.migrate(connection, home: home(of: status))
    if !isMarked {
      try lock.write(Array("imagewire\n".utf8).span)
      try lock.sync()
    }
  }

  /// Sets a damaged database aside together with its log, which may hold commits that the file lacks.
  private func setAside(_ reason: String) throws {
    let old = tablePath
    let stamp = timestamp(now)
    var folder = "\(directory)/broken-\(stamp)"
    var name = "predictions-\(stamp).db"
    var count = 1
    while FileStatus(of: folder) != nil || FileStatus(of: "\(directory)/\(name)") != nil {
      count += 1
      folder = "\(directory)/broken-\(stamp)-\(count)"
      name = "predictions-\(stamp)-\(count).db"
    }
    try FileSystem.makeFolder(folder)
    // The new name comes first: after a crash the old files may remain, but no database without its log is in use.
    try FileSystem.replace(directory + "/current", with: name)
    for suffix in ["", "-wal", "-shm"] where FileStatus(of: old + suffix) != nil {
      try FileSystem.rename(old + suffix, to: "\(folder)/predictions.db\(suffix)")
    }
    try FileSystem.syncFolder(folder)
    try FileSystem.syncFolder(directory)
    notice(
      """
      The database \(old) was damaged (\(reason)) and is now in \(folder). A new one was created: idempotency keys, \
      unfinished work and the record of what was sent from the old one are not protected any more.
      """)
  }

  /// Takes over a copied or restored database. Its queued predictions end unsent: the original may have sent them since.
  private func takeOverCopy(_ database: PredictionDatabase) throws {
    guard let status = FileStatus(of: database.path) else { throw SystemError(code: ENOENT) }
    let connection = try TableConnection(path: database.path)
    try Schema.configure(connection)
    try connection.script("BEGIN IMMEDIATE")
    // Predictions in `sending` are left to recovery: no process holds their owner's lock here, so they become ambiguous.
    let queued = try connection.readableRows(
      PredictionRow.selectWhole + " WHERE p.phase = 'queued' OR p.refs = 1 AND p.status = 'created'", list: []
    ) { row throws(TableError) in
      try PredictionRow.whole(row)
    }
    for prediction in queued {
      try PredictionRow.update(try prediction.applying(.interrupted, by: nil, at: now), in: connection)
    }
    try Schema.set("home", home(of: status), in: connection)
    try connection.script("COMMIT")
    if !queued.isEmpty {
      notice(
        "The database \(database.path) was copied or moved; \(queued.count) queued predictions in it were ended unsent."
      )
    }
  }

  /// The disk, file and machine of a database.
  private func home(of status: FileStatus) -> String {
    let machine =
      FileSystem.read("/etc/machine-id", followsLink: true).map { String(decoding: $0.prefix(32), as: UTF8.self) } ?? ""
    return "\(status.identity.device) \(status.identity.number) \(machine)"
  }
}

/// `20261123-123456`, UTC.
private func timestamp(_ milliseconds: Int64) -> String {
  var seconds = time_t(milliseconds / 1000)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  let numbers = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
  let digits = numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }
  return digits[0] + digits[1] + digits[2] + "-" + digits[3] + digits[4] + digits[5]
}
