internal import CSQLite
internal import PostgreSQL

/// The current row of a query; valid until the next step.
struct TableRow: ~Copyable {
  private let statement: OpaquePointer?
  private let answer: PostgreSQLRows?
  private let index: Int32

  init(_ statement: OpaquePointer) {
    self.statement = statement
    answer = nil
    index = 0
  }

  init(_ answer: PostgreSQLRows, _ index: Int32) {
    statement = nil
    self.answer = answer
    self.index = index
  }

  /// A cell of SQLite as it is.
  func cell(_ column: Int32) -> TableCell {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: .integer(integer(column))
    case SQLITE_TEXT: .text(text(column))
    case SQLITE_BLOB: .blob(blob(column))
    default: .null
    }
  }

  func isNull(_ column: Int32) -> Bool {
    answer?.isNull(index, column) ?? (sqlite3_column_type(statement, column) == SQLITE_NULL)
  }

  func integer(_ column: Int32) -> Int64 {
    answer?.integer(index, column) ?? sqlite3_column_int64(statement, column)
  }

  /// An integer for arithmetic. Throws where it is out of range, which only a damaged database can cause.
  func integer(
    _ column: Int32, in range: ClosedRange<Int64>, _ what: String
  ) throws(TableError) -> Int64 {
    let value = integer(column)
    guard range.contains(value) else { throw .damaged(what) }
    return value
  }

  func integerIfAny(
    _ column: Int32, in range: ClosedRange<Int64>, _ what: String
  ) throws(TableError) -> Int64? {
    isNull(column) ? nil : try integer(column, in: range, what)
  }

  /// Milliseconds since 1970, clamped to `CellRange.moment`.
  func moment(_ column: Int32) -> Int64 {
    min(max(integer(column), CellRange.moment.lowerBound), CellRange.moment.upperBound)
  }

  func text(_ column: Int32) -> String {
    if let answer { return String(decoding: answer.bytes(index, column), as: UTF8.self) }
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    // SQLite knows the length of the text only after it has converted the cell.
    let length = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
  }

  func blob(_ column: Int32) -> [UInt8] {
    if let answer { return Array(answer.bytes(index, column)) }
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// Passes the bytes of a text to `body`; `nil` where the cell is NULL.
  func lend<Value>(
    _ column: Int32, to body: (borrowing Span<UInt8>) throws(TableError) -> Value
  ) throws(TableError) -> Value? {
    if let answer { return answer.isNull(index, column) ? nil : try body(answer.bytes(index, column).span) }
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
