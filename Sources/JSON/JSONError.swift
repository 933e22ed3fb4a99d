/// Why bytes are not JSON, and where.
public struct JSONError: Error, Equatable, Sendable {
  /// The kind of fault.
  public enum Reason: Sendable, Equatable {
    /// The text ends inside a value.
    case unexpectedEnd
    /// A byte that JSON does not allow here.
    case unexpectedByte(UInt8)
    /// Something other than white space after the value.
    case trailingBytes
    /// A string that is not UTF-8.
    case invalidUTF8
    /// An escape that RFC 8259 section 7 does not define.
    case invalidEscape
    /// A control character below U+0020 that is not escaped.
    case unescapedControl
    /// A number RFC 8259 section 6 does not allow: `01`, `1.`, `+1`, `NaN`.
    case invalidNumber
    /// Arrays and objects nested deeper than the limit.
    case tooDeep(limit: Int)
    /// More values than the reader allows.
    case tooManyValues
  }

  /// The kind of fault.
  public let reason: Reason
  /// The offset of the byte where it was found.
  public let offset: Int

  /// A fault at an offset.
  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}
