internal import HTTP
internal import Encoding
internal import JSON
internal import Predictions

/// The body of a reply: one JSON value, a stream of events, or the file itself. Unreadable parts are skipped.
struct OpenAIResponse: Sendable {
  /// An error of the server.
  struct Problem: Sendable, Equatable {
    var message: String
    var type: String
    var code: String?
    var parameter: String?
    /// Further words of the server for its kind: an inner code, a status, reasons.
    var marks: [String] = []
  }

  /// The final images, in order. Beside one that can be read, what cannot is kept as JSON.
  private(set) var outputs: [RemoteOutput] = []
  /// The error in the place of images.
  private(set) var error: Problem?
  /// What it says beside the images, as JSON text of one object: `usage`, and the `revised_prompt` of the first image that has
  /// one. `nil` where it says neither; what is too long is left out.
  var providerData: [UInt8]? {
    var object = JSONObject()
    for (name, value) in [("usage", usage), ("revised_prompt", revisedPrompt.map { .string($0) })] {
      guard let value else { continue }
      var longer = object
      longer[name] = value
      if JSONValue.object(longer).serialized.count <= Self.longestData { object = longer }
    }
    return object.isEmpty ? nil : JSONValue.object(object).serialized
  }

  private var usage: JSONValue?
  private var revisedPrompt: String?
  /// In bytes.
  private static let longestData = 16 << 10

  /// Whether it says by itself that there is no image: an error, or an empty list.
  private(set) var hasNone = false

  /// - Parameter isWhole: whether all of it arrived. A part of a file is no image; a stream of events may hold one before its
  ///   end.
  init(_ body: [UInt8], isWhole: Bool = true) {
    if Self.isFile(body) {
      if isWhole { outputs = [.bytes(body)] }
      return
    }
    if let value = try? JSONValue(parsing: body) {
      let object = value.object
      let images = Self.images(in: value)
      outputs = Self.outputs(of: images)
      note(value)
      revisedPrompt = images.lazy.compactMap { $0["revised_prompt"]?.string }.first
      let refused = outputs.isEmpty ? Self.problem(ofAll: images) : nil
      error = Self.problem(in: value) ?? refused
      hasNone = outputs.isEmpty && (object?["error"] != nil || images.isEmpty && object != nil || refused != nil)
      return
    }
    var events = EventStream()
    for event in events.append(body.span) + events.finish() { take(event) }
    hasNone = outputs.isEmpty && error != nil
  }

  /// The error object of a refusal; `nil` where there is none.
  static func error(in body: [UInt8]) -> Problem? {
    (try? JSONValue(parsing: body)).flatMap(problem)
  }

  /// Whether a refusal says that it cost money: xAI bills images that its moderation holds back.
  static func isBilled(_ body: [UInt8]) -> Bool {
    ((try? JSONValue(parsing: body))?["usage"]?["cost_in_usd_ticks"]?.int64 ?? 0) > 0
  }

  private mutating func take(_ event: EventStream.Event) {
    guard let object = (try? JSONValue(parsing: event.data))?.object else { return }
    let type = object["type"]?.string ?? event.name
    if OpenAIDialect.imageEvents.contains(where: type.hasSuffix) {
      if let output = Self.output(.object(object)) { outputs.append(output) }
      note(.object(object))
    } else if let problem = Self.problem(in: .object(object)) {
      error = problem
    }
  }

  private mutating func note(_ answer: JSONValue) {
    if let value = answer["usage"], value.object?.isEmpty == false { usage = value }
    if let text = answer["revised_prompt"]?.string { revisedPrompt = revisedPrompt ?? text }
  }

  /// Whether a body is the file itself (vLLM-Omni with `response_format: file`): a known signature, or bytes that are no text.
  /// Decided by the bytes alone, because they are all that is stored.
  static func isFile(_ body: [UInt8]) -> Bool {
    switch FileFormat(head: body).kind {
    case .image, .vector, .video, .audio, .model, .archive: true
    case .text, .json: false
    case .other: body.prefix(FileFormat.headBytes).contains { $0 < 0x09 }
    }
  }

  /// The members that hold images: OpenAI's, and that of servers with other habits.
  private static let lists = ["data", "images"]

