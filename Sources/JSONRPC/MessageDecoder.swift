internal import JSON

/// Decodes the envelope of a message from its bytes, and builds values of `params` only.
///
/// Decisions that JSON-RPC 2.0 leaves open: schemas/README.md, "Requests and ids".
struct MessageDecoder: Sendable {
  let limits: Limits

  /// Never fails: bytes that are not JSON are a message that is answered with -32700.
  func decode(_ bytes: borrowing Span<UInt8>) -> Message {
    do {
      var scanner = JSONScanner()
      scanner.valuesLeft = limits.messageValues
      let message =
        scanner.peek(in: bytes) == UInt8(ascii: "[")
        ? try batch(&scanner, in: bytes) : try single(&scanner, depth: 0, in: bytes)
      try scanner.expectEnd(in: bytes)
      return message
    } catch {
      return .refused(.parseError, nil)
    }
  }

  /// Decodes all members before the first is handled: a batch that is not JSON as a whole gets one error.
  private func batch(_ scanner: inout JSONScanner, in bytes: borrowing Span<UInt8>) throws(JSONError) -> Message {
    var members: [Message] = []
    var count = 0
    try scanner.expect(UInt8(ascii: "["), in: bytes)
    if scanner.accept(UInt8(ascii: "]"), in: bytes) { return .refused(.invalidRequest, nil) }
    repeat {
      count += 1
      if count <= limits.batchMembers {
        members.append(try single(&scanner, depth: 1, in: bytes))
      } else {
        // Checked, because the rest might not be JSON, but not stored.
        members = []
        try skipValue(&scanner, depth: 1, in: bytes)
      }
    } while scanner.accept(UInt8(ascii: ","), in: bytes)
    try scanner.expect(UInt8(ascii: "]"), in: bytes)
    if count > limits.batchMembers { return .refused(.batchTooLong(limit: limits.batchMembers), nil) }
    return .batch(members)
  }

  /// The members of a message read so far.
  private struct Envelope {
    var isVersion2 = false
    var hasMethod = false
    var method: String?
    var params: JSONValue?
    var id = ID.absent
    /// Whether its params hold more values than the limit.
    var isTooLarge = false
    var isAnswer = false
    var hasError = false
    /// Where the result of an answer is.
    var result: Range<Int>?

    enum ID {
      case absent
      case tooLong
      case illegal
      case legal(RequestID)
    }
  }

  private func single(
    _ scanner: inout JSONScanner, depth: Int, in bytes: borrowing Span<UInt8>
  ) throws(JSONError) -> Message {
    guard scanner.peek(in: bytes) == UInt8(ascii: "{") else {
      try skipValue(&scanner, depth: depth, in: bytes)
      return .refused(.invalidRequest, nil)
    }
    // The depth of the members includes these braces.
    var inner = JSONScanner(at: scanner.position, depth: depth + 1)
    inner.valuesLeft = scanner.valuesLeft
    try inner.expect(UInt8(ascii: "{"), in: bytes)
    var envelope = Envelope()
    if !inner.accept(UInt8(ascii: "}"), in: bytes) {
      repeat {
        try member(&inner, of: &envelope, in: bytes)
      } while inner.accept(UInt8(ascii: ","), in: bytes)
      try inner.expect(UInt8(ascii: "}"), in: bytes)
    }
    scanner = JSONScanner(at: inner.position, depth: depth)
    scanner.valuesLeft = inner.valuesLeft
    return message(envelope, in: bytes)
  }

  private func skipValue(
    _ scanner: inout JSONScanner, depth: Int, in bytes: borrowing Span<UInt8>
  ) throws(JSONError) {
    var inner = JSONScanner(at: scanner.position, depth: depth)
    inner.valuesLeft = scanner.valuesLeft
    try inner.skipValue(in: bytes)
    scanner = JSONScanner(at: inner.position, depth: depth)
    scanner.valuesLeft = inner.valuesLeft
  }

