internal import Encoding
internal import PostgreSQL
internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The tables in a database of PostgreSQL, which the processes of many machines share.
///
/// One process writes at a time, as in a file: a transaction begins with an advisory lock that it holds until it ends. So every
/// rule that was proven for one writer holds for all machines; Sources/Storage/README.md, "PostgreSQL".
final class PostgreSQLDatabase: Database {
  let directory: String
  let name: String
  let salt: [UInt8]
  private let address: String
  /// This machine's state directory, as rows name it.
  private let machine: String
  private let watch: PostgreSQLWatch
  /// The server and its timeline; another one after a failover.
  private let home: Protected<String>
  private let notice: @Sendable (String) -> Void
  /// The newest change when this process last shortened the log of changes.
  private let forgottenBefore = Protected<Int64>(0)
  private let time: any TimeSource

  /// How long another machine's process counts as living after this one has connected, in milliseconds: a restart of the server ends
  /// all connections at once, and the living need that long to come back.
  private let grace: Int64

  /// Opens the tables; creates them where they are missing.
  ///
  /// - Throws: `StoreError.failed` where the server cannot be used, with what to change.
  init(
    _ address: String, directory: String, owner: String, time: any TimeSource, grace: Int64 = 15_000,
    notice: @escaping @Sendable (String) -> Void
  ) throws(StoreError) {
    do throws(SystemError) {
      try FileSystem.makeFolder(directory)
      machine = try MachineName.read(in: directory)
      watch = try PostgreSQLWatch(address, machine: machine, owner: owner)
    } catch {
      throw StoreError(error, at: directory)
    }
    self.address = address
    self.directory = directory
    self.time = time
    self.grace = grace
    self.notice = notice
    let server = try Self.connect(address, as: machine)
    name = "the PostgreSQL database \(server.place)"
    do throws(PostgreSQLError) {
      try Self.examine(server)
      let facts = try Self.prepare(server)
      guard let salt = facts["salt"].flatMap({ [UInt8](hexadecimal: $0.utf8) }) else {
        throw PostgreSQLError(refusal: "its salt is missing")
      }
      self.salt = salt
      home = Protected(try Self.home(of: server))
    } catch {
      throw StoreError(TableError(error), at: name)
    }
  }

  deinit { watch.stop() }

  var mark: [UInt8] { salt + Array(home.withLock { $0 }.utf8) }

  // MARK: Connecting

  private static func connect(_ address: String, as machine: String) throws(StoreError) -> PostgreSQLConnection {
    do throws(PostgreSQLError) {
      return try connection(address, as: machine)
    } catch {
      throw StoreError(TableError(error), at: "the PostgreSQL database of the setting store")
    }
  }

  /// A connection with the settings that every statement of ours needs.
  static func connection(_ address: String, as machine: String) throws(PostgreSQLError) -> PostgreSQLConnection {
    let deadline = MonotonicClock.milliseconds + PostgreSQLConnection.connectPatience
    let server = try PostgreSQLConnection(address)
    // A frozen process must not hold up all others: they wait longer than it may be silent.
    try server.script(
      """
      SET search_path TO imagewire, pg_temp; SET imagewire.machine TO '\(machine)';
      SET idle_in_transaction_session_timeout TO '5s'; SET lock_timeout TO '8s'; SET statement_timeout TO '15s';
      SET default_transaction_isolation TO 'read committed'; SET idle_session_timeout TO 0;
      SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2; SET tcp_keepalives_count TO 3;
      SET tcp_user_timeout TO 9000;
      SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply'
      """, atMost: max(1, deadline - MonotonicClock.milliseconds))
    return server
  }

  /// Refuses a server on which a commit could be lost or a lock could fail.
  private static func examine(_ server: PostgreSQLConnection) throws(PostgreSQLError) {
    func refuse(_ message: String) -> PostgreSQLError { PostgreSQLError(refusal: message) }
    guard server.serverVersion >= 140_000 else {
      throw refuse("its version \(server.serverVersion / 10_000) is too old; 14 or newer is needed")
    }
    let rows = try server.run(
      """
      SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
        current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
        current_setting('server_encoding') = 'UTF8'
      """)
    guard rows.integer(0, 0) == server.backend else {
      throw refuse(
        "a pooler (such as pgbouncer) stands before it, and locks do not hold there; give the server's own address")
    }
    guard rows.integer(0, 1) == 0 else {
      throw refuse("it is a standby, which cannot be written; give the primary's address")
    }
    guard rows.integer(0, 2) == 0 else { throw refuse("it is read-only; allow writing, or choose another database") }
    guard rows.integer(0, 3) == 1, rows.integer(0, 4) == 1 else {
      throw refuse("fsync or full_page_writes is off, so a crash of it could lose what was paid; set both to on")
    }
    guard rows.integer(0, 5) == 1 else {
      throw refuse("its encoding is not UTF8; create a database with the encoding UTF8")
    }
  }

