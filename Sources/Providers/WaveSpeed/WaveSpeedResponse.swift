internal import HTTP
internal import JSON

/// An answer of the service, read as leniently as its many shapes ask for: `{code, message, data}`, the bare object, or
/// an error in one of several dialects. What is missing or odd is `nil` and spoils nothing else.
struct WaveSpeedResponse {
  /// The HTTP status; where it is 2xx and the envelope has another `code`, the status that the code means.
  let status: Int
  /// Whether the service itself answered, and not a gateway.
  let isOwn: Bool
  /// The object under `data`, or the whole answer where it has no envelope.
  let object: JSONObject?
  /// The list under `data`.
  let list: [JSONValue]?
  /// The error message.
  let message: String?
  /// The most specific error code.
  let code: String?

  /// The largest number of values in an answer. The list of all models has a tenth of it.
  static let mostValues = 1_000_000

  /// `nil` where the body is not a JSON object: HTML, empty, cut short or beyond the bounds.
  init?(_ response: HTTPResponse) {
    guard let root = try? JSONValue(parsing: response.body, atMost: Self.mostValues), case .object(let whole) = root
    else { return nil }
    let outer = whole["code"]?.int64
    let isBare = whole["data"]?.object == nil && (whole["id"]?.string != nil || whole["status"]?.string != nil)
    object = isBare ? whole : whole["data"]?.object
    list = whole["data"]?.array
    isOwn = isBare || outer != nil
    if !isBare, (200..<300).contains(response.status), let outer, outer != 0, outer != 200 {
      // A code of the service's own table is not an HTTP status, and says nothing certain.
      status = (100..<600).contains(outer) ? Int(outer) : 500
    } else {
      status = response.status
    }
    message = Self.message(in: whole) ?? object.flatMap(Self.message)
    let inner = object?["code"]?.int64
    code =
      whole["error_code"].flatMap { $0.string ?? $0.number?.spelling }
      ?? inner.flatMap { $0 == 0 || $0 == 200 ? nil : String($0) }
      ?? outer.flatMap { $0 == 0 || $0 == 200 ? nil : String($0) }
  }

  /// The prediction's id, if it may stand in a path.
  var id: String? {
    object?["id"]?.string.flatMap { WaveSpeed.isValidID($0) ? $0 : nil }
  }

  /// `message`, `error`, `detail` or `errors`, as a string or inside an object or array.
  private static func message(in object: JSONObject) -> String? {
    for name in ["message", "error", "detail", "errors"] {
      guard let value = object[name] else { continue }
      let first = value.array?.first ?? value
      if let text = first.string ?? first["message"]?.string ?? first["msg"]?.string, !text.isEmpty { return text }
    }
    return nil
  }
}
