internal import Encoding
public import HTTP
internal import JSON
public import Predictions
public import Threads

/// Any server with OpenAI's Images API: OpenAI itself, or the user's own (vLLM, SGLang, LocalAI, a LiteLLM proxy).
///
/// The reply to the POST is the image, and no id leads back to it. So the reply is stored on disk before it is parsed
/// (`ReplyStore`), a poll parses the stored reply, and a reply that never arrived stays `unknown`.
public struct OpenAI: Provider {
  /// The address of the service.
  public static let defaultBaseURL = "https://api.openai.com/v1"

  /// See `Account`.
  public let account: String
  /// A model of OpenAI; other servers have their own names.
  public let defaultModel = "gpt-image-2"
  /// The account's limits hold.
  public let isLimited = true
  /// The service makes its outputs.
  public let isEmbedded = false
  /// Ten minutes, the time-out of OpenAI's own clients, because the image is made between request and reply.
  public let postLimit: Int64 = replyLimit
  private static let replyLimit: Int64 = 600_000

  let base: BaseURL
  let replies: any ReplyStore
  let http: HTTPClient
  let key: String
  let files: WorkQueue
  let replyQueue: WorkQueue
  let clientVersion: String
  let server: OpenAIServer
  /// What the user said; `nil` where the address decides.
  let saidFree: Bool?
  let now: @Sendable () -> Int64

  /// A provider for one account.
  ///
  /// - Parameters:
  ///   - baseURL: with its `/v1`; one without a path gets it.
  ///   - key: sent to the host of the base URL only; may be empty for the user's own server.
  ///   - account: see `Account`.
  ///   - replies: stores replies until their images are files.
  ///   - files: where stored replies are read, and outputs written.
  ///   - replyQueue: where the reply to a POST is stored; for nothing else, because what waits there is only in memory.
  ///   - clientVersion: the version of this program, sent to the service.
  ///   - dialect: a name of `OpenAIDialect`; `nil` where the server tells.
  ///   - isFree: whether requests cost nothing; `nil` where the address tells.
  ///   - now: the wall clock in milliseconds since 1970; only compared with the `Date` of answers.
  public init(
    baseURL: String = Self.defaultBaseURL, key: String, account: String, replies: any ReplyStore, http: HTTPClient,
    files: WorkQueue, replyQueue: WorkQueue, clientVersion: String, dialect: String? = nil, isFree: Bool? = nil,
    now: @escaping @Sendable () -> Int64
  ) {
    base = BaseURL(baseURL, defaultPath: Self.access.defaultPath)
    self.account = account
    self.replies = replies
    self.http = http
    self.files = files
    self.replyQueue = replyQueue
    self.clientVersion = clientVersion
    server = OpenAIServer(setting: dialect, host: base.host)
    saidFree = isFree
    self.now = now
    self.key = key.trimmed
  }

  /// `.near` where the base URL is on this machine.
  public var pace: PollPace { usualPace }

  /// Known after a request has failed for it.
  public var obstacle: String? { http.obstacle }

  /// It has none.
  public func resultURL(for remoteID: String) -> String? { nil }

  /// It takes images for edits.
  public var uploads: (any ProviderUploads)? { self }

  /// It lists the names of models.
  public var catalogue: (any ProviderCatalogue)? { self }

  // MARK: - Submit

  /// Whether it is known what server it is, or was asked lately.
  public var isPrepared: Bool { server.isAsked }

  /// Learns what server it is, where the address does not tell.
  public func prepare(completion: @escaping @Sendable () -> Void) {
    withDialect { _ in completion() }
  }

  private func withDialect(_ go: @escaping @Sendable (OpenAIDialect) -> Void) {
    server.withDialect(asking: { askForModels(atMost: OpenAIServer.patience, completion: $0) }, then: go)
  }

