internal import JSON
public import Predictions
internal import Threads

/// A store with its clock, and its asynchronous calls as calls that wait.
public protocol StoreCalls {
  /// The store.
  var opened: any PredictionStore { get }
  /// Its clock.
  var time: ManualTime { get }
  /// Where new predictions get their ids.
  var ids: IDSequence { get }
}

/// Makes ids that rise, though the clock stands still.
public final class IDSequence: Sendable {
  private let last = Protected<(moment: Int64, id: PredictionID)?>(nil)

  /// A sequence of its own.
  public init() {}

  /// The next id at a moment.
  public func next(at milliseconds: Int64) -> PredictionID {
    last.withLock { last in
      var id = PredictionID(at: milliseconds)
      // Many ids of one moment reach into the next millisecond.
      if let last, last.moment == milliseconds {
        id = PredictionID(sequence: last.id.sequence + 1, lowBits: id.lowBits)
      }
      last = (milliseconds, id)
      return id
    }
  }
}

/// A call was not answered, or not as the test needs it.
public struct UnexpectedOutcome: Error {
  /// What came instead.
  public let outcome: String
}

extension StoreCalls {
  /// Waits for the completion of a write.
  public func wait<Value: Sendable>(
    _ call: (@escaping @Sendable (Result<Value, StoreError>) -> Void) -> Void
  ) throws -> Value {
    let answer = Protected<Result<Value, StoreError>?>(nil)
    call { result in answer.withLock { $0 = result } }
    opened.flush()
    guard let result = answer.withLock({ $0 }) else { throw UnexpectedOutcome(outcome: "no answer") }
    return try result.get()
  }

  /// Inserts a prediction.
  @discardableResult
  public func insert(
    _ prediction: Prediction, queueLimit: Int = 10_000, repeating rule: RepeatedRequest? = nil
  ) throws -> InsertOutcome {
    try wait { opened.insert(prediction, queueLimit: queueLimit, repeating: rule, completion: $0) }
  }

  /// Applies an event and returns the row afterwards.
  @discardableResult
  public func change(_ id: PredictionID, _ event: PredictionEvent, by writer: Writer? = nil) throws -> Prediction {
    try wait { opened.change(id, event, by: writer, completion: $0) }.after
  }

  /// Claims the oldest queued prediction of an account.
  public func claim(
    _ account: String = "account", concurrency: Int? = nil, perMinute: Int? = nil, orphans: OrphanRule = .sent
  ) throws -> ClaimOutcome {
    try claim(
      ClaimRequest(account: account, maxConcurrency: concurrency, maxPerMinute: perMinute, orphans: orphans))
  }

  /// Claims with all limits.
  public func claim(_ request: ClaimRequest) throws -> ClaimOutcome {
    try wait { opened.claim(request, isWanted: { true }, completion: $0) }
  }

  /// Claims the oldest queued prediction, which must be there and be allowed.
  public func claimed(_ account: String = "account") throws -> Prediction {
    let outcome = try claim(account)
    guard case .claimed(let prediction) = outcome else { throw UnexpectedOutcome(outcome: "\(outcome)") }
    return prediction
  }

  /// Takes over work of processes that have exited.
  public func recover(
    _ accounts: [String: Bool] = ["account": true], awaited: [PredictionID] = []
  ) throws -> Recovery {
    try wait { opened.recover(accounts: accounts, awaited: awaited, completion: $0) }
  }

  /// Deletes predictions.
  public func delete(_ ids: [PredictionID]) throws -> DeleteOutcome {
    try wait { opened.delete(ids, completion: $0) }
  }

  /// Deletes a batch of old predictions.
  public func prune(_ request: PruneRequest) throws -> PruneBatch {
    try wait { opened.prune(request, completion: $0) }
  }

  /// A new prediction, which is not inserted yet.
  public func new(_ prompt: String = "a cat", key: String? = nil, account: String = "account") -> Prediction {
    .sample(prompt, id: ids.next(at: time.now.wall), key: key, account: account)
  }

  /// A prediction that the provider accepted.
  public func polling(_ prompt: String = "a cat", remoteID: String = "r-1") throws -> Prediction {
    try insert(new(prompt))
    let row = try claimed()
    return try change(row.id, .accepted(remoteID: remoteID, clockSkew: 0))
  }

  /// A prediction whose reply was lost.
  public func looking(_ prompt: String = "a cat") throws -> Prediction {
    try insert(new(prompt))
    let row = try claimed()
    return try change(row.id, .ambiguous(reason: "No reply.", canLook: true), by: row.writer)
  }
}

extension Prediction {
  /// A new prediction for tests; without an `id` of the given time.
  public static func sample(
    _ prompt: String = "a cat", id: PredictionID? = nil, at milliseconds: Int64 = 1_763_900_000_000, key: String? = nil,
    account: String = "account", provider: String = "wavespeed", model: String = "m", tags: [String] = [],
    folder: String = "/nowhere", name: String? = nil
  ) -> Prediction {
    let input = JSONObject([("prompt", .string(prompt))])
    return Prediction(
      id: id ?? PredictionID(at: milliseconds), provider: provider, model: model,
      input: JSONValue.object(input).serialized, tags: tags, idempotencyKey: key,
      fingerprint: Fingerprint.of(provider: provider, model: model, input: input), account: account,
      outputDirectory: folder, outputName: name)
  }

  /// The owner of this row, under its epoch.
  public var writer: Writer { Writer(owner: owner ?? "", epoch: epoch) }
}
