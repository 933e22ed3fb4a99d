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

/// Finds the table of a state directory, or makes it, with everybody else who may be doing the same.
///
/// The lock on `table.lock` decides: shared to use a table, alone to make one, to set a broken one aside, or to settle
/// in with a copied one. Nobody waits for it while holding it, so nobody deadlocks.
struct DatabaseOpener {
  private let directory: String
  private let notice: (String) -> Void
  private let now: Int64
  private let lock: Descriptor

  /// How long to hope for the lock, in milliseconds. A copied table in which others live already is theirs to settle.
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

  /// Opens the table in a directory, which is made where it is missing.
  static func open(
    _ directory: String, now: Int64, notice: @escaping (String) -> Void
  ) throws(StoreError) -> PredictionDatabase {
    let opening: DatabaseOpener
    do {
      // Below it, a table of ours would look broken to SQLite.
      guard sqlite3_libversion_number() >= 3_037_000 else {
        throw StoreError.failed(
          message: "The system's SQLite \(String(cString: sqlite3_libversion())) is too old.",
          hint: "3.37 or later is needed.")
      }
      try FileSystem.makeFolder(directory)
      // Another user could put a prediction into it that saves where this user may write. Folders that root made for its
      // users are their own affair.
      if let owner = FileStatus(of: directory)?.owner, owner != geteuid(), owner != 0 {
        throw StoreError.failed(
          message: "\(directory) belongs to another user (uid \(owner)), so its table is not used.",
          hint: "Choose a folder of your own with --state-dir, or chown it.")
      }
      guard !FileSystem.isOnNetwork(directory) else {
        throw StoreError.failed(
          message: "\(directory) is on a network or FUSE file system, where the table would not be safe.",
          hint: "Use --state-dir with a folder on a local disk; outputs may lie anywhere.")
      }
      opening = try DatabaseOpener(directory: directory, now: now, notice: notice)
    } catch {
      throw StoreError(error, at: directory)
    }
    return try opening.open()
  }

  // MARK: Who may do what

  /// What the file turned out to be.
  private enum Finding {
    /// Ours, whole, and made for a version that we know.
    case usable(PredictionDatabase, isAtHome: Bool)
    /// Not there yet.
    case absent
    /// Ours, and unreadable.
    case broken(String)
  }