  /// Sends the input and the model, at most once; where the input has images, as an edit in the way of the server.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    submit(prediction, mayStart: mayStart, preview: { _ in }, completion: completion)
  }

  /// The same, with the partial images of an input that asks for a stream.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    guard let input = prediction.input, let object = (try? JSONValue(parsing: input))?.object else {
      return completion(.unsent(reason: "The input was not loaded."))
    }
    guard isKeyValid else {
      let (message, hint) = Self.invalidKey
      return completion(
        .refused(PredictionFailure(.authentication, retryable: false, message: message, hint: hint), pause: nil))
    }
    send(object, of: prediction, server.dialect, mayStart: mayStart, preview: preview, completion: completion)
  }

  private func send(
    _ object: JSONObject, of prediction: Prediction, _ dialect: OpenAIDialect,
    mayStart: @escaping @Sendable () -> Bool, preview: @escaping @Sendable (PartialImage) -> Void,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    let order: OpenAIRequestBody
    do throws(OpenAIRequestBody.Refusal) {
      order = try OpenAIRequestBody(
        object, model: prediction.model, dialect: dialect, boundary: "imagewire-\(prediction.id)")
    } catch {
      return completion(
        .refused(
          PredictionFailure(
            .invalidInput, retryable: false, message: sentences(error.message, "Nothing was sent."), hint: error.hint),
          pause: nil))
    }
    let previews = Protected(OpenAIPreviews())
    let watch: @Sendable (borrowing Span<UInt8>) -> Void = { bytes in
      for image in previews.withLock({ $0.append(bytes) }) { preview(image) }
    }
    let request = HTTPRequest(
      url: base.url(of: order.path), headers: headers(contentType: order.contentType), body: order.body,
      limits: .init(total: Self.replyLimit), bodyLimit: Self.answerLimit.whole, plainLimit: Self.answerLimit.plain,
      purpose: .once(mayStart: mayStart),
      watch: object["stream"]?.bool == true ? watch : nil, queue: replyQueue)
    http.send(request) { result in
      var outcome = outcome(of: result, prediction, path: order.path)
      let count = previews.withLock { $0.count }
      let came = "Partial images came (\(count)), but not the final image."
      switch outcome {
      case .ambiguous(let reason) where count > 0: outcome = .ambiguous(reason: sentences(reason, came))
      case .unreadable(let reason, let reply) where count > 0:
        outcome = .unreadable(reason: sentences(reason, came), reply: reply)
      default: break
      }
      completion(outcome)
    }
  }

  /// Sources/Predictions/README.md, "Outcomes of a POST". A reply has no id here; its images stand for one.
  private func outcome(
    of result: Result<HTTPResponse, HTTPFailure>, _ prediction: Prediction, path: String
  ) -> SubmitOutcome {
    let response: HTTPResponse
    let broken: HTTPFailure?
    switch answer(to: result) {
    case .outcome(let outcome): return outcome
    case .response(let whole, let failure): (response, broken) = (whole, failure)
    }
    if (200..<300).contains(response.status), !response.body.isEmpty {
      replyQueue.assertIsCurrent()
      let reply = StoredReply(response.body, isWhole: broken == nil)
      // Stored first, because memory is lost with the process.
      try? replies.keep(reply, of: prediction)
      if let result = self.result(of: reply, prediction) {
        return .accepted(remoteID: Self.remoteID(of: prediction), result: result, clockSkew: nil)
      }
      return keep(unread: reply, of: prediction, because: broken.map(reason) ?? notUnderstood(response))
    }
    if let broken { return .ambiguous(reason: reason(broken)) }
    let problem = OpenAIResponse.error(in: response.body)
    if HTTPResponse.isRefusal(response.status) {
      let (failure, pause) = refusal(
        problem, status: response.status, model: prediction.model, path: path,
        retryAfter: HTTPTime.retryAfter(response.headers, now: now()))
      guard OpenAIResponse.isBilled(response.body) else { return .refused(failure, pause: pause) }
      return .accepted(
        remoteID: Self.remoteID(of: prediction), result: .failed(Self.withoutPromise(failure), billing: .charged),
        clockSkew: nil)
    }
    if response.status >= 500, isFree {
      let (failure, pause) = freeFailure(problem, status: response.status)
      return .refused(failure, pause: pause)
    }
    let said = quoted(problem?.message)
    return .ambiguous(reason: "The provider answered HTTP \(response.status)\(said).")
  }

  /// Whether a request costs nothing: the server is on this machine or in its private network, has said what it is, and does not
  /// forward requests to services that cost money.
  var isFree: Bool {
    saidFree ?? ([.loopback, .local].contains(base.reach) && server.isKnown && !server.dialect.isGateway)
  }

  /// Keeps a reply that is not understood. Where that fails, what `keep` stored is left for a later search.
  private func keep(unread reply: StoredReply, of prediction: Prediction, because reason: String) -> SubmitOutcome {
    let path = try? replies.keepUnread(withoutKey(reply), of: prediction)
    return path.map { .unreadable(reason: reason, reply: $0) } ?? .ambiguous(reason: reason)
  }

  /// Ours, which says that the reply arrived: the service has no id.
  private static func remoteID(of prediction: Prediction) -> String { "reply-\(prediction.id)" }

  /// The meaning of a 2xx; `nil` where it cannot be read. A stream that broke off after its image counts.
  private func result(of reply: StoredReply, _ prediction: Prediction) -> RemoteResult? {
    let answer = OpenAIResponse(reply.body, isWhole: reply.isWhole)
    if !answer.outputs.isEmpty {
      return .completed(
        outputs: answer.outputs.map(named), hasNSFWContents: [], inferenceMilliseconds: nil,
        providerData: answer.providerData)
    }
    guard reply.isWhole, answer.hasNone else { return nil }
    if let error = answer.error {
      let (failure, _) = refusal(error, status: 200, model: prediction.model, retryAfter: nil)
      return .failed(Self.withoutPromise(failure), billing: .unknown)
    }
    return .failed(
      PredictionFailure(
        .remoteError, retryable: false, message: "The provider reported success, but returned no image.",
        hint: "It may be billed; check the provider's usage page."),
      billing: .unknown)
  }

  /// A refusal that may cost money.
  private static func withoutPromise(_ failure: PredictionFailure) -> PredictionFailure {
    var failure = failure
    let promise = " Nothing is billed."
    if failure.message.hasSuffix(promise) { failure.message.removeLast(promise.count) }
    return failure
  }

  // MARK: - Afterwards

  /// Parses the stored reply again.
  public func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {
    files.async {
      guard let reply = storedReply(of: prediction) else {
        return completion(.gone(reason: "Its reply is not stored."))
      }
      if let result = result(of: reply, prediction) { return completion(.answered(result, after: nil)) }
      switch keep(unread: reply, of: prediction, because: Self.storedUnread) {
      case .unreadable(let reason, let reply): completion(.unreadable(reason: reason, reply: reply))
      default: completion(.transient(reason: Self.storedUnread, after: nil))
      }
    }
  }

  /// The reply, also one that an earlier version could not read.
  private func storedReply(of prediction: Prediction) -> StoredReply? {
    replies.reply(of: prediction) ?? (prediction.unreadReply == nil ? nil : replies.unreadReply(of: prediction))
  }

  private static let storedUnread = "The provider's answer was stored, and is not understood."

  /// Reads a kept reply again.
  public func reread(_ prediction: Prediction, completion: @escaping @Sendable (SubmitOutcome?) -> Void) {
    files.async {
      guard let reply = replies.unreadReply(of: prediction) else { return completion(nil) }
      guard let result = result(of: reply, prediction) else {
        return completion(
          .ambiguous(
            reason:
              "The provider's answer (\(reply.body.count) bytes\(reply.isWhole ? "" : ", cut")) is not understood."))
      }
      completion(.accepted(remoteID: Self.remoteID(of: prediction), result: result, clockSkew: nil))
    }
  }

  /// Fetches an output by its URL, without the key, or writes one that came inside the reply.
  public func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    if output == "inline:\(index)" {
      return files.async { completion(write(index, of: prediction, into: writer)) }
    }
    guard isPath(output) else { return fetch(output, into: writer, completion: completion) }
    // Another process may have sent the request, so that this one does not know the server yet.
    withDialect { dialect in
      files.async {
        if dialect.namesFiles, let outcome = copy(output, into: writer) { return completion(outcome) }
        fetch(base.resolved(output), into: writer, completion: completion)
      }
    }
  }

  /// An output with its whole address. A path that a server on this machine names may be one of its disk, and stays.
  private func named(_ output: RemoteOutput) -> RemoteOutput {
    guard case .location(let text) = output, !isPath(text) else { return output }
    return .location(base.resolved(text))
  }

  /// Whether it may be a file of this disk: only where the server runs on this machine.
  func isPath(_ location: String) -> Bool {
    base.reach == .loopback && location.hasPrefix("/") && !location.hasPrefix("//")
  }

  /// Copies a picture, a video or a sound of this disk; `nil` where there is none at this path.
  private func copy(_ path: String, into writer: any OutputWriter) -> DownloadOutcome? {
    guard let file = LocalFile(path: path) else { return nil }
    do throws(OutputError) {
      try writer.expect(file.length)
      var count: Int64 = 0
      while let bytes = file.read(atMost: 1 << 20) {
        guard !bytes.isEmpty else {
          return count == file.length ? .written() : .transient(reason: "The file is changing.")
        }
        try writer.write(bytes.span)
        count += Int64(bytes.count)
      }
      return .transient(reason: "The file of the server cannot be read to its end.")
    } catch {
      if case .tooLarge = error { return .refused(reason: error.message) }
      return .unsaved(error)
    }
  }

  /// Writes an output from the stored reply.
  private func write(_ index: Int, of prediction: Prediction, into writer: any OutputWriter) -> DownloadOutcome {
    guard let reply = storedReply(of: prediction),
      case .completed(let outputs, _, _, _)? = result(of: reply, prediction),
      outputs.indices.contains(index - 1), case .bytes(let bytes, let hint) = outputs[index - 1]
    else { return .expired(reason: "The reply that held the bytes is no longer stored.") }
    do throws(OutputError) {
      try writer.write(bytes.span)
      return .written(hint)
    } catch {
      return .unsaved(error)
    }
  }

  /// The stored replies: a reply that arrived just before its process ended is found there.
  public var history: (any ProviderHistory)? { self }

  /// The service cannot delete anything.
  public func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {
    completion(.failed(reason: "This provider cannot delete images."))
  }

  /// As long as the reply is stored.
  public func canRepeat(_ prediction: Prediction) -> Bool {
    replies.has(prediction) || prediction.unreadReply != nil
  }

  /// Removes the stored reply.
  public func forget(_ prediction: Prediction) { replies.discard(prediction) }

  // MARK: - Pieces

  func headers(contentType: String) -> [HTTPRequest.Header] {
    // A token of Microsoft's directory is a JWT, and no key.
    let name = key.hasPrefix("eyJ") ? nil : server.dialect.keyHeader
    let authorization =
      key.isEmpty ? [] : [name.map { HTTPRequest.Header($0, key) } ?? .init("Authorization", "Bearer \(key)")]
    return authorization + [
      .init("Content-Type", contentType), .init("Accept", "application/json, text/event-stream"),
      .init("User-Agent", userAgent),
    ]
  }
}

extension OpenAI: ProviderHistory {
  /// Whether no reply is stored. Reads a directory.
  public var isHistoryEmpty: Bool { replies.isEmpty }

  /// Searches the stored replies.
  public func search(
    for prediction: Prediction, window: ClosedRange<Int64>, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    files.async {
      guard let stored = replies.reply(of: prediction) else { return completion(.found([])) }
      if result(of: stored, prediction) == nil,
        case .unreadable(let reason, let reply) = keep(unread: stored, of: prediction, because: Self.storedUnread)
      {
        return completion(.unreadable(reason: reason, reply: reply))
      }
      completion(
        .found([
          HistoryMatch(
            remoteID: Self.remoteID(of: prediction), createdAt: prediction.startedAt ?? prediction.createdAt,
            clockSkew: 0, isNamed: true, window: historyWindow)
        ]))
    }
  }
}
