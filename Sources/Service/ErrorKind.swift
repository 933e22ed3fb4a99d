internal import JSON

/// One kind of error that a call can be answered with: a row of the table that the schemas of errors are rendered from.
/// What is written into an error is in `ErrorMapping.swift`.
public struct ErrorKind: Sendable {
  /// The code in the `error` member.
  let code: Int
  /// `data.type`; `nil` for the specification's own errors, which have no data.
  let type: String?
  /// Whether the same call may succeed later.
  let isRetryable: Bool?
  /// When it comes, for people.
  let summary: String
  /// The members of `data` beside `type`, `retryable` and `hint`; none is always there.
  let details: [String]

  private init(_ code: Int, _ type: String?, retryable: Bool?, _ summary: String, _ details: [String] = []) {
    self.code = code
    self.type = type
    isRetryable = retryable
    self.details = details
    self.summary = summary
  }

  static let invalidParams = ErrorKind(
    -32_602, "invalid_params", retryable: false, "A parameter is missing, unknown, of the wrong type or too long.",
    ["path", "limit"])
  static let requestCancelled = ErrorKind(
    ErrorCode.requestCancelled, "request_cancelled", retryable: true,
    "The request was cancelled; the prediction goes on.")
  static let predictionNotFound = ErrorKind(
    ErrorCode.predictionNotFound, "prediction_not_found", retryable: false, "No prediction has this id.", ["id"])
  static let idempotencyConflict = ErrorKind(
    ErrorCode.idempotencyConflict, "idempotency_conflict", retryable: false,
    "The key belongs to a prediction with other content, or to a deleted one. Nothing was sent.", ["id"])
  static let queueFull = ErrorKind(
    ErrorCode.queueFull, "queue_full", retryable: true,
    "Too many requests, predictions or subscriptions at once. Nothing was sent.", ["limit"])
  static let providerNotConfigured = ErrorKind(
    ErrorCode.providerNotConfigured, "provider_not_configured", retryable: false,
    "The provider has no key, or its settings cannot be used. Nothing was sent.")
  static let providerFailed = ErrorKind(
    ErrorCode.providerFailed, "provider_failed", retryable: nil,
    "The provider did not answer a free request: a price, a balance or its models. Nothing was spent.")
  static let storageFailed = ErrorKind(
    ErrorCode.storageFailed, "storage_failed", retryable: true, "The database or a directory cannot be used.", ["id"])
  static let budgetExceeded = ErrorKind(
    ErrorCode.budgetExceeded, "budget_exceeded", retryable: true,
    "It would cost more than allowed. Nothing was sent.")
  static let predictionNotFinished = ErrorKind(
    ErrorCode.predictionNotFinished, "prediction_not_finished", retryable: true,
    "Only finished predictions can be deleted. None was.", ["id", "ids"])

  /// All of them, in the order of schemas/protocol.md, "Errors".
  static let all: [ErrorKind] = [
    ErrorKind(-32_700, nil, retryable: nil, "Parse error: the message is not JSON."),
    ErrorKind(-32_600, nil, retryable: nil, "Invalid Request: the JSON is not a request."),
    ErrorKind(
      -32_600, "invalid_request", retryable: false, "Invalid Request: the message or the batch is too long.", ["limit"]),
    ErrorKind(-32_600, "shutting_down", retryable: false, "Invalid Request: requests after shutdown are refused."),
    ErrorKind(-32_601, nil, retryable: nil, "Method not found."),
    .invalidParams,
    ErrorKind(-32_603, "internal", retryable: false, "A fault in imagewire."),
    .requestCancelled, .predictionNotFound, .idempotencyConflict, .queueFull, .providerNotConfigured, .providerFailed,
    .storageFailed, .budgetExceeded, .predictionNotFinished,
  ]

  /// The `error` member of a response.
  var schema: Schema {
    guard type != nil else {
      return .object(["code": .only(.number(JSONNumber(code))), "message": .string], others: false).about(summary)
    }
    return .object(["code": .only(.number(JSONNumber(code))), "message": .string, "data": data], others: false)
      .about(summary)
  }

  private var data: Schema {
    let always: [(String, Schema)] = [
      ("type", .only(.string(type ?? ""))), ("retryable", isRetryable.map { .only(.bool($0)) } ?? .bool),
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
