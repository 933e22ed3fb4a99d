import Encoding
import Predictions
import Threads

@testable import HTTP
@testable import HTTPTestSupport
@testable import Providers

extension Loopback {
  /// A provider for this server, with a client without proxies.
  func provider(
    key: String = secret, http: HTTPClient = client(), files: WorkQueue = WorkQueue(), base: String? = nil
  ) -> WaveSpeed {
    WaveSpeed(
      baseURL: base ?? url, key: key, account: "account", replies: NoReplies(), http: http, files: files,
      replyQueue: WorkQueue(), clientVersion: "0.0-test",
      now: { wallMilliseconds() })
  }
}

extension WaveSpeed {
  func submit(_ prediction: Prediction, mayStart: Bool = true) -> SubmitOutcome {
    wait { submit(prediction, mayStart: { mayStart }, completion: $0) }
  }

  func poll(_ prediction: Prediction) -> PollOutcome {
    wait { poll(prediction, completion: $0) }
  }

  func download(_ output: String, of prediction: Prediction, into writer: MemoryWriter) -> DownloadOutcome {
    wait { download(output, index: 1, of: prediction, into: writer, completion: $0) }
  }

  func delete(_ prediction: Prediction) -> DeletionOutcome {
    wait { delete(prediction, completion: $0) }
  }

  func search(for prediction: Prediction, _ window: ClosedRange<Int64>) -> HistoryOutcome {
    wait { search(for: prediction, window: window, completion: $0) }
  }
}

func prediction(
  input: String = #"{"prompt":"a red cat","seed":9007199254740993}"#,
  model: String = "openai/gpt-image-1-high-fidelity", remoteID: String? = nil
) -> Prediction {
  var prediction = Prediction(
    id: PredictionID(at: wallMilliseconds()), provider: "wavespeed", model: model,
    input: Array(input.utf8), fingerprint: [], account: "account", outputDirectory: "/tmp")
  prediction.remoteID = remoteID
  return prediction
}

/// Stores the written bytes, or fails. Stops where it is written to outside its queue, if it has one.
final class MemoryWriter: OutputWriter {
  private let kept = Protected<[UInt8]>([])
  private let failure: OutputError?

  private let queue: WorkQueue?

  init(failing failure: OutputError? = nil, on queue: WorkQueue? = nil) {
    self.failure = failure
    self.queue = queue
  }

  var bytes: [UInt8] { kept.withLock { $0 } }

  func write(_ bytes: borrowing Span<UInt8>) throws(OutputError) {
    queue?.assertIsCurrent()
    if let failure { throw failure }
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    kept.withLock { $0 += copy }
  }

  func expect(_ bytes: Int64) throws(OutputError) {
    queue?.assertIsCurrent()
    if bytes > 2 << 30 { throw .tooLarge(limit: 2 << 30) }
  }

  func restart() { kept.withLock { $0 = [] } }

  func finish(_ hint: FormatHint) throws(OutputError) {}
  func discard() {}
}
