public import HTTP
internal import JSON
public import Predictions
public import Threads

/// The service of WaveSpeedAI: `POST {base}/api/v3/{model}` once, then `GET …/predictions/{id}/result` until it is over.
public struct WaveSpeed: Provider, Sendable {
  /// The address of the service.
  public static let defaultBaseURL = "https://api.wavespeed.ai"

  /// See `Account`.
  public let account: String
  /// Default model; override with `--model`. OpenAI retired its upstream on 2026-10-23.
  public let defaultModel = "openai/gpt-image-1-high-fidelity"
  /// Fields that the service takes for every model; `webhook` and `webhook_url` are in different versions of its
  /// documentation.
  public let commonFields: Set<String> = ["enable_sync_mode", "enable_base64_output", "webhook", "webhook_url"]
  /// The account's limits hold.
  public let isLimited = true
  /// The service makes its outputs.
  public let isEmbedded = false

  let base: BaseURL
  let replies: any ReplyStore
  let http: HTTPClient
  let now: @Sendable () -> Int64
  let key: String
  let files: WorkQueue
  let replyQueue: WorkQueue
  let clientVersion: String

  /// A provider for one account.
  ///
  /// - Parameters:
  ///   - baseURL: with or without a path; slashes at its end are ignored.
  ///   - key: sent to the host of the base URL only; in no answer.
  ///   - account: see `Account`.
  ///   - replies: keeps replies to POSTs that are not understood.
  ///   - files: where outputs are written.
  ///   - replyQueue: where a reply to a POST is stored.
  ///   - clientVersion: the version of this program, sent to the service.
  ///   - now: the wall clock in milliseconds since 1970; only compared with the `Date` of answers.
  public init(
    baseURL: String = Self.defaultBaseURL, key: String, account: String, replies: any ReplyStore, http: HTTPClient,
    files: WorkQueue, replyQueue: WorkQueue, clientVersion: String, now: @escaping @Sendable () -> Int64
  ) {
    base = BaseURL(baseURL)
    self.account = account
    self.replies = replies
    self.http = http
    self.files = files
    self.replyQueue = replyQueue
    self.clientVersion = clientVersion
    self.now = now
    self.key = key.trimmed
  }

  /// `.near` where the base URL is on this machine.
  public var pace: PollPace { usualPace }

  /// Known after a request has failed for it.
  public var obstacle: String? { http.obstacle }

  /// It shows seven days.
  public var history: (any ProviderHistory)? { self }

  /// Its history shows every POST of the account for seven days, longer than any prediction stays queued.
  public var remembersAll: Bool { true }

  /// It tells prices and the balance.
  public var pricing: (any ProviderPricing)? { self }

  /// It tells what each prediction was billed.
  public var bills: (any ProviderBills)? { self }

  /// It takes files.
  public var uploads: (any ProviderUploads)? { self }

  /// It lists its models.
  public var catalogue: (any ProviderCatalogue)? { self }

  /// Built from the base URL. The `urls.get` of an answer is not used, because the key would be sent there.
  public func resultURL(for remoteID: String) -> String? {
    Self.isValidID(remoteID) ? "\(base.text)/api/v3/predictions/\(remoteID)/result" : nil
  }

  /// Whether an id may stand in a path.
  static func isValidID(_ id: String) -> Bool {
    (1...128).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  // MARK: - Submit

  /// Sends the bytes of the input, unchanged and at most once.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    let model = prediction.model
    guard let input = prediction.input else {
      completion(.unsent(reason: "The input was not loaded."))
      return
    }
    guard Self.isValidModel(model) else {
      completion(
        .refused(
          PredictionFailure(
            .modelUnavailable, retryable: false, message: "\(clean(model)) is not a valid name of a model.",
            hint: "A name looks like openai/gpt-image-1-high-fidelity; wavespeed.ai/models lists them."), pause: nil))
      return
    }
    guard let headers = headers() else {
      let (message, hint) = Self.invalidKey
      completion(
        .refused(PredictionFailure(.authentication, retryable: false, message: message, hint: hint), pause: nil))
      return
    }
    let request = HTTPRequest(
      url: "\(base.text)/api/v3/\(model)", headers: headers, body: input,
      limits: .init(total: Self.replyLimit(of: input)), bodyLimit: Self.answerLimit.whole,
      plainLimit: Self.answerLimit.plain, purpose: .once(mayStart: mayStart))
    http.send(request) { result in
      let outcome = outcome(of: result, model: model)
      guard case .ambiguous(let reason) = outcome, let reply = Self.reply(in: result) else {
        return completion(outcome)
      }
      replyQueue.async {
        // Searched for in the history as well: the service has what it was paid for.
        let path = try? replies.keepUnread(withoutKey(reply), of: prediction)
        completion(path.map { .unreadable(reason: reason, reply: $0) } ?? outcome)
      }
    }
  }