  /// Creates the tables where they are missing, as the only writer.
  ///
  /// - Returns: `meta`.
  private static func prepare(_ server: PostgreSQLConnection) throws(PostgreSQLError) -> [String: String] {
    func facts() throws(PostgreSQLError) -> [String: String] {
      // Not by `to_regclass`: it may still know, inside a transaction, that there was no table before.
      let isThere = try server.run(
        """
        SELECT EXISTS(SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = 'imagewire' AND c.relname = 'meta')
        """)
      guard isThere.integer(0, 0) == 1 else { return [:] }
      let rows = try server.run("SELECT name, value FROM imagewire.meta")
      var facts: [String: String] = [:]
      for row in 0..<rows.count {
        facts[String(decoding: rows.bytes(row, 0), as: UTF8.self)] = String(decoding: rows.bytes(row, 1), as: UTF8.self)
      }
      return facts
    }
    var known = try facts()
    if known.isEmpty {
      try server.script("BEGIN; SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.writerLock))")
      // Another process may have made them meanwhile.
      if try facts().isEmpty {
        try server.script(
          """
          \(PostgreSQLSchema.creation);
          INSERT INTO meta VALUES('salt', '\([UInt8].random(16).hexadecimal)'), ('home', '\(try home(of: server))'),
            ('version', '\(PostgreSQLSchema.version)'), ('min_writer', '1'), ('min_reader', '1')
          """)
      }
      try server.script("COMMIT")
      known = try facts()
    }
    let needed = max(Int64(known["min_writer"] ?? "") ?? .max, Int64(known["min_reader"] ?? "") ?? .max)
    guard needed <= PostgreSQLSchema.version else {
      throw PostgreSQLError(refusal: "a newer imagewire made its tables; update this one, or choose another database")
    }
    return known
  }

  /// The server, its timeline, which changes with each promotion of a standby, and the database, which a copy has another one of.
  private static func home(of server: PostgreSQLConnection) throws(PostgreSQLError) -> String {
    let rows = try server.run(
      """
      SELECT (SELECT system_identifier FROM pg_control_system())::text || ' ' ||
        left(pg_walfile_name(pg_current_wal_lsn()), 8) || ' ' ||
        (SELECT oid FROM pg_database WHERE datname = current_database())::text
      """)
    return String(decoding: rows.bytes(0, 0), as: UTF8.self)
  }

  // MARK: Database

  func connect() throws(StoreError) -> TableConnection {
    TableConnection(
      readingBy: ServerAccess(
        connect: { [address, machine] () throws(PostgreSQLError) in try Self.connection(address, as: machine) },
        fault: { [watch] in watch.fault }))
  }

  func connectToWrite() throws(StoreError) -> TableConnection {
    do throws(PostgreSQLError) {
      let server = try Self.connection(address, as: machine)
      try Self.examine(server)
      let now = try Self.home(of: server)
      home.withLock { $0 = now }
      return TableConnection(writingTo: server)
    } catch {
      throw StoreError(TableError(error), at: name)
    }
  }

  func verify() throws(StoreError) {}

  func turns() throws(StoreError) -> WriterLock? { nil }

  func begin(_ connection: TableConnection, for owner: String, _ registration: TableWriter.Registration) throws {
    guard watch.hold() else {
      throw StoreError.failed(
        message: "The connection to \(name) that shows others that this process lives is lost.",
        hint: "It is tried again every second; nothing is sent until then.")
    }
    // Sent together: one round trip.
    try connection.run("BEGIN")
    try connection.run("SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.writerLock))")
    // Each statement after the lock sees what was committed before it.
    let home = home.withLock { $0 }
    let facts = try connection.first(
      """
      SELECT (SELECT value::bigint FROM meta WHERE name = 'min_writer'), EXISTS(SELECT 1 FROM owners WHERE owner = ?1),
        (SELECT value FROM meta WHERE name = 'home'), EXISTS(SELECT 1 FROM meta WHERE name = 'safe_failover'),
        current_setting('synchronous_standby_names') <> '', (SELECT coalesce(max(change), 0) FROM changes)
      """, owner
    ) {
      (
        minimum: $0.integer(0), isKnown: $0.integer(1) != 0, home: $0.text(2), wasConfirmed: $0.integer(3) != 0,
        isConfirmed: $0.integer(4) != 0, newest: $0.integer(5)
      )
    }
    guard let facts, facts.minimum <= PostgreSQLSchema.version else {
      throw StoreError.failed(
        message: "A newer imagewire has changed \(name).", hint: "Update this imagewire. Nothing was written.")
    }
    let isLong = forgottenBefore.withLock { forgotten in
      guard facts.newest - forgotten >= 1_000 else { return false }
      forgotten = facts.newest
      return true
    }
    if isLong { try PredictionRow.forgetChanges(before: facts.newest, in: connection) }
    if !facts.isKnown {
      try connection.run(
        "INSERT INTO owners(owner, pid, version, started_ms) VALUES(?, ?, ?, ?) ON CONFLICT(owner) DO NOTHING",
        owner, registration.pid, registration.version, registration.startedAt)
    }
    if facts.home != home {
      // A promotion keeps the server's identifier and the database. A database that is older than what this process has seen has
      // lost commits.
      let (old, new) = (facts.home.split(separator: " "), home.split(separator: " "))
      let isPromoted = old.first == new.first && old.last == new.last
      let isWhole = facts.wasConfirmed && isPromoted && facts.newest >= watch.newestChange
      try moveIn(to: home, isWhole: isWhole, on: connection)
    }
    if facts.isConfirmed != facts.wasConfirmed {
      try connection.run(
        facts.isConfirmed
          ? "INSERT INTO meta(name, value) VALUES('safe_failover', 'true')"
          : "DELETE FROM meta WHERE name = 'safe_failover'")
    }
  }

