public import JSON

/// The id of a request, as the bytes in which it was sent.
///
/// Clients match replies by type and spelling: `1`, `1.0` and `"1"` are three ids, and `9007199254740993` must not be
/// answered as `…992`. Two ids are equal if they have the same type and the same spelling or code points.
public struct RequestID: Sendable, Hashable {
  /// The JSON token as it was sent. A `String`, because one of up to 15 bytes allocates nothing.
  let token: String

  /// - Parameter token: a JSON string, number or null.
  init(checked token: String) {
    self.token = token
  }

  /// The id that a JSON value is; `nil` for a boolean, an array or an object.
  public init?(_ value: JSONValue) {
    switch value {
    case .null, .number, .string: token = value.text
    case .bool, .array, .object: return nil
    }
  }

  /// The id as a value.
  public var value: JSONValue {
    // The token was checked when it was read, so this does not fail.
    (try? JSONValue(parsing: token)) ?? .null
  }

  /// The same spelling for all equal ids: the token, without the escapes of a string.
  private var canonical: String {
    token.utf8.contains(UInt8(ascii: "\\")) ? value.text : token
  }

  /// Whether both have the same type and the same digits or code points.
  public static func == (one: RequestID, other: RequestID) -> Bool {
    one.canonical.hasSameCodePoints(as: other.canonical)
  }

  /// By bytes, like `==`: the hash of a Swift string follows canonical equivalence.
  public func hash(into hasher: inout Hasher) {
    var canonical = canonical
    canonical.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
