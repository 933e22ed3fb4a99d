public import JSON

/// The `error` member of a response.
public struct RPCError: Error, Sendable, Equatable {
  /// JSON-RPC's own codes, or the application's outside -32768…-32000.
  public let code: Int
  /// One short sentence.
  public let message: String
  /// The bytes of one JSON value with details; `nil` for none.
  public let data: [UInt8]?

  /// - Parameter data: exactly one JSON value.
  public init(code: Int, message: String, data: [UInt8]? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  /// - Parameter data: writes exactly one JSON value.
  public init(code: Int, message: String, data: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(reserving: 128)
    data(&writer)
    self.init(code: code, message: message, data: writer.bytes)
  }

  /// The bytes are not JSON (JSON-RPC 2.0 section 5.1).
  public static let parseError = RPCError(code: -32700, message: "Parse error") {
    $0.reason("parse_error", retryable: false, hint: "The message is not JSON, or its frame is broken.")
  }
  /// The JSON is not a request (JSON-RPC 2.0 section 5.1).
  public static let invalidRequest = RPCError(code: -32600, message: "Invalid Request") {
    $0.reason(
      "invalid_request", retryable: false,
      hint: #"A request has "jsonrpc": "2.0", a method that is a string, and params that are an object or an array."#)
  }
  /// There is no such method (JSON-RPC 2.0 section 5.1).
  public static let methodNotFound = RPCError(code: -32601, message: "Method not found") {
    $0.reason("method_not_found", retryable: false, hint: "rpc.discover returns all methods.")
  }

  /// A handler released a reply without answering: a bug, reported so that the client stops waiting.
  static let unanswered = RPCError(code: -32603, message: "Internal error") {
    $0.reason("internal", retryable: false)
  }

  /// A message over the limit.
  static func messageTooLong(limit: Int) -> RPCError {
    RPCError(code: -32600, message: "Invalid Request") {
      $0.reason("invalid_request", retryable: false, hint: "The message is longer than \(limit) bytes.", limit: limit)
    }
  }

  /// A batch over the limit.
  static func batchTooLong(limit: Int) -> RPCError {
    RPCError(code: -32600, message: "Invalid Request") {
      $0.reason("invalid_request", retryable: false, hint: "The batch has more than \(limit) members.", limit: limit)
    }
  }

  /// Params over the limit.
  static func tooManyValues(limit: Int) -> RPCError {
    RPCError(code: -32600, message: "Invalid Request") {
      $0.reason("invalid_request", retryable: false, hint: "Its params hold more than \(limit) values.", limit: limit)
    }
  }

  /// An id over the limit.
  static func idTooLong(limit: Int) -> RPCError {
    RPCError(code: -32602, message: "Invalid params: the id is longer than \(limit) bytes") {
      $0.reason("invalid_params", retryable: false, limit: limit, path: "id")
    }
  }
}

extension JSONWriter {
  /// Writes the `data` object of an error.
  fileprivate mutating func reason(
    _ type: String, retryable: Bool, hint: String? = nil, limit: Int? = nil, path: String? = nil
  ) {
    beginObject()
    name("type")
    value(type)
    name("retryable")
    value(retryable)
    if let hint {
      name("hint")
      value(hint)
    }
    if let limit {
      name("limit")
      value(limit)
    }
    if let path {
      name("path")
      value(path)
    }
    endObject()
  }
}
