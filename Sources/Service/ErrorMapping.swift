internal import JSON
internal import JSONRPC
internal import Predictions

/// Our own error codes, outside the range that JSON-RPC reserves; schemas/protocol.md, "Errors".
public enum ErrorCode {
  /// `prediction_not_found`
  public static let predictionNotFound = 1001
  /// `idempotency_conflict`
  public static let idempotencyConflict = 1002
  /// `queue_full`
  public static let queueFull = 1003
  /// `provider_not_configured`
  public static let providerNotConfigured = 1005
  /// `provider_failed`
  public static let providerFailed = 1006
  /// `storage_failed`
  public static let storageFailed = 1007
  /// `budget_exceeded`
  public static let budgetExceeded = 1008
  /// `prediction_not_finished`
  public static let predictionNotFinished = 1009
  /// The code of the LSP base protocol for a request that was cancelled.
  public static let requestCancelled = -32_800
}

extension RPCError {
  /// The one place where errors get their shape: `data` always has `type` and `retryable`, and more where it helps.
  /// `message` and `hint` are shown to people, and may quote what a client sent: they are safe text. `path` and `id` are
  /// data, and stay as they were sent.
  static func ours(
    _ code: Int, _ message: String, type: String, retryable: Bool, hint: String? = nil, id: String? = nil,
    path: String? = nil, limit: Int? = nil, ids: [PredictionID] = []
  ) -> RPCError {
    RPCError(code: code, message: SafeText(message).description) { data in
      data.beginObject()
      data.name("type")
      data.value(type)
      data.name("retryable")
      data.value(retryable)
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

  /// A member that cannot be used.
  static func invalidParams(_ path: String?, _ message: String, hint: String? = nil, limit: Int? = nil) -> RPCError {
    ours(
      -32_602, "Invalid params: \(message)", type: "invalid_params", retryable: false, hint: hint, path: path,
      limit: limit)
  }

  /// There is no such prediction.
  static func notFound(_ id: String) -> RPCError {
    ours(
      ErrorCode.predictionNotFound, "There is no prediction \(id).", type: "prediction_not_found", retryable: false,
      hint: "It was deleted, or was made with another state directory.", id: id)
  }

  /// The request was cancelled; the prediction goes on.
  static let requestCancelled = ours(
    ErrorCode.requestCancelled, "The request was cancelled; the prediction goes on.", type: "request_cancelled",
    retryable: true)

  /// Nothing is accepted after `shutdown`.
  static let shuttingDown = ours(
    -32_600, "Invalid Request", type: "shutting_down", retryable: false,
    hint: "Nothing is answered after shutdown; start the process again.")

  /// What the table could not do.
  static func storage(_ error: StoreError, id: String? = nil) -> RPCError {
    switch error {
    case .notFound: notFound(id ?? "of that name")
    case .badCursor: invalidParams("cursor", "it is not a cursor of this query", hint: "Start again without a cursor.")
    case .illegal:
      ours(ErrorCode.storageFailed, error.message, type: "storage_failed", retryable: true, id: id)
    case .failed(let message, let hint):
      ours(ErrorCode.storageFailed, message, type: "storage_failed", retryable: true, hint: hint, id: id)
    }
  }

  /// As many requests are in flight as may be.
  static func tooManyInFlight(limit: Int) -> RPCError {
    ours(
      ErrorCode.queueFull, "\(limit) requests are in flight; wait until some are answered", type: "queue_full",
      retryable: true, limit: limit)
  }

  /// Why nothing was accepted.
  static func submit(_ error: SubmitError) -> RPCError {
    switch error {
    case .invalid(let path, let message): invalidParams(path, message)
    case .notConfigured(let provider, let hint):
      ours(
        ErrorCode.providerNotConfigured, "The provider \"\(provider)\" is not configured. Nothing was sent.",
        type: "provider_not_configured", retryable: false, hint: hint)
    case .misconfigured(let reason):
      ours(
        ErrorCode.providerNotConfigured, "\(reason) Nothing was sent.", type: "provider_not_configured",
        retryable: false, hint: "Correct the setting, then start imagewire again; imagewire doctor checks it.")
    case .conflict(let id, let deleted, let difference):
      ours(
        ErrorCode.idempotencyConflict,
        deleted
          ? "This idempotency key belongs to a prediction that was deleted. Nothing was sent."
          : "This idempotency key belongs to a prediction of other content. Nothing was sent.",
        type: "idempotency_conflict", retryable: false,
        hint: (difference.map { "They differ in \($0). " } ?? "") + "Use a new key for a new picture.",
        id: id.description)
    case .agentFull(let files):
      ours(
        ErrorCode.queueFull,
        "This agent has made \(files) files in the last hour, or 2 GB of them, and may make no more. Nothing was sent.",
        type: "queue_full", retryable: true, hint: "Try again later; the user may raise --agent-files.",
        limit: files)
    case .queueFull(let limit):
      ours(
        ErrorCode.queueFull, "The queue is full. Nothing was sent.", type: "queue_full", retryable: true,
        hint: "Wait until some predictions are finished.", limit: limit)
    case .folder(let error, let isDefault):
      isDefault
        ? ours(
          ErrorCode.storageFailed, sentences(error.message, "Nothing was sent."), type: "storage_failed",
          retryable: true,
          hint: "Set IMAGEWIRE_OUTPUT_DIR or --output-dir to a folder that can be written.")
        : invalidParams("output_dir", sentences(error.message, "Nothing was sent."))
    case .overBudget(let refusal):
      ours(
        ErrorCode.budgetExceeded, sentences(refusal.reason, "Nothing was sent."), type: "budget_exceeded",
        retryable: true, hint: refusal.hint)
    case .storage(let error, let id): storage(error, id: id.description)
    }
  }

  /// Why nobody can say what it costs.
  static func price(_ error: PredictionEngine.PriceError) -> RPCError {
    switch error {
    case .submit(let error): submit(error)
    case .noPricing(let provider):
      ours(
        ErrorCode.providerFailed, "The provider \"\(provider)\" cannot say what things cost.", type: "provider_failed",
        retryable: false)
    case .provider(let error):
      ours(
        ErrorCode.providerFailed, error.message, type: "provider_failed", retryable: error.isRetryable, hint: error.hint
      )
    }
  }

  /// The message for people: without the words of the protocol before it.
  var plainMessage: String {
    let prefix = "Invalid params: "
    guard message.hasPrefix(prefix) else { return message }
    let text = message.dropFirst(prefix.count)
    // A member's name is a name, whatever it stands at the beginning of.
    let path = data.flatMap { try? JSONValue(parsing: $0) }?["path"]?.string
    if let path, text.hasPrefix(path) { return String(text) }
    return text.prefix(1).uppercased() + text.dropFirst()
  }

  /// Why nobody can say what models there are.
  static func catalogue(_ error: PredictionEngine.CatalogueError) -> RPCError {
    switch error {
    case .submit(let error): submit(error)
    case .noModel(let model, let provider):
      invalidParams(
        "model", "the provider \"\(provider)\" lists no model \"\(model)\"",
        hint: "Without model, the method models lists those that it has.")
    case .noCatalogue(let provider):
      price(
        .provider(ProviderError(message: "The provider \"\(provider)\" has no list of models.", isRetryable: false)))
    case .provider(let error): price(.provider(error))
    }
  }
}
