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

/// An error of SQLite, with its extended code.
struct SQLiteError: Error, Equatable {
  var code: Int32
  var message: String

  /// The code without its extension.
  var primary: Int32 { code & 0xFF }

  /// A cell holds a value that no version writes.
  static func damaged(_ what: String) -> SQLiteError {
    SQLiteError(code: damagedCell, message: "its \(what) cannot be read")
  }

  /// `SQLITE_CORRUPT` with an extension that SQLite does not use: one row cannot be read, the file is sound.
  private static let damagedCell: Int32 = SQLITE_CORRUPT | 0xFF << 8

  /// Whether only one row cannot be read.
  var isDamagedRow: Bool { code == Self.damagedCell }

  /// The error with the name of the row.
  func of(_ id: PredictionID) -> SQLiteError {
    isDamagedRow ? SQLiteError(code: code, message: "prediction \(id): \(message)") : self
  }
}

/// A value of a cell or a parameter.
enum SQLiteValue: Equatable {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
}

/// One connection, for one thread at a time.
///
/// It keeps its prepared statements to itself, and resets each before a call returns: a statement that is not reset pins
/// the log; Sources/Storage/README.md, "Traps".
final class SQLiteConnection {
  private let handle: OpaquePointer
  private var statements: [StatementText: OpaquePointer] = [:]
  /// When the wait for another writer began, in milliseconds, and how long it waits between attempts.
  private var waitingSince: Int64 = 0
  private var pauses = LockPauses()
  /// Pages in the log since it was last started over, as of the last commit of this connection.
  fileprivate(set) var logPages = 0