  /// After a failover to a standby, or the restoration of a copy, once for all processes. Where no standby confirmed each commit, the
  /// newest may be missing, so what seems to be queued may have been sent: it ends unsent. What seems to be sent is settled by its
  /// owner, or searched for.
  private func moveIn(to home: String, isWhole: Bool, on connection: TableConnection) throws {
    let now = time.now.wall
    if isWhole {
      // Those that wait for outputs of others are at home where they were accepted.
      try connection.run("UPDATE predictions SET home = ? WHERE refs = 1 AND status = 'created'", home)
      try connection.run("UPDATE meta SET value = ? WHERE name = 'home'", home)
      return notice("\(name) has another server now. A standby had confirmed each commit, so none is lost.")
    }
    let queued = try connection.readableRows(
      PredictionRow.selectWhole + " WHERE p.phase = 'queued' OR p.refs = 1 AND p.status = 'created'", list: []
    ) { row throws(TableError) in try PredictionRow.whole(row) }
    for prediction in queued {
      try PredictionRow.update(try prediction.applying(.interrupted, by: nil, at: now), in: connection)
    }
    try connection.run("UPDATE meta SET value = ? WHERE name = 'home'", home)
    notice(
      """
      \(name) has another server or was restored: commits of the last moments may be lost. \
      \(queued.count) queued predictions were ended unsent.
      """)
  }

  func examine(
    _ owner: String, isRegistered: Bool, on connection: TableConnection
  ) throws(TableError) -> OwnerLock.Liveness {
    // The kernel of this machine knows of its own processes at once, unless the directory is a copy of another machine's.
    let isNear = try isNear(owner, connection)
    let near = isNear ? OwnerLock.examine(owner, in: directory, isRegistered: isRegistered) : .dead(.withoutFile)
    guard case .dead = near else { return .alive }
    guard isNear || watch.age.map({ $0 >= grace }) == true else { return .alive }
    // The server may take a moment to see that a process has died whose kernel is this one.
    for attempt in 0...(isNear ? 10 : 0) {
      if attempt > 0 { usleep(20_000) }
      let key = PostgreSQLWatch.key(of: owner)
      if try connection.integer("SELECT pg_try_advisory_xact_lock(?)", key) != 0 { return near }
    }
    return .alive
  }

  /// Whether it is a process of this machine, with the same state directory.
  private func isNear(_ owner: String, _ connection: TableConnection) throws(TableError) -> Bool {
    try connection.integer("SELECT EXISTS(SELECT 1 FROM owners WHERE owner = ? AND machine = ?)", owner, machine) != 0
  }

  func isStalled(_ owner: String, now: Int64, on connection: TableConnection) throws(TableError) -> Bool {
    if try isNear(owner, connection) { return OwnerLock.isStalled(owner, in: directory, now: now) }
    let key = PostgreSQLWatch.key(of: owner)
    return try connection.integer(
      """
      SELECT EXISTS(SELECT 1 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND (l.classid::bigint << 32 | l.objid::bigint) = ? AND a.state_change < clock_timestamp() - interval '60 s')
      """, key) != 0
  }

  func hasChanged() -> Bool? { watch.takeChange() }

  func whenOthersCommit(_ body: @escaping @Sendable () -> Void) { watch.whenOthersCommit(body) }

  func listen() { watch.start() }

  var isSeenAlive: Bool { watch.age != nil }

  func commit(_ connection: TableConnection) throws(TableError) {
    watch.noteChange(newest: try connection.commit())
    // By itself: inside the transaction it would make commits of the whole server wait for each other.
    connection.announce("SELECT pg_notify('imagewire', '')")
  }

  /// The server keeps no log that a later process could empty.
  func requestScrubbing(on connection: TableConnection) throws(TableError) {}

  func leave() { watch.stop() }
}
