public import HTTP
internal import JSON
public import Predictions
internal import Threads

/// Any server with OpenAI's Images API: OpenAI itself, or one's own (vLLM, SGLang, LocalAI, a LiteLLM proxy).
///
/// The one POST is the work: its reply is the picture, and no id leads back to it. So the reply is kept on disk before it
/// is read (`ReplyStore`), a poll reads what was kept, and a reply that never came stays unknown.
public struct OpenAI: Provider, ServerQuoting {
  /// Where the service is, unless one says otherwise.
  public static let defaultBaseURL = "https://api.openai.com/v1"

  /// `openai`.
  public let name = "openai"
  /// Which key and host.
  public let account: String
  /// What OpenAI offers to everybody; a server of one's own has its own names.
  public let defaultModel = "gpt-image-2"
  /// The account's limits hold.
  public let isLimited = true
  /// Its outputs are made elsewhere.
  public let isEmbedded = false
  /// Ten minutes, the time-out of OpenAI's own clients: the whole work lies between request and reply.
  public let postLimit: Int64 = 600_000

  let base: BaseURL
  let replies: any ReplyStore
  let http: HTTPClient
  let key: String
  private let clientVersion: String
  private let now: @Sendable () -> Int64

  /// A connection to one account.
  ///
  /// - Parameters:
  ///   - baseURL: with its `/v1`; one without a path gets it.
  ///   - key: sent to the base URL's host and nowhere else; may be empty for a server of one's own.
  ///   - account: see `Account`.
  ///   - incoming: keeps replies until their pictures are files.
  ///   - clientVersion: ours, told to the service.
  ///   - now: milliseconds since 1970; only compared with the service's `Date`.
  public init(
    baseURL: String = Self.defaultBaseURL, key: String, account: String, replies: any ReplyStore, http: HTTPClient,
    clientVersion: String, now: @escaping @Sendable () -> Int64
  ) {
    base = BaseURL(Self.completed(baseURL: baseURL))
    self.account = account
    self.replies = replies
    self.http = http
    self.clientVersion = clientVersion
    self.now = now
    let bytes = key.utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
    self.key = String(decoding: Array(bytes), as: UTF8.self)
  }

  /// A base URL with the `/v1` that one without a path lacks.
  public static func completed(baseURL: String) -> String {
    let base = BaseURL(baseURL)
    return base.hasPath ? base.text : "\(base.text)/v1"
  }

  /// Near where the base URL is on this machine.
  public var pace: PollPace { base.reach == .loopback ? .near : .remote }

  /// As far as the HTTP client knows.
  public var obstacle: String? { http.obstacle }

  /// There is nothing to look at elsewhere.
  public func resultURL(for remoteID: String) -> String? { nil }

  /// Pictures for an edit.
  public var uploads: (any ProviderUploads)? { self }

  /// Names alone.
  public var catalogue: (any ProviderCatalogue)? { self }

  // MARK: - Submit