  /// A reply with a status of success, also one that broke off; `nil` where there is none.
  private static func reply(in result: Result<HTTPResponse, HTTPFailure>) -> StoredReply? {
    let response: HTTPResponse?
    var isWhole = true
    switch result {
    case .success(let answer): response = answer
    case .failure(let failure): (response, isWhole) = (failure.partial, false)
    }
    guard let response, (200..<300).contains(response.status), !response.body.isEmpty else { return nil }
    return StoredReply(response.body, isWhole: isWhole)
  }

  /// Reads a kept reply again: it may hold the id.
  public func reread(_ prediction: Prediction, completion: @escaping @Sendable (SubmitOutcome?) -> Void) {
    files.async {
      guard let reply = replies.unreadReply(of: prediction) else { return completion(nil) }
      completion(outcome(of: .success(HTTPResponse(status: 200, body: reply.body)), model: prediction.model))
    }
  }

  /// Names are put into the path unchanged, with their slashes, so they must not lead out of `/api/v3/` or to one of the
  /// service's own methods there.
  static func isValidModel(_ model: String) -> Bool {
    let segments = model.split(separator: "/", omittingEmptySubsequences: false)
    let methods = [
      "predictions", "models", "model", "balance", "account", "media", "upload", "webhook", "billings", "user",
    ]
    return model.utf8.count <= 512 && !methods.contains(segments[0].lowercased())
      && segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
      && model.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7F && !"?#%\\".utf8.contains(byte)
      }
  }

  /// Sources/Predictions/README.md, "Outcomes of a POST"; the first that fits counts.
  private func outcome(of result: Result<HTTPResponse, HTTPFailure>, model: String) -> SubmitOutcome {
    let response: HTTPResponse
    let broken: HTTPFailure?
    switch self.answer(to: result) {
    case .outcome(let outcome): return outcome
    case .response(let whole, let failure): (response, broken) = (whole, failure)
    }
    let answer = WaveSpeedResponse(response)
    if let answer, let id = answer.id, let object = answer.object {
      return .accepted(
        remoteID: id, result: self.result(of: object, model: model, id: id),
        clockSkew: HTTPTime.skew(response.headers, now: now()))
    }
    if let broken { return .ambiguous(reason: reason(broken)) }
    let status = answer?.status ?? response.status
    let mayRefuse = (300..<500).contains(response.status) || (200..<300).contains(response.status) && status >= 400
    if mayRefuse, HTTPResponse.isRefusal(status) {
      let (failure, pause) = refusal(
        status: status, answer: answer, model: model,
        retryAfter: HTTPTime.retryAfter(response.headers, now: now()))
      return .refused(failure, pause: pause)
    }
    if (200..<300).contains(status) {
      return .ambiguous(
        reason: response.body.isEmpty
          ? "The provider answered HTTP \(response.status), but gave no id." : notUnderstood(response))
    }
    return .ambiguous(reason: "The provider answered HTTP \(status).")
  }

  // MARK: - Poll

  /// Asks for the result.
  public func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {
    poll(prediction, on: nil, completion: completion)
  }

  private func poll(
    _ prediction: Prediction, on queue: WorkQueue?, completion: @escaping @Sendable (PollOutcome) -> Void
  ) {
    guard let id = prediction.remoteID, let url = resultURL(for: id), let headers = headers() else {
      completion(.paused(reason: "There is no remote id, or no key, to ask with."))
      return
    }
    let request = HTTPRequest(
      url: url, headers: headers, limits: .init(total: 30_000), bodyLimit: Self.answerLimit.whole,
      plainLimit: Self.answerLimit.plain, queue: queue)
    let model = prediction.model
    http.send(request) { result in
      completion(outcome(ofPoll: result, model: model, id: id))
    }
  }

  private func outcome(
    ofPoll result: Result<HTTPResponse, HTTPFailure>, model: String, id: String
  ) -> PollOutcome {
    let response: HTTPResponse
    switch result {
    case .success(let whole): response = whole
    case .failure(let failure): return Self.waiting(failure, reason: reason(failure))
    }
    let answer = WaveSpeedResponse(response)
    let after = HTTPTime.retryAfter(response.headers, now: now())
    if (200..<300).contains(response.status), let answer, let object = answer.object, object["status"]?.string != nil,
      answer.status == response.status || answer.id != nil
    {
      guard answer.id == nil || answer.id == id else {
        return .transient(reason: "The provider answered with another prediction.", after: after)
      }
      return .answered(self.result(of: object, model: model, id: id), after: nil)
    }
    let status = answer?.status ?? response.status
    let reason = "The provider answered HTTP \(status)\(quoted(answer?.message))."
    switch status {
    case 200..<300:
      return .transient(reason: "The provider's answer could not be read.", after: after)
    // A page that is not the service's own says nothing about the prediction.
    case 404, 410:
      return answer?.isOwn == true ? .gone(reason: reason) : .paused(reason: reason)
    case 408, 425, 429, 500...:
      return .transient(reason: reason, after: after, isLimited: status == 429)
    default:
      return .paused(reason: reason)
    }
  }

  private static func waiting(_ failure: HTTPFailure, reason: String) -> PollOutcome {
    switch failure.kind {
    case .insecure, .proxy, .unavailable, .badRequest: .paused(reason: reason)
    default: .transient(reason: reason, after: nil)
    }
  }

  // MARK: - Download

  /// Opens a connection to the host of an output, unless polls have one already.
  public func openAhead(for output: String) { openConnection(toHostOf: output) }

  /// Fetches an output, without the key.
  public func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    if output.hasPrefix("inline:") {
      // The output came inside the result, which this process no longer has, so it asks for the result again.
      poll(prediction, on: files) { completion(write($0, index: index, into: writer)) }
      return
    }
    fetch(output, into: writer, completion: completion)
  }

  private func write(_ outcome: PollOutcome, index: Int, into writer: any OutputWriter) -> DownloadOutcome {
    switch outcome {
    case .answered(.completed(let outputs, _, _, _), _):
      guard outputs.indices.contains(index - 1), case .bytes(let bytes, let hint) = outputs[index - 1] else {
        return .expired(reason: "The result has no such output any more.")
      }
      do {
        try writer.write(bytes.span)
        return .written(hint)
      } catch {
        return .unsaved(error)
      }
    case .answered(.running, _): return .transient(reason: "The provider says that it is not finished.")
    case .answered(.failed(let failure, _), _): return .refused(reason: failure.message)
    case .gone(let reason), .unreadable(let reason, _): return .refused(reason: reason)
    case .paused(let reason), .transient(let reason, _, _): return .transient(reason: reason)
    }
  }

  // MARK: - Delete

  /// Deletes the prediction and its outputs at the service. Its documentation does not say whether that costs anything.
  public func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {
    guard let id = prediction.remoteID, Self.isValidID(id), let headers = headers() else {
      completion(.failed(reason: "There is no remote id, or no key, to ask with."))
      return
    }
    var body = JSONWriter()
    body.value(["ids": [.string(id)]] as JSONValue)
    let request = HTTPRequest(
      url: "\(base.text)/api/v3/predictions/delete", headers: headers, body: body.bytes, limits: .init(total: 30_000))
    http.send(request) { result in
      switch result {
      case .failure(let failure): completion(.unanswered(reason: reason(failure)))
      case .success(let response):
        let answer = WaveSpeedResponse(response)
        let status = answer?.status ?? response.status
        if (200..<300).contains(status), (answer?.object?["deleted_count"]?.int64 ?? 0) >= 1 {
          completion(.deleted)
        } else if (200..<300).contains(status) {
          completion(.failed(reason: "The provider did not find it."))
        } else if status == 408 || status == 429 || status >= 500 {
          completion(.unanswered(reason: "The provider answered HTTP \(status)."))
        } else {
          completion(.failed(reason: "The provider answered HTTP \(status)."))
        }
      }
    }
  }

  // MARK: - Pieces

  /// `nil` where the key cannot be sent.
  func headers() -> [HTTPRequest.Header]? {
    guard !key.isEmpty, isKeyValid else { return nil }
    return [
      .init("Authorization", "Bearer \(key)"), .init("Content-Type", "application/json"),
      .init("Accept", "application/json"), .init("User-Agent", userAgent), .init("X-Client-Name", "imagewire"),
      .init("X-Client-Version", clientVersion), .init("X-Client-OS", Self.system),
    ]
  }

  /// The name of this system, as the service's own clients give it.
  static var system: String {
    #if os(macOS)
      "darwin"
    #else
      "linux"
    #endif
  }
}
