internal import CSQLite
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

/// One connection to the tables, for one thread at a time: to a file of SQLite, or to a server of PostgreSQL. Both run the same
/// statements; `dialect` has what they spell differently.
///
/// It keeps SQLite's prepared statements to itself, and resets each before a call returns: a statement that is not reset pins
/// the log; Sources/Storage/README.md, "Traps".
final class TableConnection {
  /// What the two databases spell differently.
  let dialect: SQLDialect
  private let handle: OpaquePointer?
  private var server: PostgreSQLConnection?
  /// How a connection that reads is made anew. One that writes has none, since a lost transaction must not go on.
  private let access: ServerAccess?
  private var statements: [StatementText: OpaquePointer] = [:]
  /// When the wait for another writer began, in milliseconds, and how long it waits between attempts.
  private var waitingSince: Int64 = 0
  private var pauses = LockPauses()
  /// Pages in the log since it was last started over, as of the last commit of this connection.
  fileprivate(set) var logPages = 0

  /// Opens an existing file. Nothing is read yet.
  init(path: String) throws(TableError) {
    _ = Self.isConfigured
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle else {
      let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
      sqlite3_close_v2(handle)
      throw TableError(code: extended, message: message)
    }
    self.handle = handle
    dialect = .sqlite
    server = nil
    access = nil
    guard imagewire_sqlite3_defend(handle) == SQLITE_OK else {
      sqlite3_close_v2(handle)
      throw TableError(code: SQLITE_MISUSE, message: "the system's SQLite has no defensive mode")
    }
    sqlite3_extended_result_codes(handle, 1)
    // The pointer stays valid: this object closes the handle before it is freed.
    sqlite3_busy_handler(handle, { letWait($0, $1) }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// A connection to a server that writes.
  init(writingTo server: PostgreSQLConnection) {
    handle = nil
    self.server = server
    access = nil
    dialect = .postgreSQL
  }

  /// A connection to a server that only reads. It is made at its first use.
  init(readingBy access: ServerAccess) {
    handle = nil
    server = nil
    self.access = access
    dialect = .postgreSQL
  }

  /// Configures the library once, before its first use.
  private static let isConfigured = imagewire_sqlite3_without_statistics() == SQLITE_OK

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  // MARK: Statements

  /// Runs a statement whose rows nobody needs. To a server it is only sent: its error comes with the next statement that has an
  /// answer, or with `settle`.
  func run(_ sql: String, _ values: any TableBindable...) throws(TableError) {
    try run(sql, list: values)
  }

  /// The same with a list of parameters.
  func run(_ sql: String, list values: [any TableBindable]) throws(TableError) {
    if let server {
      do throws(PostgreSQLError) {
        return try server.send(sql, values.map(\.parameter))
      } catch {
        throw TableError(error)
      }
    }
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    while try step(statement) {}
  }

  /// Waits for the outcome of what was run.
  func settle() throws(TableError) {
    do throws(PostgreSQLError) { try server?.settle() } catch { throw TableError(error) }
  }

  /// Runs a statement.
  ///
  /// - Returns: how many rows it inserted, changed or deleted.
  func changed(by sql: String, _ values: any TableBindable...) throws(TableError) -> Int {
    if isOfServer { return try ask(sql, values).changed }
    try run(sql, list: values)
    return Int(sqlite3_changes64(handle))
  }

  /// Every row of a query. The body reads cells; it runs no statement.
  func rows<Value>(
    _ sql: String, _ values: any TableBindable..., body: (borrowing TableRow) throws(TableError) -> Value
  ) throws(TableError) -> [Value] {
    try rows(sql, list: values, body: body)
  }

  /// Every row of a query with a list of parameters.
  func rows<Value>(
    _ sql: String, list values: [any TableBindable], body: (borrowing TableRow) throws(TableError) -> Value
  ) throws(TableError) -> [Value] {
    var found: [Value] = []
    if isOfServer {
      let answer = try ask(sql, values)
      for index in 0..<answer.count { found.append(try body(TableRow(answer, index))) }
      return found
    }
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    while try step(statement) { found.append(try body(TableRow(statement))) }
    return found
  }

  /// The rows of a query that can be read; those with a damaged cell are left out, and `doctor` names them.
  ///
  /// - Parameter limit: how many at most.
  func readableRows<Value>(
    _ sql: String, list values: [any TableBindable], atMost limit: Int = .max,
    body: (borrowing TableRow) throws(TableError) -> Value
  ) throws(TableError) -> [Value] {
    var found: [Value] = []
    if isOfServer {
      // A few more, since some may be damaged.
      let bound = limit == .max ? "" : " LIMIT \(limit + 8)"
      let answer = try ask(sql + bound, values)
      for index in 0..<answer.count where found.count < limit {
        do throws(TableError) {
          found.append(try body(TableRow(answer, index)))
        } catch {
          guard error.isDamagedRow else { throw error }
        }
      }
      return found
    }
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    while found.count < limit, try step(statement) {
      do throws(TableError) {
        found.append(try body(TableRow(statement)))
      } catch {
        guard error.isDamagedRow else { throw error }
      }
    }
    return found
  }

  /// The first row of a query, if it has one.
  func first<Value>(
    _ sql: String, _ values: any TableBindable..., body: (borrowing TableRow) throws(TableError) -> Value
  ) throws(TableError) -> Value? {
    if isOfServer {
      let answer = try ask(sql, values)
      return answer.count == 0 ? nil : try body(TableRow(answer, 0))
    }
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    guard try step(statement) else { return nil }
    return try body(TableRow(statement))
  }

  /// The first cell of the first row, as an integer; 0 where there is no row or it is NULL.
  func integer(_ sql: String, _ values: any TableBindable...) throws(TableError) -> Int64 {
    if isOfServer {
      let answer = try ask(sql, values)
      return answer.count == 0 ? 0 : answer.integer(0, 0)
    }
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    guard try step(statement) else { return 0 }
    return TableRow(statement).integer(0)
  }

  /// Runs statements without parameters, for schema and settings.
  func script(_ sql: String) throws(TableError) {
    if isOfServer {
      do throws(PostgreSQLError) {
        guard let server else { throw PostgreSQLError(refusal: "the connection was closed") }
        return try server.script(sql)
      } catch {
        throw TableError(error)
      }
    }
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Ends the transaction. Throws where the server rolled it back instead, or said with a warning that a standby may lack it.
  ///
  /// - Returns: the number of the newest change, of a server.
  @discardableResult
  func commit() throws(TableError) -> Int64 {
    guard let server else {
      try run("COMMIT")
      return 0
    }
    do throws(PostgreSQLError) {
      return try server.commit(asking: "SELECT coalesce(max(change), 0) FROM changes")
    } catch {
      throw TableError(error)
    }
  }

  /// Runs a statement of a server by itself, without waiting for it.
  func announce(_ sql: String) { server?.announce(sql) }

  /// Whether a transaction is open. SQLite ends one by itself after some failures, and a lost connection has none.
  var isInTransaction: Bool {
    server.map { !$0.isLost && $0.isInTransaction } ?? (sqlite3_get_autocommit(handle) == 0)
  }

  /// Whether it can be used no more.
  var isLost: Bool { server?.isLost ?? false }

  private var isOfServer: Bool { dialect == .postgreSQL }

  /// Closes a connection that reads and that nobody needs for a while; the next statement opens it again.
  func hangUp() {
    if access != nil { server = nil }
  }

  private func ask(_ sql: String, _ values: [any TableBindable]) throws(TableError) -> PostgreSQLRows {
    let values = values.map(\.parameter)
    do throws(PostgreSQLError) {
      guard let access else {
        guard let server else { throw PostgreSQLError(refusal: "the connection was closed") }
        return try server.run(sql, values)
      }
      return try read(sql, values, by: access)
    } catch {
      throw TableError(error)
    }
  }

  /// Asks again by a new connection where the old one is lost: a question may be repeated.
  private func read(
    _ sql: String, _ values: [PostgreSQLValue], by access: ServerAccess
  ) throws(PostgreSQLError) -> PostgreSQLRows {
    if let fault = access.fault() { throw fault }
    if let server {
      let start = MonotonicClock.milliseconds
      do throws(PostgreSQLError) {
        return try server.run(sql, values, atMost: ServerAccess.patience)
      } catch {
        // A connection that was closed meanwhile shows it at once; a server that was silent would be so again.
        guard error.isLost, MonotonicClock.milliseconds - start < ServerAccess.patience / 5 else { throw error }
      }
    }
    server = nil
    let new = try access.connect()
    server = new
    return try new.run(sql, values, atMost: ServerAccess.patience)
  }

  // MARK: Settings outside SQL

  /// Keeps the log's file at its size, so that a full disk still takes the few pages a remote id needs.
  func keepLog() {
    var on: Int32 = 1
    sqlite3_file_control(handle, nil, SQLITE_FCNTL_PERSIST_WAL, &on)
  }

  /// Whether closing the last connection moves the log into the database.
  func checkpointsOnClose(_ on: Bool) {
    _ = imagewire_sqlite3_checkpoint_on_close(handle, on ? 1 : 0)
  }

  /// Frees the page cache.
  func forgetPages() {
    if let handle { sqlite3_db_release_memory(handle) }
  }

  /// Keeps `logPages` up to date. After `wal_autocheckpoint`, which uses the same hook.
  func countLogPages() {
    _ = sqlite3_wal_hook(handle, { noteLogPages($0, $3) }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Waits for a writer that does not know `WriterLock`, 5 s in all.
  fileprivate func waitForWriter(attempt: Int32) -> Bool {
    let now = MonotonicClock.milliseconds
    if attempt == 0 {
      waitingSince = now
      pauses = LockPauses()
    }
    guard now - waitingSince < 5_000 else { return false }
    pauses.sleep()
    return true
  }

  // MARK: Running

  private func prepared(_ sql: String, _ values: [any TableBindable]) throws(TableError) -> OpaquePointer {
    let statement: OpaquePointer
    if let known = statements[StatementText(sql: sql)] {
      statement = known
    } else {
      var new: OpaquePointer?
      let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &new, nil)
      guard code == SQLITE_OK, let new else { throw failure(code) }
      statement = new
      statements[StatementText(sql: sql)] = new
    }
    for (index, value) in values.enumerated() {
      let code = Self.bind(value.cell, to: statement, at: Int32(index + 1))
      guard code == SQLITE_OK else {
        finish(statement)
        throw failure(code)
      }
    }
    return statement
  }

  private static func bind(_ value: TableCell, to statement: OpaquePointer, at index: Int32) -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let integer): return sqlite3_bind_int64(statement, index, integer)
    case .text(var text):
      // Bound with its length, since it may contain NUL.
      return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          imagewire_sqlite3_bind_text(statement, index, $0.baseAddress, UInt64($0.count))
        }
      }
    // An empty array may have no address, and SQLite binds a null pointer as NULL.
    case .blob(let bytes) where bytes.isEmpty: return sqlite3_bind_zeroblob(statement, index, 0)
    case .blob(let bytes):
      return bytes.withUnsafeBytes { imagewire_sqlite3_bind_blob(statement, index, $0.baseAddress, UInt64($0.count)) }
    }
  }

  private func step(_ statement: OpaquePointer) throws(TableError) -> Bool {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw failure(code)
    }
  }

  private func finish(_ statement: OpaquePointer) {
    sqlite3_reset(statement)
    sqlite3_clear_bindings(statement)
  }

  private func failure(_ code: Int32) -> TableError {
    TableError(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }
}

/// The text of a statement as a key. Its hash is its length: there are few statements, their texts are long, and hardly two
/// are equally long. Comparing a text with itself takes no time.
private struct StatementText: Hashable {
  let sql: String

  func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
}

private func letWait(_ connection: UnsafeMutableRawPointer?, _ attempt: Int32) -> Int32 {
  guard let connection else { return 0 }
  return Unmanaged<TableConnection>.fromOpaque(connection).takeUnretainedValue().waitForWriter(attempt: attempt)
    ? 1 : 0
}

private func noteLogPages(_ connection: UnsafeMutableRawPointer?, _ pages: Int32) -> Int32 {
  guard let connection else { return SQLITE_OK }
  Unmanaged<TableConnection>.fromOpaque(connection).takeUnretainedValue().logPages = Int(pages)
  return SQLITE_OK
}
