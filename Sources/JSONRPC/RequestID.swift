public import JSON

/// The id of a request, kept as the bytes it was sent as.
///
/// Clients match replies by type and spelling: `1`, `1.0` and `"1"` are three ids, and `9007199254740993` must not come
/// back as `…992`. Two ids are equal when they are the same kind and the same number spelling or code points.
public struct RequestID: Sendable, Hashable {
  /// The JSON token as it was sent. A `String`, because up to 15 bytes of one need no memory of their own.
  let token: String

  /// Takes a token that is known to be a JSON string, number or null.
  init(checked token: String) {
    self.token = token
  }

  /// The id a JSON value is; `nil` for a boolean, an array or an object, which are none.
  public init?(_ value: JSONValue) {
    switch value {
    case .null, .number, .string: token = value.text
    case .bool, .array, .object: return nil
    }
  }

  /// The id as a value.
  public var value: JSONValue {
    // The token was checked when it was read; null for one that was not is the id that fits none.
    (try? JSONValue(parsing: token)) ?? .null
  }

  /// One spelling for all that are the same id: the token, but with the escapes of a string undone where it has any.
  private var canonical: String {
    token.utf8.contains(UInt8(ascii: "\\")) ? value.text : token
  }

  /// Whether both are the same kind and have the same digits or code points.
  public static func == (one: RequestID, other: RequestID) -> Bool {
    one.canonical.hasSameCodePoints(as: other.canonical)
  }

  /// By bytes, as `==`: Swift's own hash of a string holds `é` equal to `e` with an accent.
  public func hash(into hasher: inout Hasher) {
    var canonical = canonical
    canonical.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
