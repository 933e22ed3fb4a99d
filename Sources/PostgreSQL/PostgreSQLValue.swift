/// A parameter of a statement.
public enum PostgreSQLValue: Sendable, Equatable {
  /// NULL.
  case null
  /// A `bigint`.
  case integer(Int64)
  /// A `text`. U+0000, which the server cannot hold, is sent as U+FFFD.
  case text(String)
  /// A `bytea`.
  case bytes([UInt8])
}

/// The parameters of a statement in binary form, one behind the other.
struct StatementParameters {
  var bytes: [UInt8] = []
  var types: [UInt32] = []
  /// Where each ends; `nil` for NULL.
  private var ends: [Int?] = []

  init(_ values: [PostgreSQLValue]) {
    for value in values {
      switch value {
      case .null: types.append(0)
      case .integer(let integer):
        types.append(20)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: integer >> shift)) }
      case .text(let text):
        types.append(25)
        for byte in text.utf8 { if byte == 0 { bytes += [0xEF, 0xBF, 0xBD] } else { bytes.append(byte) } }
      case .bytes(let blob):
        types.append(17)
        bytes += blob
      }
      ends.append(value == .null ? nil : bytes.count)
    }
    // An empty array may have no address, and that would be NULL.
    bytes.append(0)
  }

  /// Calls a body with the addresses of the values, their lengths and their formats.
  func withPointers(
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Bool
  ) -> Bool {
    bytes.withUnsafeBytes { all in
      var pointers: [UnsafePointer<CChar>?] = []
      var lengths: [Int32] = []
      var start = 0
      for end in ends {
        pointers.append(end == nil ? nil : all.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) })
        lengths.append(Int32(clamping: (end ?? start) - start))
        start = end ?? start
      }
      return body(pointers, lengths, [Int32](repeating: 1, count: ends.count))
    }
  }
}
