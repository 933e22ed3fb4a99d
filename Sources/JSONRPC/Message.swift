public import JSON

/// A call: a method with its params.
public struct Request: Sendable {
  /// The name of the method.
  public let method: String
  /// An array or an object; `nil` where it is absent or `null`.
  public let params: JSONValue?
  /// The id, or `nil` for a notification. An id of `null` is an id.
  public let id: RequestID?

  /// A call. Public so that handlers can be tested without a connection.
  public init(method: String, params: JSONValue? = nil, id: RequestID? = nil) {
    self.method = method
    self.params = params
    self.id = id
  }
}

/// The answer to a request that the program sent.
public struct Response: Sendable {
  /// The id of that request.
  public let id: RequestID
  /// Its result; `nil` where the answer is an error or invalid, or longer than `Response.longest`.
  public let result: JSONValue?

  /// Bytes of the longest result that is read: the program asks only short questions.
  public static let longest = 65_536

  /// An answer. Public so that handlers can be tested without a connection.
  public init(id: RequestID, result: JSONValue?) {
    self.id = id
    self.result = result
  }
}

/// A decoded message.
enum Message: Sendable {
  case request(Request, RequestID)
  case notification(Request)
  /// A response; `nil` where its id cannot be one of ours. It is never answered, because answering could loop without end.
  case response(Response?)
  /// An invalid message, answered with an error under this id or under null.
  case refused(RPCError, RequestID?)
  case batch([Message])
}

extension JSONWriter {
  /// Writes a response with a result. A body that writes nothing means `null`.
  ///
  /// It has no further members: Emacs' jsonrpc.el fails on any.
  mutating func response(to id: RequestID?, result body: (inout JSONWriter) -> Void) {
    beginResponse(to: id)
    piece(",\"result\":")
    valueOrNull(body)
    endObject()
  }

  /// Writes a response with an error; without an id it says `"id":null`.
  mutating func response(to id: RequestID?, error: RPCError) {
    beginResponse(to: id)
    piece(",\"error\":")
    beginObject()
    name("code")
    value(error.code)
    name("message")
    value(error.message)
    if let data = error.data {
      name("data")
      raw(data)
    }
    endObject()
    endObject()
  }

  /// Writes a notification.
  mutating func notification(_ method: String, params body: (inout JSONWriter) -> Void) {
    beginObject()
    name("jsonrpc")
    value("2.0")
    name("method")
    value(method)
    name("params")
    valueOrNull(body)
    endObject()
  }

  /// Writes a request.
  mutating func request(_ method: String, id: String, params body: (inout JSONWriter) -> Void) {
    beginObject()
    name("jsonrpc")
    value("2.0")
    name("id")
    value(id)
    name("method")
    value(method)
    name("params")
    valueOrNull(body)
    endObject()
  }

  private mutating func beginResponse(to id: RequestID?) {
    piece("{\"jsonrpc\":\"2.0\",\"id\":")
    if let id { raw(id.token) } else { null() }
  }

  /// Writes `null` where the body writes nothing, so that the message stays valid.
  private mutating func valueOrNull(_ body: (inout JSONWriter) -> Void) {
    let before = bytes.count
    body(&self)
    if bytes.count == before { null() }
  }
}
