internal import CPostgreSQL

/// The answer to a statement.
public final class PostgreSQLRows {
  private let result: OpaquePointer

  init(_ result: OpaquePointer) { self.result = result }

  deinit { pg_clear(result) }

  /// How many rows it has.
  public var count: Int32 { pg_rows(result) }

  /// The server's name for what the statement did: `COMMIT`, or `ROLLBACK` where a COMMIT came too late.
  public var tag: String { String(cString: pg_tag(result)) }

  /// How many rows the statement changed.
  public var changed: Int { Int(pg_changed(result)) }

  /// Whether a cell is NULL.
  public func isNull(_ row: Int32, _ column: Int32) -> Bool { pg_is_null(result, row, column) }

  /// An integer or a Boolean; 0 where it is NULL.
  public func integer(_ row: Int32, _ column: Int32) -> Int64 { pg_integer(result, row, column) }

  /// The bytes of a text or a `bytea`, valid as long as this object; none where it is NULL.
  public func bytes(_ row: Int32, _ column: Int32) -> UnsafeBufferPointer<UInt8> {
    guard let start = pg_bytes(result, row, column) else { return UnsafeBufferPointer(start: nil, count: 0) }
    return UnsafeBufferPointer(
      start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: Int(pg_length(result, row, column)))
  }
}