  private func open() throws(StoreError) -> PredictionDatabase {
    let start = monotonicMilliseconds()
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
        // Others may come in between and look: they find nothing to do.
        lock.unlock()
        continue
      }
      guard monotonicMilliseconds() - start < Self.patience(for: finding) else { break }
      pauses.sleep()
    }
    let others = OwnerLock.living(in: directory)
    let who = others.isEmpty ? "Another imagewire" : "Another imagewire, \(others.joined(separator: ", ")),"
    switch finding {
    // A copy that somebody lives in is at home there.
    case .usable(let database, _) where lock.lock(LOCK_SH): return database
    case .broken(let reason):
      throw .failed(
        message: "The table \(tablePath) is damaged (\(reason)). \(who) is using it, so it was left as it is.",
        hint: "Stop every imagewire that uses it and start again; the damaged table is then set aside.")
    default:
      throw .failed(message: "\(who) is using \(directory) and did not let go for 5 seconds.", hint: "Try again.")
    }
  }

  /// With nobody else there: does what is missing.
  private func makeUsable() throws(StoreError) {
    do {
      switch try examine() {
      case .usable(_, isAtHome: true): break
      case .usable(let database, isAtHome: false): try settleIn(database)
      case .absent: try create()
      case .broken(let reason):
        try setAside(reason)
        try create()
      }
    } catch {
      throw StoreError(error, at: tablePath)
    }
  }

  // MARK: Looking

  /// `predictions.db`, unless a file set aside made another the current one.
  private var tablePath: String {
    let name = FileSystem.read(directory + "/current").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let isName = !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name.utf8.first != UInt8(ascii: ".")
    return "\(directory)/\(isName ? name : "predictions.db")"
  }

  /// Whether a table of ours has been here: what is unreadable now is then ours to set aside, and not somebody's file.
  private var isMarked: Bool { (FileStatus(of: lock)?.bytes ?? 0) > 0 }

  private func examine() throws(StoreError) -> Finding {
    let path = tablePath
    guard let status = FileStatus(of: path), status.bytes > 0 else { return .absent }
    do {
      let connection = try SQLiteConnection(path: path)
      // Until it is known to be ours, not a byte of it changes.
      connection.checkpointsOnClose(false)
      let mark = try connection.integer("PRAGMA application_id")
      let version = try connection.integer("PRAGMA user_version")
      if mark == 0, version == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 { return .absent }
      guard mark == Schema.applicationID else { throw Self.foreign(path) }
      // A newer shape may not even be readable to us; that does not make it broken.
      if version > Schema.version { try Self.refuseNewer(connection, path: path) }
      if version < Schema.version { try Self.migrate(connection, at: path, in: directory, home: home(of: status)) }
      // One transaction, so that the file is locked once and not for each of them.
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
    } catch let error as SQLiteError {
      switch error.primary {
      case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR:
        // SQLITE_ERROR: a table or column that our version has is not there.
        guard isMarked else { throw Self.foreign(path) }
        return .broken(error.message)
      default: throw StoreError(error, at: path)
      }
    } catch {
      throw StoreError(error, at: path)
    }
  }

  /// Brings an older table up to date, as the only writer. A trigger that is not ours may run meanwhile: what it did is
  /// rolled back.
  private static func migrate(
    _ connection: SQLiteConnection, at path: String, in directory: String, home: String
  ) throws {
    let writerLock = try WriterLock(in: directory)
    guard writerLock.acquire() else { throw StoreError.locked(directory) }
    defer { writerLock.release() }
    try Schema.migrate(connection, home: home) { try refuseChanged($0, path: path) }
  }

  private static func foreign(_ path: String) -> StoreError {
    .failed(
      message: "\(path) is not a table of imagewire; it was left as it is.",
      hint: "Move it elsewhere, or choose another folder with --state-dir.")
  }

  /// Refuses a table whose file would run code that is not ours, or keeps rows otherwise than we do.
  ///
  /// - Parameter isNewer: whether the file says that a newer version made it, and may have columns that we do not know.
  private static func refuseChanged(_ connection: SQLiteConnection, isNewer: Bool = false, path: String) throws {
    let difference =
      try isNewer ? SchemaShape.foreignTrigger(in: connection) : SchemaShape.difference(in: connection)
    guard let difference else { return }
    throw StoreError.failed(
      message: "The table \(path) is not as imagewire makes it: it has \(difference). Nothing was sent or written.",
      hint: "Restore a copy of it, or choose another folder with --state-dir.")
  }

  /// Refuses a table that only a newer version may write.
  static func refuseNewer(_ connection: SQLiteConnection, path: String) throws {
    func fact(_ name: String) -> Int64 {
      (try? connection.integer("SELECT value FROM meta WHERE name = ?", name)) ?? .max
    }
    let needed = max(fact("min_writer"), fact("min_reader"))
    guard needed > Schema.version else { return }
    throw StoreError.failed(
      message: """
        The table \(path) was written by a newer imagewire: it needs table version \
        \(needed == .max ? "unknown" : String(needed)), this one knows \(Schema.version). It was left as it is.
        """,
      hint: "Update this imagewire, or choose another folder with --state-dir.")
  }

  // MARK: Doing

  /// Makes an empty database, with the lock alone, since the change to write-ahead mode ignores the busy timeout;
  /// Sources/Storage/README.md, "Traps".
  private func create() throws {
    let path = tablePath
    if FileStatus(of: path) == nil {
      // By us, for its mode, whatever the umask; SQLite gives the log the same. New, so no lock of SQLite's is on it.
      let file = try Descriptor(making: path)
      fchmod(file.number, 0o600)
      try FileSystem.syncFolder(directory)
    }
    guard let status = FileStatus(of: path) else { throw SystemError(code: ENOENT) }
    let connection = try SQLiteConnection(path: path)
    // Before anything is in it: whether the file can give space back cannot be changed later without rewriting it.
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
    // First the new name: a crash from here on leaves old files behind, but no half of the old table in use.
    try FileSystem.replace(directory + "/current", with: name)
    for suffix in ["", "-wal", "-shm"] where FileStatus(of: old + suffix) != nil {
      try FileSystem.rename(old + suffix, to: "\(folder)/predictions.db\(suffix)")
    }
    try FileSystem.syncFolder(folder)
    try FileSystem.syncFolder(directory)
    notice(
      """
      The table \(old) was damaged (\(reason)) and is now in \(folder). A new one was begun: idempotency keys, \
      unfinished work and the record of what was sent from the old one are not protected any more.
      """)
  }

  /// Makes a copied or restored table ours. What was queued in it belongs to the original, which may have sent it since.
  private func settleIn(_ database: PredictionDatabase) throws {
    guard let status = FileStatus(of: database.path) else { throw SystemError(code: ENOENT) }
    let connection = try SQLiteConnection(path: database.path)
    try Schema.configure(connection)
    try connection.script("BEGIN IMMEDIATE")
    // What was being sent needs nothing here: its owner's lock is not held in a copy, so recovery takes it over as doubt.
    let queued = try connection.readableRows(PredictionRow.selectWhole + " WHERE p.phase = 'queued'", list: []) {
      row throws(SQLiteError) in
      try PredictionRow.whole(row)
    }
    for prediction in queued {
      try PredictionRow.update(try prediction.applying(.interrupted, by: nil, at: now), in: connection)
    }
    try Schema.set("home", home(of: status), in: connection)
    try connection.script("COMMIT")
    if !queued.isEmpty {
      notice(
        "The table \(database.path) was copied or moved; \(queued.count) queued predictions in it were ended unsent.")
    }
  }

  /// Which disk, file and machine a table is on.
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
