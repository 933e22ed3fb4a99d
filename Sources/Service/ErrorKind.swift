internal import JSON
internal import JSONRPC
internal import Predictions

/// A kind of error that a call can be answered with: the only place where its code, its `data.type` and whether the same
/// call may succeed later are written. `RPCError(.queueFull, …)` makes an error of it, and the schemas are rendered from it.
public struct ErrorKind: Sendable {
  /// The code in the `error` object.
  let code: Int
  /// `data.type`.
  let type: String
  /// `data.retryable`; `nil` where each error of this kind decides.
  let isRetryable: Bool?
  /// When it comes, for people.
  let summary: String
  /// The optional fields of `data` beside `hint`.
  let details: [String]

  private init(_ code: Int, _ type: String, retryable: Bool?, _ summary: String, _ details: [String] = []) {
    self.code = code
    self.type = type
    isRetryable = retryable
    self.details = details
    self.summary = summary
  }

  // The errors of JSON-RPC 2.0, section 5.1. The target JSONRPC makes the first three, with the same words.
  static let parseError = ErrorKind(
    -32_700, "parse_error", retryable: false, "Parse error: the message is not JSON.")
  static let invalidRequest = ErrorKind(
    -32_600, "invalid_request", retryable: false,
    "Invalid Request: the JSON is not a request, or the message or the batch is too long.", ["limit"])
  static let methodNotFound = ErrorKind(-32_601, "method_not_found", retryable: false, "Method not found.")
  static let internalError = ErrorKind(-32_603, "internal", retryable: false, "A fault in imagewire.")

  static let shuttingDown = ErrorKind(
    -32_600, "shutting_down", retryable: false, "Invalid Request: requests after shutdown are refused.")
  static let invalidParams = ErrorKind(
    -32_602, "invalid_params", retryable: false, "A parameter is missing, unknown, of the wrong type or too long.",
    ["path", "limit"])
  /// The code is that of the LSP base protocol.
  static let requestCancelled = ErrorKind(
    -32_800, "request_cancelled", retryable: true, "The request was cancelled; the prediction goes on.")
  /// Only `tasks/result` of MCP answers with it, whose errors are in no schema.
  static let taskCancelled = ErrorKind(
    -32_800, "request_cancelled", retryable: false, "The task was cancelled.", ["id"])

  // Ours, outside the range that JSON-RPC reserves.
  static let predictionNotFound = ErrorKind(
    1_001, "prediction_not_found", retryable: false, "No prediction has this id.", ["id"])
  static let idempotencyConflict = ErrorKind(
    1_002, "idempotency_conflict", retryable: false,
    "The key belongs to a prediction with other content, or to a deleted one. Nothing was sent.", ["id"])
  static let queueFull = ErrorKind(
    1_003, "queue_full", retryable: true,
    "Too many requests, predictions or subscriptions at once. Nothing was sent.", ["limit"])
  static let providerNotConfigured = ErrorKind(
    1_005, "provider_not_configured", retryable: false,
    "The provider has no key, or its settings cannot be used. Nothing was sent.")
  static let providerFailed = ErrorKind(
    1_006, "provider_failed", retryable: nil,
    "The provider did not answer a free request: a price, a balance or its models. Nothing was spent.")
  static let storageFailed = ErrorKind(
    1_007, "storage_failed", retryable: true, "The database or a directory cannot be used.", ["id"])
  static let budgetExceeded = ErrorKind(
    1_008, "budget_exceeded", retryable: true, "It would cost more than allowed. Nothing was sent.")
  static let predictionNotFinished = ErrorKind(
    1_009, "prediction_not_finished", retryable: true,
    "Only finished predictions can be deleted, and none that others wait for. None was.",
    ["id", "ids"])
  static let noThumbnail = ErrorKind(
    1_010, "no_thumbnail", retryable: nil,
    "The file has no thumbnail: it is not an image, is damaged, too large or gone, or no decoder is installed.", ["id"])

  /// The errors of all described methods, in the order of schemas/protocol.md, "Errors".
  static let all: [ErrorKind] = [
    parseError, invalidRequest, shuttingDown, methodNotFound, invalidParams, internalError, requestCancelled,
    predictionNotFound, idempotencyConflict, queueFull, providerNotConfigured, providerFailed, storageFailed,
    budgetExceeded, predictionNotFinished, noThumbnail,
  ]
}

// MARK: - Errors of a kind

extension RPCError {
  /// An error of this kind, with the `data` that schemas/protocol.md, "Errors", promises.
  ///
  /// `message` and `hint` are shown to people and may quote what a client sent, so they are sanitised here. `path`, `id`,
  /// `ids` and `limit` are data and stay as they are.
  ///
  /// - Parameters:
  ///   - retryable: only for a kind that leaves it open.
  ///   - hint: what to do next, in one or two sentences.
  ///   - path: the parameter that cannot be used.
  ///   - id: the prediction that the error is about; `ids` where there are several.
  ///   - limit: the limit that was exceeded.
  init(
    _ kind: ErrorKind, _ message: String, retryable: Bool = false, hint: String? = nil, path: String? = nil,
    id: String? = nil, ids: [PredictionID] = [], limit: Int? = nil
  ) {
    self.init(code: kind.code, message: SafeText(message).description) { data in
      data.beginObject()
      data.name("type")
      data.value(kind.type)
      data.name("retryable")
      data.value(kind.isRetryable ?? retryable)
      if let path {
        data.name("path")
        data.value(path)
      }
      if let id {
        data.name("id")
        data.value(id)
      }
      if !ids.isEmpty {
        data.name("ids")
        data.beginArray()
        for id in ids { data.value(id.description) }
        data.endArray()
      }
      if let limit {
        data.name("limit")
        data.value(limit)
      }
      if let hint {
        data.name("hint")
        data.value(SafeText(hint).description)
      }
      data.endObject()
    }
  }

  /// A parameter that cannot be used.
  ///
  /// - Parameter path: its name, or its place within one, as in `tags[3]`; `nil` where the fault is in no single one.
  static func invalidParams(_ path: String?, _ message: String, hint: String? = nil, limit: Int? = nil) -> RPCError {
    RPCError(.invalidParams, "Invalid params: \(message)", hint: hint, path: path, limit: limit)
  }
}

// MARK: - Schemas

extension ErrorKind {
  /// The `error` object of a response.
  var schema: Schema {
    .object(
      [("code", .only(.number(JSONNumber(code)))), ("message", .string), ("data", data)], optional: [], others: false
    ).about(summary)
  }

  private var data: Schema {
    let always: [(String, Schema)] = [
      ("type", .only(.string(type))), ("retryable", isRetryable.map { .only(.bool($0)) } ?? .bool),
      ("hint", .string.about("What to do next.")),
    ]
    let more = Self.details.filter { details.contains($0.key) }.map { ($0.key, $0.value) }
    return .object(always + more, optional: Set(["hint"] + details))
  }

  private static let details: KeyValuePairs<String, Schema> = [
    "path": .string.about("The parameter that cannot be used."),
    "id": .string.about("The prediction that the error is about."),
    "ids": .array(of: .id).about("The predictions that the error is about."),
    "limit": .integer().about("The limit that was exceeded."),
  ]
}