  /// Sends the input and the model, at most once; as a form to `/edits` where the input has pictures.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    submit(prediction, mayStart: mayStart, preview: { _ in }, completion: completion)
  }

  /// The same; where the input asks for a stream, its partial images are handed over as they come.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    guard let input = prediction.input, let object = (try? JSONValue(parsing: input))?.object else {
      return completion(.unsent(reason: "The input was not loaded."))
    }
    guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      return completion(
        .refused(
          PredictionFailure(
            .authentication, retryable: false, message: "The key holds characters that no key has.",
            hint: "Check OPENAI_API_KEY."), pause: nil))
    }
    let order: OpenAIRequestBody
    do throws(OpenAIRequestBody.Refusal) {
      order = try OpenAIRequestBody(object, model: prediction.model, boundary: "imagewire-\(prediction.id)")
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
      url: base.text + order.path, headers: headers(contentType: order.contentType), body: order.body,
      limits: .init(total: postLimit), bodyLimit: 512 << 20, purpose: .once(mayStart: mayStart),
      watch: object["stream"]?.bool == true ? watch : nil)
    http.send(request) { result in
      var outcome = outcome(of: result, prediction)
      let count = previews.withLock { $0.count }
      if count > 0, case .ambiguous(let reason) = outcome {
        outcome = .ambiguous(reason: "\(reason) Partial images came (\(count)), but not the picture.")
      }
      completion(outcome)
    }
  }

  /// Sources/Predictions/README.md, "Outcomes of a POST": a reply has no id here; its images stand for one.
  private func outcome(of result: Result<HTTPResponse, HTTPFailure>, _ prediction: Prediction) -> SubmitOutcome {
    let response: HTTPResponse
    let broken: HTTPFailure?
    switch result {
    case .success(let whole): (response, broken) = (whole, nil)
    case .failure(let failure):
      guard failure.mayHaveBeenSent else { return failure.unsent(reason(failure)) }
      guard let partial = failure.partial else { return .ambiguous(reason: reason(failure)) }
      (response, broken) = (partial, failure)
    }
    if (200..<300).contains(response.status), !response.body.isEmpty {
      // First the disk: what is in memory alone dies with the process.
      try? replies.keep(response.body, of: prediction)
      // A stream that broke off after its picture has brought the picture.
      if let result = self.result(of: response.body, isWhole: broken == nil, prediction) {
        return .accepted(remoteID: Self.remoteID(of: prediction), result: result, clockSkew: nil)
      }
      replies.discard(prediction)
    }
    if let broken { return .ambiguous(reason: reason(broken)) }
    // 408, 409 and 425 do not say that nothing was made, and neither does anything that is no 3xx or 4xx.
    if (300..<500).contains(response.status), ![408, 409, 425].contains(response.status) {
      let (failure, pause) = refusal(
        OpenAIResponse.error(in: response.body), status: response.status, model: prediction.model,
        retryAfter: HTTPTime.retryAfter(response.headers, now: now()))
      return .refused(failure, pause: pause)
    }
    let said = quoted(OpenAIResponse.error(in: response.body)?.message)
    return .ambiguous(reason: "The provider answered HTTP \(response.status)\(said).")
  }

  /// There is none at the provider; ours says that the reply was had.
  private static func remoteID(of prediction: Prediction) -> String { "reply-\(prediction.id)" }

  /// What a 2xx brought; `nil` where it cannot be told.
  private func result(of body: [UInt8], isWhole: Bool, _ prediction: Prediction) -> RemoteResult? {
    let answer = OpenAIResponse(body)
    if !answer.outputs.isEmpty {
      return .completed(outputs: answer.outputs, hasNSFWContents: [], inferenceMilliseconds: nil)
    }
    guard isWhole, answer.isReadable else { return nil }
    if let error = answer.error {
      var (failure, _) = refusal(error, status: 200, model: prediction.model, retryAfter: nil)
      let promise = " Nothing is billed."
      if failure.message.hasSuffix(promise) { failure.message.removeLast(promise.count) }
      return .failed(failure, billing: .unknown)
    }
    return .failed(
      PredictionFailure(
        .remoteError, retryable: false, message: "The provider said that it is done, but gave no picture with it.",
        hint: "It may be billed; look at the provider's own usage page."),
      billing: .unknown)
  }

  // MARK: - Afterwards

  /// Reads the reply again that was kept.
  public func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {
    guard let body = replies.body(of: prediction), let result = result(of: body, isWhole: true, prediction) else {
      return completion(.gone(reason: "Its reply was not kept."))
    }
    completion(.answered(result, after: nil))
  }

  /// Fetches an output that the reply named by its address, without the key.
  public func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    if output == "inline:\(index)" { return completion(write(index, of: prediction, into: writer)) }
    let download = Download(
      http: http, policy: EgressPolicy(base: base), userAgent: userAgent, writer: writer, completion: completion)
    download.fetch(output)
  }

  /// Writes an output that came inside the reply, from the reply that was kept.
  private func write(_ index: Int, of prediction: Prediction, into writer: any OutputWriter) -> DownloadOutcome {
    guard let body = replies.body(of: prediction),
      case .completed(let outputs, _, _)? = result(of: body, isWhole: true, prediction),
      outputs.indices.contains(index - 1), case .bytes(let bytes) = outputs[index - 1]
    else { return .expired(reason: "The bytes came with an answer that is gone.") }
    do throws(OutputError) {
      try writer.write(bytes.span)
      return .written
    } catch {
      return .unsaved(error)
    }
  }

  /// The stored replies: a reply that arrived just before its process ended is found there.
  public var history: (any ProviderHistory)? { self }

  /// It keeps nothing that has a name.
  public func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {
    completion(.failed(reason: "This provider has no way to delete a picture."))
  }

  /// Only as long as the reply is kept.
  public func canRepeat(_ prediction: Prediction) -> Bool { replies.has(prediction) }

  /// The kept reply goes.
  public func forget(_ prediction: Prediction) { replies.discard(prediction) }

  // MARK: - Pieces

  private var userAgent: String { "imagewire/\(clientVersion)" }

  func headers(contentType: String) -> [HTTPRequest.Header] {
    let authorization = key.isEmpty ? [] : [HTTPRequest.Header("Authorization", "Bearer \(key)")]
    return authorization + [
      .init("Content-Type", contentType), .init("Accept", "application/json, text/event-stream"),
      .init("User-Agent", userAgent),
    ]
  }

  /// Somebody else's words, fit to be shown.
}

extension OpenAI: ProviderHistory {
  /// Whether no reply is stored. Reads a directory.
  public var isHistoryEmpty: Bool { replies.isEmpty }

  /// Searches the stored replies.
  public func search(
    for prediction: Prediction, window: ClosedRange<Int64>, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    guard replies.body(of: prediction) != nil else { return completion(.found([])) }
    completion(
      .found([
        HistoryMatch(
          remoteID: Self.remoteID(of: prediction), createdAt: prediction.startedAt ?? prediction.createdAt,
          clockSkew: 0, isNamed: true)
      ]))
  }
}
