internal import JSON
internal import JSONRPC
internal import Predictions

// The errors of the engine and of stores, as clients see them.
extension RPCError {
  /// No prediction has this id.
  static func notFound(_ id: String) -> RPCError {
    RPCError(
      .predictionNotFound, "There is no prediction \(id).",
      hint: "It was deleted, or was made with another state directory.", id: id)
  }

  /// The request was cancelled; the prediction goes on.
  static let requestCancelled = RPCError(
    .requestCancelled, "The request was cancelled; the prediction goes on.")

  /// A request after `shutdown`.
  static let shuttingDown = RPCError(
    .shuttingDown, "Invalid Request",
    hint: "Requests after shutdown are refused; start the process again.")

  /// An error of the store.
  ///
  /// - Parameter id: the prediction that was asked for.
  static func storage(_ error: StoreError, id: String? = nil) -> RPCError {
    switch error {
    case .notFound: notFound(id ?? "of that name")
    case .badCursor: invalidParams("cursor", "it is not a cursor of this query", hint: "Start again without a cursor.")
    case .illegal: RPCError(.storageFailed, error.message, id: id)
    case .failed(let message, let hint): RPCError(.storageFailed, message, hint: hint, id: id)
    }
  }

  /// The connection has as many requests in flight as it may have.
  static func tooManyInFlight(limit: Int) -> RPCError {
    RPCError(.queueFull, "\(limit) requests are in flight; wait until some are answered", limit: limit)
  }

  /// A prediction that was not accepted.
  static func submit(_ error: SubmitError) -> RPCError {
    switch error {
    case .invalid(let path, let message): invalidParams(path, message)
    case .notConfigured(let provider, let hint):
      RPCError(
        .providerNotConfigured, "The provider \"\(provider)\" is not configured. Nothing was sent.", hint: hint)
    case .misconfigured(let reason):
      RPCError(
        .providerNotConfigured, "\(reason) Nothing was sent.",
        hint: "Correct the setting, then start imagewire again; imagewire doctor checks it.")
    case .conflict(let id, let deleted, let difference):
      RPCError(
        .idempotencyConflict,
        deleted
          ? "This idempotency key belongs to a prediction that was deleted. Nothing was sent."
          : "This idempotency key belongs to a prediction with other content. Nothing was sent.",
        hint: (difference.map { "They differ in \($0). " } ?? "") + "Use a new key for a new image.",
        id: id.description)
    case .agentFull(let files):
      RPCError(
        .queueFull,
        "This agent has reached its limit of \(counted(files, "file")) in the last hour, or 2 GB. Nothing was sent.",
        hint: "Try again later; the user may raise --agent-files.", limit: files)
    case .queueFull(let limit):
      RPCError(
        .queueFull, "The queue is full. Nothing was sent.", hint: "Wait until some predictions are finished.",
        limit: limit)
    case .folder(let error, let isDefault):
      isDefault
        ? RPCError(
          .storageFailed, sentences(error.message, "Nothing was sent."),
          hint: error.isOfBucket
            ? "Correct --output-dir, the server (S3_ENDPOINT_URL, AWS_REGION) or its key; imagewire doctor checks them."
            : "Set IMAGEWIRE_OUTPUT_DIR or --output-dir to a folder that can be written.")
        : invalidParams("output_dir", sentences(error.message, "Nothing was sent."))
    case .overBudget(let refusal):
      RPCError(.budgetExceeded, sentences(refusal.reason, "Nothing was sent."), hint: refusal.hint)
    case .storage(let error, let id): storage(error, id: id.description)
    }
  }

  /// A price or a balance that is not known.
  static func price(_ error: PredictionEngine.PriceError) -> RPCError {
    switch error {
    case .submit(let error): submit(error)
    case .noPricing(let provider): RPCError(.providerFailed, "The provider \"\(provider)\" does not state prices.")
    case .provider(let error): failed(error)
    }
  }

  /// A file without a thumbnail.
  static func thumbnail(_ error: ThumbnailError, id: PredictionID) -> RPCError {
    RPCError(.noThumbnail, error.message, retryable: error.isRetryable, hint: error.hint, id: id.description)
  }

  /// Models that are not known.
  static func catalogue(_ error: PredictionEngine.CatalogueError) -> RPCError {
    switch error {
    case .submit(let error): submit(error)
    case .noModel(let model, let provider):
      invalidParams(
        "model", "the provider \"\(provider)\" lists no model \"\(model)\"",
        hint: "The method models without the parameter model lists all of them.")
    case .noCatalogue(let provider): RPCError(.providerFailed, "The provider \"\(provider)\" has no list of models.")
    case .provider(let error): failed(error)
    }
  }

  private static func failed(_ error: ProviderError) -> RPCError {
    RPCError(.providerFailed, error.message, retryable: error.isRetryable, hint: error.hint)
  }

  /// The message for people: without the words of the protocol before it.
  var plainMessage: String {
    let prefix = "Invalid params: "
    guard message.hasPrefix(prefix) else { return message }
    let text = message.dropFirst(prefix.count)
    // A parameter's name is not capitalised at the beginning of a sentence.
    let path = data.flatMap { try? JSONValue(parsing: $0) }?["path"]?.string
    if let path, text.hasPrefix(path) { return String(text) }
    return text.prefix(1).uppercased() + text.dropFirst()
  }
}