  /// The images of an answer: in `data` or `images`, as a list or as one; or the answer is the list or the image.
  private static func images(in value: JSONValue) -> [JSONValue] {
    if let elements = value.array { return elements }
    let inner = value.object.flatMap { object in lists.compactMap { object[$0] }.first { !$0.isNull } }
    return inner.map(images(in:)) ?? [value]
  }

  private static func outputs(of images: [JSONValue]) -> [RemoteOutput] {
    let read = images.map(output)
    guard read.contains(where: { $0 != nil }) else { return [] }
    return zip(images, read).compactMap { image, output in
      output ?? (image.isEmpty ? nil : .bytes(image.serialized, FormatHint(mediaType: FileFormat.json.mediaType)))
    }
  }

  /// `b64_json`, or `url` with a URL or a data URI; or one of them without a name.
  static func output(_ value: JSONValue) -> RemoteOutput? {
    if let text = value.string { return RemoteOutput(text: text) }
    if let text = value["b64_json"]?.string, !text.isEmpty {
      if let uri = DataURI(text) { return .bytes(uri.bytes, FormatHint(mediaType: uri.mediaType)) }
      guard let bytes = Base64.decodeLeniently(Array(text.utf8).span), !bytes.isEmpty else { return nil }
      return .bytes(bytes)
    }
    guard let url = value["url"]?.string else { return nil }
    return RemoteOutput(text: url) ?? reference(url)
  }

  /// An address that is relative to the base URL, or a path on the server's disk: `/v1/images/7/content`, `1.png`.
  private static func reference(_ text: String) -> RemoteOutput? {
    let text = text.trimmed
    let isPlain = !text.isEmpty && text.utf8.count <= 4_096 && !text.contains { $0.isWhitespace || $0 == "\\" }
    let isNamed = FileFormat.isExtension(FormatHint(address: text).fileExtension)
    guard isPlain, !text.prefix(while: { !"/?#".contains($0) }).contains(":"), text.hasPrefix("/") || isNamed else {
      return nil
    }
    return .location(text)
  }

  /// The problem where no image can be read, because all were refused one by one: Ark puts an error in the place of each, xAI a
  /// mark.
  private static func problem(ofAll images: [JSONValue]) -> Problem? {
    if !images.isEmpty, images.allSatisfy({ $0["error"]?.isEmpty == false }) { return images.first.flatMap(problem) }
    guard images.contains(where: { $0["respect_moderation"]?.bool == false }) else { return nil }
    return Problem(message: "", type: "", marks: ["moderation"])
  }

  /// OpenAI's `error`, FastAPI's `detail`, or a bare `message`. Gemini's stands in a list.
  private static func problem(in answer: JSONValue) -> Problem? {
    guard let object = (answer.array?.first ?? answer).object else { return nil }
    let error = object["error"]
    let detail = object["detail"]
    let first = detail?.array?.first ?? detail
    let plain = object["data"] == nil ? object["message"]?.string : nil
    let text =
      error?["message"]?.string ?? (error?.string == nil ? nil : plain) ?? error?.string ?? detail?.string
      ?? first?["msg"]?.string ?? first?["error"]?.string ?? (answer.array == nil ? plain : nil)
    guard let text else { return nil }
    let inner = error?["inner_error"] ?? error?["innererror"]
    let details = error?["details"]?.array ?? []
    let marks =
      [inner?["code"], error?["status"]].compactMap { $0?.string } + details.compactMap { $0["reason"]?.string }
      + (error?["metadata"]?["reasons"]?.array == nil ? [] : ["moderation"])
    let code = error?["code"] ?? (error?.string == text ? object["code"] : nil)
    return Problem(
      message: text, type: error?["type"]?.string ?? (error?.string == text ? "" : error?.string) ?? "",
      code: code.flatMap { $0.string ?? $0.number?.spelling },
      parameter: error?["param"]?.string ?? first?["loc"]?.array?.last?.string, marks: marks)
  }
}

extension JSONValue {
  /// Whether it says nothing: `null`, `""`, `[]`, `{}`.
  fileprivate var isEmpty: Bool {
    switch self {
    case .null: true
    case .string(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    case .object(let object): object.isEmpty
    case .bool, .number: false
    }
  }
}
