import Predictions
import PredictionsTestSupport
import Threads

/// A provider that follows a test's script. Without a script everything succeeds: the POST is accepted, the first poll
/// finds it completed with one output, the download gives a few bytes.
final class ScriptedProvider: Provider, ProviderHistory, ProviderUploads {
  /// The outcome of a POST.
  enum Submit: Sendable {
    case answer(SubmitOutcome)
    /// The first byte is written; the outcome comes with `reply`.
    case hang
    /// The POST has not begun; `start` begins it.
    case wait
  }

  struct Call: Sendable {
    var prediction: Prediction
    var mayStart: @Sendable () -> Bool
    var preview: @Sendable (PartialImage) -> Void
    var completion: @Sendable (SubmitOutcome) -> Void
  }

  /// A struct, because a lock must not hold a bare closure; see `Protected`.
  struct Check: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  struct State {
    var submits: [Submit] = []
    var polls: [PollOutcome] = []
    var downloads: [DownloadOutcome] = []
    var searches: [HistoryOutcome] = []
    /// The predictions that were searched for.
    var searched: [PredictionID] = []
    /// POSTs whose first byte was written, by prediction.
    var posted: [PredictionID] = []
    /// The inputs of the POSTs.
    var bodies: [String] = []
    var uploads: [UploadOutcome] = []
    /// The names of the files that were uploaded.
    var uploaded: [String] = []
    var uploadsHang = false
    var lifetime: Int64? = 1_000
    var hangingUploads: [@Sendable (UploadOutcome) -> Void] = []
    var polled = 0
    var deleted: [PredictionID] = []
    var waiting: [Call] = []
    var hanging: [Call] = []
    var pollsHang = false
    var hangingPolls: [@Sendable (PollOutcome) -> Void] = []
    /// Runs whenever the engine asks whether the history is empty; and how often it has asked.
    var historyCheck: Check?
    var historyChecks = 0
    var canRepeat = true
    var forgotten: [PredictionID] = []
    /// The outputs to whose hosts connections were opened.
    var opened: [String] = []
  }

  let name = "scripted"
  let account = "account"
  let defaultModel = "model"
  let pace: PollPace
  let isLimited = true
  let isEmbedded = false
  let state = Protected(State())
  private let journal: Journal
  private let keepsHistory: Bool
  private let queue = WorkQueue()

  init(journal: Journal, keepsHistory: Bool = true, pace: PollPace = .near) {
    self.journal = journal
    self.pace = pace
    self.keepsHistory = keepsHistory
  }

  static func finished(_ outputs: Int = 1) -> RemoteResult {
    .completed(
      outputs: (1...outputs).map { .location("https://cdn.example/\($0).png") },
      hasNSFWContents: Array(repeating: false, count: outputs), inferenceMilliseconds: 100)
  }

  func resultURL(for remoteID: String) -> String? { "https://api.example/\(remoteID)" }

  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    submit(prediction, mayStart: mayStart, preview: { _ in }, completion: completion)
  }

  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    let call = Call(prediction: prediction, mayStart: mayStart, preview: preview, completion: completion)
    queue.async { [self] in
      let script = state.withLock { state in
        state.submits.isEmpty
          ? Submit.answer(.accepted(remoteID: "r-\(state.posted.count + 1)", result: .running, clockSkew: 0))
          : state.submits.removeFirst()
      }
      if case .wait = script { return state.signal { $0.waiting.append(call) } }
      guard begin(call) else { return }
      if case .answer(let outcome) = script { completion(outcome) } else { state.signal { $0.hanging.append(call) } }
    }
  }

  /// Writes the first byte, if the engine allows it.
  private func begin(_ call: Call) -> Bool {
    guard call.mayStart() else {
      call.completion(.unsent(reason: "It was stopped."))
      return false
    }
    journal.note("POST")
    state.signal { state in
      state.posted.append(call.prediction.id)
      state.bodies.append(String(decoding: call.prediction.input ?? [], as: UTF8.self))
    }
    return true
  }

  /// Begins a POST that waits.
  func start() {
    guard let call = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }), begin(call) else {
      return
    }
    state.signal { $0.hanging.append(call) }
  }

  /// Gives a partial image to the oldest POST in flight.
  func show(_ partial: PartialImage) {
    state.withLock { $0.hanging.first }?.preview(partial)
  }

  /// Gives the reply to the oldest POST in flight.
  func reply(_ outcome: SubmitOutcome) {
    state.withLock { $0.hanging.isEmpty ? nil : $0.hanging.removeFirst() }?.completion(outcome)
  }

  var uploads: (any ProviderUploads)? { self }
  let byteLimit: Int64 = 100
  var lifetime: Int64? { state.withLock { $0.lifetime } }

  func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    queue.async { [self] in
      journal.note("upload")
      let outcome = state.signal { state -> UploadOutcome? in
        state.uploaded.append(file.name)
        if state.uploadsHang {
          state.hangingUploads.append(completion)
          return nil
        }
        return state.uploads.isEmpty ? .uploaded("https://cdn.example/in/\(file.name)") : state.uploads.removeFirst()
      }
      if let outcome { completion(outcome) }
    }
  }

  func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {
    queue.async { [self] in
      journal.note("poll")
      let outcome = state.signal { state -> PollOutcome? in
        state.polled += 1
        if state.pollsHang {
          state.hangingPolls.append(completion)
          return nil
        }
        return state.polls.isEmpty ? .answered(Self.finished(), after: nil) : state.polls.removeFirst()
      }
      if let outcome { completion(outcome) }
    }
  }

  func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    queue.async { [self] in
      journal.note("download")
      // It does not store bytes that came with an answer.
      guard !output.hasPrefix("inline:") else { return completion(.expired(reason: "They are in the answer.")) }
      let outcome = state.withLock { $0.downloads.isEmpty ? .written() : $0.downloads.removeFirst() }
      if outcome == .written() { try? writer.write(Array("\(output)".utf8).span) }
      completion(outcome)
    }
  }

  func openAhead(for output: String) { state.signal { $0.opened.append(output) } }

  var history: (any ProviderHistory)? { keepsHistory ? self : nil }
  var historyWindow: HistoryWindow { .ofTests }
  var remembersAll: Bool { keepsHistory }

  var isHistoryEmpty: Bool {
    let check = state.withLock { state in
      state.historyChecks += 1
      return state.historyCheck
    }
    check?.run()
    return false
  }

  func search(
    for prediction: Prediction, window: ClosedRange<Int64>, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    queue.async { [self] in
      state.withLock { $0.searched.append(prediction.id) }
      completion(state.withLock { $0.searches.count > 1 ? $0.searches.removeFirst() : $0.searches.first ?? .found([]) })
    }
  }

  func canRepeat(_ prediction: Prediction) -> Bool { state.withLock { $0.canRepeat } }

  func forget(_ prediction: Prediction) { state.signal { $0.forgotten.append(prediction.id) } }

  func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {
    queue.async { [self] in
      state.signal { $0.deleted.append(prediction.id) }
      completion(.deleted)
    }
  }
}
