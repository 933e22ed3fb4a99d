internal import HTTP
internal import Encoding
internal import JSON
internal import Predictions

/// The body of a reply, one JSON object or a stream of events. Unreadable parts are skipped.
struct OpenAIResponse: Sendable {
  /// An error of the server.
  struct Problem: Sendable, Equatable {
    var message: String
    var type: String
    var code: String?
    var parameter: String?
  }

  /// The final images, in order.
  private(set) var outputs: [RemoteOutput] = []
  /// The error in the place of images.
  private(set) var error: Problem?
  /// Whether it is an answer of this API.
  private(set) var isReadable = false

  init(_ body: [UInt8]) {
    if let object = (try? JSONValue(parsing: body))?.object {
      isReadable = object["data"]?.array != nil || object["error"] != nil
      outputs = (object["data"]?.array ?? []).compactMap(Self.output)
      error = Self.problem(in: object)
      return
    }
    var events = EventStream()
    for event in events.append(body.span) + events.finish() { take(event) }
  }

  /// The error object of a refusal; `nil` where there is none.
  static func error(in body: [UInt8]) -> Problem? {
    (try? JSONValue(parsing: body))?.object.flatMap(problem)
  }

  private mutating func take(_ event: EventStream.Event) {
    guard let object = (try? JSONValue(parsing: event.data))?.object else { return }
    let type = object["type"]?.string ?? event.name
    if type.hasSuffix(".completed") {
      isReadable = true
      if let output = Self.output(.object(object)) { outputs.append(output) }
    } else if let problem = Self.problem(in: object) {
      isReadable = true
      error = problem
    }
  }

  /// `b64_json`, or `url` with a URL or a data URI.
  static func output(_ value: JSONValue) -> RemoteOutput? {
    if let text = value["b64_json"]?.string, !text.isEmpty {
      if let uri = DataURI(text) { return .bytes(uri.bytes, FormatHint(mediaType: uri.mediaType)) }
      guard let bytes = Base64.decode(Array(text.utf8).span), !bytes.isEmpty else { return nil }
      return .bytes(bytes)
    }
    guard let url = value["url"]?.string else { return nil }
    if let uri = DataURI(url) { return .bytes(uri.bytes, FormatHint(mediaType: uri.mediaType)) }
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("https://") || start.hasPrefix("http://") ? .location(url) : nil
  }

  /// OpenAI's `error`, FastAPI's `detail`, or a bare `message`.
  private static func problem(in object: JSONObject) -> Problem? {
    let error = object["error"]
    let detail = object["detail"]
    let first = detail?.array?.first
    let text =
      error?["message"]?.string ?? error?.string ?? detail?.string ?? first?["msg"]?.string
      ?? (object["data"] == nil ? object["message"]?.string : nil)
    guard let text else { return nil }
    let path = first?["loc"]?.array?.last?.string
    return Problem(
      message: text, type: error?["type"]?.string ?? "",
      code: error?["code"].flatMap { $0.string ?? $0.number?.spelling }, parameter: error?["param"]?.string ?? path)
  }
}
