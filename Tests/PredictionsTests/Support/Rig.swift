import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Events of all threads, in order.
final class Journal: Sendable {
  private let entries = Protected<[String]>([])

  func note(_ entry: String) { entries.signal { $0.append(entry) } }

  var all: [String] { entries.withLock { $0 } }

  func count(_ entry: String) -> Int { all.count { $0 == entry } }
}

extension ProviderDescriptor {
  /// Of a provider that is not installed, and with which alone the field `script` works.
  static let played = ProviderDescriptor(
    name: "played", title: "Played", summary: "", access: nil, isFree: true, tellsPrices: true, takesUploads: true,
    ownFields: ["script"])
}

/// An engine with everything around it in memory.
struct Rig {
  let journal: Journal
  let time: ManualTime
  let table: MemoryTable
  let store: MemoryStore
  let outputs: MemoryOutputs
  let previews: MemoryPreviews
  let inputs = MemoryInputs()
  let provider: ScriptedProvider
  let engine: PredictionEngine
  let notices = Protected<[String]>([])

  /// - Parameter other: the new rig shares its database and clock, like another process on the same state directory.
  init(
    sharing other: Rig? = nil, owner: String = "me", keepsHistory: Bool = true, limits: AccountLimits = AccountLimits(),
    retention: Int64? = nil, pace: PollPace = .near
  ) {
    journal = other?.journal ?? Journal()
    time = other?.time ?? ManualTime(steady: 1_000_000)
    table = other?.table ?? MemoryTable(journal: journal, time: time)
    store = MemoryStore(table, owner: owner)
    outputs = MemoryOutputs()
    previews = other?.previews ?? MemoryPreviews()
    provider = ScriptedProvider(journal: journal, keepsHistory: keepsHistory, pace: pace)
    let notices = notices
    engine = PredictionEngine(
      store: store, outputs: outputs, previews: previews, inputs: inputs, time: time, limits: limits,
      defaults: Defaults(provider: "scripted", model: nil, outputDirectory: "/out"), retention: retention,
      providers: [.played], seed: 1,
      notice: { notice in notices.withLock { $0.append(notice) } })
    engine.install(.ready(provider), as: "scripted")
  }

  // MARK: - Time

  /// Moves the clock, and wakes the thread that waits for it.
  func advance(_ milliseconds: Int64) {
    time.advance(milliseconds)
    engine.alarmMoves.signal { $0 &+= 1 }
  }

  /// Lets time pass until a condition holds: about 10 milliseconds of the rig's clock for one of real time.
  func eventually(
    _ comment: Comment, by step: Int64 = 10, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () -> Bool
  ) throws {
    for _ in 0..<20_000 {
      if holds() { return }
      advance(step)
      _ = table.state.wait(atMost: 1) { _ in nil as Bool? }
    }
    try #require(holds(), comment, sourceLocation: sourceLocation)
  }

  /// Waits, without moving the clock, until a condition holds that other threads bring about.
  func soon(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () -> Bool) throws {
    try eventually(comment, by: 0, sourceLocation: sourceLocation, holds)
  }

  // MARK: - Calls that wait

  func request(_ prompt: String = "a cat", key: String? = nil) -> PredictionRequest {
    var request = PredictionRequest(input: JSONObject([("prompt", .string(prompt))]))
    request.idempotencyKey = key
    return request
  }

  @discardableResult
  func submit(_ prompt: String = "a cat", key: String? = nil) throws -> Prediction {
    let answer = Protected<Result<PredictionEngine.Accepted, SubmitError>?>(nil)
    try engine.submit(request(prompt, key: key)) { result in answer.signal { $0 = result } }
    engine.settle()
    let result = try #require(answer.wait(atMost: 20_000) { $0 })
    return try result.get().snapshot.prediction
  }

  @discardableResult
  func cancel(_ id: PredictionID, deleteRemote: Bool = false) throws -> Prediction {
    let answer = Protected<Result<PredictionSnapshot, StoreError>?>(nil)
    engine.cancel(id, deleteRemote: deleteRemote) { result in answer.signal { $0 = result } }
    engine.settle()
    let result = try #require(answer.wait(atMost: 20_000) { $0 })
    return try result.get().prediction
  }

  func status(_ id: PredictionID) throws -> Prediction {
    try #require(try engine.snapshot(id)).prediction
  }

  /// Waits for the result in the engine, and lets time pass.
  func result(_ id: PredictionID, atMost milliseconds: Int64 = 600_000) throws -> Prediction {
    let answers = Answers()
    try engine.wait(for: [id], atMost: milliseconds, completion: answers.take)
    try eventually("the wait is answered") { !answers.all.isEmpty }
    return try #require(answers.all.first?.snapshots.first).prediction
  }

  /// The row of a prediction, which must exist.
  func row(_ id: PredictionID) throws -> Prediction { try #require(table.row(id)) }

  var posts: [PredictionID] { provider.state.withLock { $0.posted } }
}

/// Collects the answers to waits, from any thread.
final class Answers: Sendable {
  private let outcomes = Protected<[WaitOutcome]>([])

  var all: [WaitOutcome] { outcomes.withLock { $0 } }

  var take: @Sendable (WaitOutcome) -> Void {
    { [outcomes] outcome in outcomes.signal { $0.append(outcome) } }
  }
}
