internal import Encoding
public import JSON
public import Predictions
internal import Threads

/// A provider that draws on this machine: offline, free, and the same bytes for the same input.
///
/// It stores nothing. The time of sending is in the remote id, and the content in the input, so any process can poll and
/// download predictions of another. `input.sandbox` simulates the behaviour of real providers.
public struct Sandbox: Provider {
  /// The same for all processes, because there is no key.
  public let account: String
  /// The same as WaveSpeed's, so that a client need not name another model for the real service.
  public let defaultModel = "openai/gpt-image-1-high-fidelity"
  /// Local.
  public let pace = PollPace.near
  /// It has no limits.
  public let isLimited = false
  /// `download` draws its outputs.
  public let isEmbedded = true
  /// The images of edits, which it draws without looking at them.
  public let commonFields: Set<String> = ["image", "images", "mask"]

  private let time: any TimeSource
  private let queue = WorkQueue()

  /// A sandbox.
  public init(account: String, time: any TimeSource) {
    self.account = account
    self.time = time
  }

  /// It has none.
  public func resultURL(for remoteID: String) -> String? { nil }

  // MARK: - Submit and poll

  /// Accepts or refuses a prediction by its input.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    queue.async { [time] in
      guard mayStart() else { return completion(.unsent(reason: "It was stopped before it was sent.")) }
      completion(Self.outcome(of: prediction, at: time.now.wall))
    }
  }

  private static func outcome(of prediction: Prediction, at now: Int64) -> SubmitOutcome {
    let order: SandboxInput
    do throws(SandboxInput.Refusal) {
      order = try SandboxInput(prediction.input ?? [])
    } catch {
      return .refused(
        PredictionFailure(
          .invalidInput, retryable: false, message: "\(error.message) Nothing is billed.",
          hint: "Correct input.\(error.path)."),
        pause: nil)
    }
    if order.losesReply || order.failure == .submissionUnknown {
      return .ambiguous(reason: "The sandbox lost the reply, as input.sandbox asks.")
    }
    switch order.failure {
    case .network: return .unsent(reason: "The sandbox could not be reached, as input.sandbox asks.")
    case .authentication, .insufficientCredit, .rateLimited, .invalidInput, .contentRefused, .modelUnavailable,
      .configuration:
      return .refused(failure(order.failure!, billing: .none), pause: nil)
    default: break
    }
    let id = remoteID(of: prediction, sentAt: prediction.startedAt ?? now)
    return .accepted(
      remoteID: id, result: result(of: order, sentAt: prediction.startedAt ?? now, now: now), clockSkew: 0)
  }

  /// Answers whether its delay has passed.
  public func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {
    queue.async { [time] in
      guard let id = prediction.remoteID, let sentAt = Self.sentAt(id),
        let order = try? SandboxInput(prediction.input ?? [])
      else {
        return completion(.gone(reason: "This is not a prediction of the sandbox."))
      }
      let now = time.now.wall
      let result = Self.result(of: order, sentAt: sentAt, now: now)
      completion(.answered(result, after: order.isEndless ? nil : max(1, sentAt + order.delay - now)))
    }
  }

  private static func result(of order: SandboxInput, sentAt: Int64, now: Int64) -> RemoteResult {
    if order.isEndless || now < sentAt + order.delay { return .running }
    if let kind = order.failure, kind != .downloadFailed {
      return .failed(failure(kind, billing: .refunded), billing: .refunded)
    }
    return .completed(
      outputs: (1...order.count).map { .location("sandbox:\($0)") },
      hasNSFWContents: Array(repeating: order.isUnsafe, count: order.count), inferenceMilliseconds: order.delay)
  }

  private static func failure(_ kind: PredictionFailure.Kind, billing: Billing) -> PredictionFailure {
    PredictionFailure(
      kind, retryable: [.rateLimited, .remoteError, .remoteTimeout, .network, .internal].contains(kind),
      message: "The sandbox failed with \(kind.rawValue), as input.sandbox asks."
        + (billing == .none ? " Nothing is billed." : " A provider would refund it."),
      hint: "Remove input.sandbox.fail to get an image.")
  }

  // MARK: - The remote id: the time of sending, and the start of the fingerprint

  private static func remoteID(of prediction: Prediction, sentAt: Int64) -> String {
    "sandbox-\(String(sentAt, radix: 36))-\(prediction.fingerprint.prefix(4).hexadecimal)"
  }

  private static func sentAt(_ remoteID: String) -> Int64? {
    let parts = remoteID.split(separator: "-")
    return parts.count == 3 && parts[0] == "sandbox" ? Int64(parts[1], radix: 36) : nil
  }

  // MARK: - Drawing

  /// Draws one output.
  public func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    queue.async {
      guard let order = try? SandboxInput(prediction.input ?? []) else {
        return completion(.refused(reason: "Its input cannot be read any more."))
      }
      if order.failure == .downloadFailed {
        return completion(.transient(reason: "The sandbox withheld the image, as input.sandbox asks."))
      }
      let canvas = Scene.paint(order.prompt, index: index, width: order.width, height: order.height)
      let file = PNG.encode(canvas.pixels, width: order.width, height: order.height)
      do throws(OutputError) {
        try writer.write(file.span)
        completion(.written())
      } catch {
        completion(.unsaved(error))
      }
    }
  }

  // MARK: - Money, history and deletion

  /// Every prediction is free.
  public var pricing: (any ProviderPricing)? { self }

  /// It accepts any file and reads none.
  public var uploads: (any ProviderUploads)? { self }

  /// It draws for any model.
  public var catalogue: (any ProviderCatalogue)? { self }

  /// It finds predictions after a simulated `lost_reply`.
  public var history: (any ProviderHistory)? { self }

  /// Does nothing.
  public func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {
    completion(.deleted)
  }
}

extension Sandbox: ProviderPricing {
  /// 0, exactly.
  public func quote(
    model: String, input: JSONObject, atMost milliseconds: Int64,
    completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void
  ) {
    completion(.success(Quote(micros: 0, currency: "USD", isExact: true)))
  }

  /// 0.
  public func balance(completion: @escaping @Sendable (Result<Balance, ProviderError>) -> Void) {
    completion(.success(Balance(micros: 0, currency: "USD")))
  }
}

extension Sandbox: ProviderUploads {
  /// The same as WaveSpeed's.
  public var byteLimit: Int64 { WaveSpeed.uploadLimit }

  /// Nothing is uploaded.
  public var lifetime: Int64? { nil }

  /// Reads nothing.
  public func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    completion(.uploaded("sandbox:\(file.name)"))
  }
}

extension Sandbox: ProviderHistory {
  /// Finds the prediction itself, unless `input.sandbox.fail` is `submission_unknown`.
  public func search(
    for prediction: Prediction, window: ClosedRange<Int64>, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    queue.async {
      guard let sentAt = prediction.startedAt, let order = try? SandboxInput(prediction.input ?? []),
        order.failure != .submissionUnknown
      else { return completion(.found([])) }
      completion(
        .found([
          HistoryMatch(
            remoteID: Self.remoteID(of: prediction, sentAt: sentAt), createdAt: sentAt, clockSkew: 0, isNamed: true,
            window: historyWindow)
        ]))
    }
  }
}