  /// Opens an existing file. Nothing is read yet.
  init(path: String) throws(SQLiteError) {
    _ = Self.isConfigured
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle else {
      let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
      sqlite3_close_v2(handle)
      throw SQLiteError(code: extended, message: message)
    }
    self.handle = handle
    guard imagewire_sqlite3_defend(handle) == SQLITE_OK else {
      sqlite3_close_v2(handle)
      throw SQLiteError(code: SQLITE_MISUSE, message: "the system's SQLite has no defensive mode")
    }
    sqlite3_extended_result_codes(handle, 1)
    // The pointer stays valid: this object closes the handle before it is freed.
    sqlite3_busy_handler(handle, { letWait($0, $1) }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Configures the library once, before its first use.
  private static let isConfigured = imagewire_sqlite3_without_statistics() == SQLITE_OK

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  // MARK: Statements

  /// Runs a statement to its end.
  ///
  /// - Returns: how many rows it inserted, changed or deleted.
  @discardableResult
  func run(_ sql: String, _ values: any SQLiteBindable...) throws(SQLiteError) -> Int {
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    while try step(statement) {}
    return Int(sqlite3_changes64(handle))
  }

  /// Every row of a query. The body reads cells; it runs no statement.
  func rows<Value>(
    _ sql: String, _ values: any SQLiteBindable..., body: (borrowing SQLiteRow) throws(SQLiteError) -> Value
  ) throws(SQLiteError) -> [Value] {
    try rows(sql, list: values, body: body)
  }

  /// Every row of a query with a list of parameters.
  func rows<Value>(
    _ sql: String, list values: [any SQLiteBindable], body: (borrowing SQLiteRow) throws(SQLiteError) -> Value
  ) throws(SQLiteError) -> [Value] {
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    var found: [Value] = []
    while try step(statement) { found.append(try body(SQLiteRow(statement: statement))) }
    return found
  }

  /// The rows of a query that can be read; those with a damaged cell are left out, and `doctor` names them.
  ///
  /// - Parameter limit: how many at most.
  func readableRows<Value>(
    _ sql: String, list values: [any SQLiteBindable], atMost limit: Int = .max,
    body: (borrowing SQLiteRow) throws(SQLiteError) -> Value
  ) throws(SQLiteError) -> [Value] {
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    var found: [Value] = []
    while found.count < limit, try step(statement) {
      do throws(SQLiteError) {
        found.append(try body(SQLiteRow(statement: statement)))
      } catch {
        guard error.isDamagedRow else { throw error }
      }
    }
    return found
  }

  /// The first row of a query, if it has one.
  func first<Value>(
    _ sql: String, _ values: any SQLiteBindable..., body: (borrowing SQLiteRow) throws(SQLiteError) -> Value
  ) throws(SQLiteError) -> Value? {
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    guard try step(statement) else { return nil }
    return try body(SQLiteRow(statement: statement))
  }

  /// The first cell of the first row, as an integer; 0 where there is no row or it is NULL.
  func integer(_ sql: String, _ values: any SQLiteBindable...) throws(SQLiteError) -> Int64 {
    let statement = try prepared(sql, values)
    defer { finish(statement) }
    guard try step(statement) else { return 0 }
    return SQLiteRow(statement: statement).integer(0)
  }

  /// Runs statements without parameters, for schema and settings.
  func script(_ sql: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Whether a transaction is open. SQLite ends one by itself after some failures.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

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
    sqlite3_db_release_memory(handle)
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

  private func prepared(_ sql: String, _ values: [any SQLiteBindable]) throws(SQLiteError) -> OpaquePointer {
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
      let code = Self.bind(value.sqliteValue, to: statement, at: Int32(index + 1))
      guard code == SQLITE_OK else {
        finish(statement)
        throw failure(code)
      }
    }
    return statement
  }

  private static func bind(_ value: SQLiteValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
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

  private func step(_ statement: OpaquePointer) throws(SQLiteError) -> Bool {
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

  private func failure(_ code: Int32) -> SQLiteError {
    SQLiteError(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }
}

/// The text of a statement as a key. Its hash is its length: there are few statements, their texts are long, and hardly two
/// are equally long. Comparing a text with itself takes no time.
private struct StatementText: Hashable {
  let sql: String

  func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
}

/// The current row of a query; valid until the next step.
struct SQLiteRow: ~Copyable {
  fileprivate let statement: OpaquePointer

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// An integer for arithmetic. Throws where it is out of range, which only a damaged database can cause.
  func integer(
    _ column: Int32, in range: ClosedRange<Int64>, _ what: String
  ) throws(SQLiteError) -> Int64 {
    let value = integer(column)
    guard range.contains(value) else { throw .damaged(what) }
    return value
  }

  func integerIfAny(
    _ column: Int32, in range: ClosedRange<Int64>, _ what: String
  ) throws(SQLiteError) -> Int64? {
    isNull(column) ? nil : try integer(column, in: range, what)
  }

  /// Milliseconds since 1970, clamped to `CellRange.moment`.
  func moment(_ column: Int32) -> Int64 {
    min(max(integer(column), CellRange.moment.lowerBound), CellRange.moment.upperBound)
  }

  func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    // SQLite knows the length of the text only after it has converted the cell.
    let length = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
  }

  func blob(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// Passes the bytes of a text to `body`; `nil` where the cell is NULL.
  func lend<Value>(
    _ column: Int32, to body: (borrowing Span<UInt8>) throws(SQLiteError) -> Value
  ) throws(SQLiteError) -> Value? {
    guard let start = sqlite3_column_text(statement, column) else { return nil }
    return try body(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))).span)
  }

  func integerIfAny(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

  func textIfAny(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

  func blobIfAny(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }
}

/// Ranges of cells, so that no arithmetic on them overflows.
enum CellRange {
  /// The key: 48 bits of time and 12 random bits.
  static let sequence: ClosedRange<Int64> = 0...(1 << 60 - 1)
  /// The other 62 bits of an id.
  static let lowBits: ClosedRange<Int64> = 0...(1 << 62 - 1)
  /// Milliseconds since 1970, to the end of the year 9999.
  static let moment: ClosedRange<Int64> = 0...253_402_300_799_999
  /// Millionths of a dollar: a billion dollars, as `Money.micros`.
  static let micros: ClosedRange<Int64> = -1_000_000_000_000_000...1_000_000_000_000_000
  /// Counters.
  static let count: ClosedRange<Int64> = 0...(1 << 53)
  /// A side of an image in pixels.
  static let pixels: ClosedRange<Int64> = 0...(1 << 31 - 1)
  /// Which output, from 1.
  static let outputs: ClosedRange<Int64> = 1...(1 << 31 - 1)
}

/// A value that can be a parameter.
protocol SQLiteBindable {
  var sqliteValue: SQLiteValue { get }
}

extension Int64: SQLiteBindable {
  var sqliteValue: SQLiteValue { .integer(self) }
}

extension Int: SQLiteBindable {
  var sqliteValue: SQLiteValue { .integer(Int64(self)) }
}

extension String: SQLiteBindable {
  var sqliteValue: SQLiteValue { .text(self) }
}

extension [UInt8]: SQLiteBindable {
  var sqliteValue: SQLiteValue { .blob(self) }
}

extension Optional: SQLiteBindable where Wrapped: SQLiteBindable {
  var sqliteValue: SQLiteValue { self?.sqliteValue ?? .null }
}

private func letWait(_ connection: UnsafeMutableRawPointer?, _ attempt: Int32) -> Int32 {
  guard let connection else { return 0 }
  return Unmanaged<SQLiteConnection>.fromOpaque(connection).takeUnretainedValue().waitForWriter(attempt: attempt)
    ? 1 : 0
}

private func noteLogPages(_ connection: UnsafeMutableRawPointer?, _ pages: Int32) -> Int32 {
  guard let connection else { return SQLITE_OK }
  Unmanaged<SQLiteConnection>.fromOpaque(connection).takeUnretainedValue().logPages = Int(pages)
  return SQLITE_OK
}
