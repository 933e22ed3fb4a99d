/// Why bytes are not JSON, and where.
public struct JSONError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Reason: Sendable, Equatable {
    /// The text ends inside a value.
    case unexpectedEnd
    /// A byte that cannot stand here.
    case unexpectedByte(UInt8)
    /// Something other than white space after the value.
    case trailingBytes
    /// A string with bytes that are not UTF-8.
    case invalidUTF8
    /// An escape that RFC 8259 section 7 does not know.
    case invalidEscape
    /// A control character below U+0020 that should have been escaped.
    case unescapedControl
    /// A number RFC 8259 section 6 does not allow: `01`, `1.`, `+1`, `NaN`.
    case invalidNumber
    /// Arrays and objects nested deeper than the limit.
    case tooDeep(limit: Int)
    /// More values than the reader allows.
    case tooManyValues
  }

  /// What is wrong.
  public let reason: Reason
  /// The byte where it was noticed, counted from 0.
  public let offset: Int

  /// Names a fault at a byte.
  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}