  /// Of two members with one name the last wins, as in `JSONObject`.
  private func member(
    _ scanner: inout JSONScanner, of envelope: inout Envelope, in bytes: borrowing Span<UInt8>
  ) throws(JSONError) {
    let name = try scanner.name(in: bytes)
    if name.has("jsonrpc", in: bytes) {
      envelope.isVersion2 = try text(&scanner, in: bytes)?.has("2.0", in: bytes) ?? false
    } else if name.has("id", in: bytes) {
      envelope.id = try id(&scanner, in: bytes)
    } else if name.has("method", in: bytes) {
      envelope.hasMethod = true
      envelope.method = try text(&scanner, in: bytes)?.string(in: bytes)
    } else if name.has("params", in: bytes) {
      try params(&scanner, of: &envelope, in: bytes)
    } else {
      let isResult = name.has("result", in: bytes)
      if isResult || name.has("error", in: bytes) { envelope.isAnswer = true }
      let token = try scanner.skipValue(in: bytes)
      if isResult { envelope.result = token } else if name.has("error", in: bytes) { envelope.hasError = true }
    }
  }

  /// Params with too many values are checked to their end, because the id may follow, but not built.
  private func params(
    _ scanner: inout JSONScanner, of envelope: inout Envelope, in bytes: borrowing Span<UInt8>
  ) throws(JSONError) {
    var attempt = scanner
    do throws(JSONError) {
      envelope.params = try attempt.value(in: bytes)
      scanner = attempt
    } catch {
      guard error.reason == .tooManyValues else { throw error }
      envelope.isTooLarge = true
      try scanner.skipValue(in: bytes)
      scanner.valuesLeft = 0
    }
  }

  /// A string; `nil` for a value of another kind.
  private func text(_ scanner: inout JSONScanner, in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONText? {
    if scanner.peek(in: bytes) == UInt8(ascii: "\"") { return try scanner.text(in: bytes) }
    try scanner.skipValue(in: bytes)
    return nil
  }

  private func id(_ scanner: inout JSONScanner, in bytes: borrowing Span<UInt8>) throws(JSONError) -> Envelope.ID {
    let token = try scanner.skipValue(in: bytes)
    switch bytes[token.lowerBound] {
    case UInt8(ascii: "\""):
      guard token.count - 2 <= limits.idBytes else { return .tooLong }
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard token.count <= limits.idBytes else { return .tooLong }
    case UInt8(ascii: "n"):
      break
    default:
      return .illegal
    }
    let text = bytes.withUnsafeBufferPointer {
      String(decoding: UnsafeBufferPointer(rebasing: $0[token]), as: UTF8.self)
    }
    return .legal(RequestID(checked: text))
  }

  private func message(_ envelope: Envelope, in bytes: borrowing Span<UInt8>) -> Message {
    if !envelope.hasMethod, envelope.isAnswer { return response(envelope, in: bytes) }
    let id: RequestID?
    switch envelope.id {
    case .absent: id = nil
    case .legal(let legal): id = legal
    case .illegal: return .refused(.invalidRequest, nil)
    // Answered under null, because the reply must not repeat an id that is too long.
    case .tooLong: return .refused(.idTooLong(limit: limits.idBytes), nil)
    }
    if envelope.isTooLarge { return .refused(.tooManyValues(limit: limits.messageValues), id) }
    guard envelope.isVersion2, let method = envelope.method else { return .refused(.invalidRequest, id) }
    let params: JSONValue?
    switch envelope.params {
    case nil, .null: params = nil
    case .array, .object: params = envelope.params
    case .bool, .number, .string: return .refused(.invalidRequest, id)
    }
    let request = Request(method: method, params: params, id: id)
    return id.map { .request(request, $0) } ?? .notification(request)
  }

  private func response(_ envelope: Envelope, in bytes: borrowing Span<UInt8>) -> Message {
    guard case .legal(let id) = envelope.id else { return .response(nil) }
    guard envelope.isVersion2, !envelope.hasError, let range = envelope.result, range.count <= Response.longest else {
      return .response(Response(id: id, result: nil))
    }
    let text = bytes.extracting(range).withUnsafeBufferPointer { Array($0) }
    return .response(Response(id: id, result: try? JSONValue(parsing: text)))
  }
}
