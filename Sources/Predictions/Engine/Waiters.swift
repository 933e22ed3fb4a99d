/// The waits for predictions, with their deadlines. A pure struct; the engine calls the closures.
struct Waiters: Sendable {
  struct Waiter: Sendable {
    var ids: [PredictionID]
    var mode: WaitMode
    var deadline: Int64
    /// When progress is reported next; `nil` where the caller wants none.
    var tick: Int64?
    var onProgress: (@Sendable (PredictionSnapshot) -> Void)?
    var completion: @Sendable (WaitOutcome) -> Void
    /// Predictions whose rows say that they are settled but that are about to change: they count as unsettled until
    /// `release`.
    var held: Set<PredictionID> = []

    fileprivate func isFulfilled(_ isSettled: (PredictionID) -> Bool) -> Bool {
      mode.isFulfilled(ids) { !held.contains($0) && isSettled($0) }
    }

    fileprivate var nextWake: Int64 { min(deadline, tick ?? .max) }
  }

  private var waiters: [WaitID: Waiter] = [:]
  private var byPrediction: [PredictionID: Set<WaitID>] = [:]
  private var last: UInt64 = 0

  /// The next moment at which a wait may expire or report. May be too early, where the wait has ended since; not too
  /// late.
  private(set) var nextWake: Int64?

  var isEmpty: Bool { waiters.isEmpty }

  /// Whether a wait names this prediction.
  func isAwaited(_ id: PredictionID) -> Bool { byPrediction[id] != nil }

  /// All predictions that waits name.
  var awaited: some Sequence<PredictionID> { byPrediction.keys }

  mutating func add(_ waiter: Waiter) -> WaitID {
    last += 1
    let id = WaitID(number: last)
    waiters[id] = waiter
    nextWake = min(nextWake ?? .max, waiter.nextWake)
    for prediction in waiter.ids { byPrediction[prediction, default: []].insert(id) }
    return id
  }

  mutating func remove(_ id: WaitID) -> Waiter? {
    guard let waiter = waiters.removeValue(forKey: id) else { return nil }
    if waiters.isEmpty { nextWake = nil }
    for prediction in waiter.ids {
      byPrediction[prediction]?.remove(id)
      if byPrediction[prediction]?.isEmpty == true { byPrediction[prediction] = nil }
    }
    return waiter
  }

  /// Takes out the waits that are fulfilled now that this prediction has changed.
  mutating func takeFulfilled(by prediction: PredictionID, isSettled: (PredictionID) -> Bool) -> [Waiter] {
    guard let ids = byPrediction[prediction] else { return [] }
    return ids.sorted { $0.number < $1.number }.compactMap { id in
      guard let waiter = waiters[id], waiter.isFulfilled(isSettled) else { return nil }
      return remove(id)
    }
  }

  /// Counts a held prediction by its row again, and takes the wait out if it is fulfilled now.
  mutating func release(_ prediction: PredictionID, in id: WaitID, isSettled: (PredictionID) -> Bool) -> Waiter? {
    waiters[id]?.held.remove(prediction)
    guard let waiter = waiters[id], waiter.isFulfilled(isSettled) else { return nil }
    return remove(id)
  }

  /// Takes out the waits whose deadline has passed.
  mutating func takeExpired(_ now: Int64) -> [Waiter] {
    let expired = waiters.filter { $0.value.deadline <= now }.keys.sorted { $0.number < $1.number }
    defer { nextWake = waiters.values.map(\.nextWake).min() }
    return expired.compactMap { remove($0) }
  }

  /// Takes out all waits.
  mutating func takeAll() -> [Waiter] {
    waiters.keys.sorted { $0.number < $1.number }.compactMap { remove($0) }
  }

  /// The waits that report progress now.
  mutating func ticking(_ now: Int64, interval: Int64) -> [Waiter] {
    let ids = waiters.filter { $0.value.tick.map { $0 <= now } ?? false }.keys
    defer { nextWake = waiters.values.map(\.nextWake).min() }
    return ids.compactMap { id in
      waiters[id]?.tick = now + interval
      return waiters[id]
    }
  }
}

/// The id of a wait, by which it can be ended early.
public struct WaitID: Hashable, Sendable {
  let number: UInt64
}

/// When a wait is over.
public enum WaitMode: String, Sendable, CaseIterable {
  /// When one prediction is settled.
  case any
  /// When all predictions are settled.
  case all

  func isFulfilled(_ ids: [PredictionID], isSettled: (PredictionID) -> Bool) -> Bool {
    switch self {
    case .any: ids.contains(where: isSettled)
    case .all: ids.allSatisfy(isSettled)
    }
  }
}

/// How a wait ended.
public struct WaitOutcome: Sendable {
  /// Whether the condition was met; otherwise the time was up.
  public let isFulfilled: Bool
  /// The present state of the predictions, in the order of the request, without the ones that were deleted meanwhile.
  public let snapshots: [PredictionSnapshot]

  /// An outcome.
  public init(isFulfilled: Bool, snapshots: [PredictionSnapshot]) {
    self.isFulfilled = isFulfilled
    self.snapshots = snapshots
  }
}

/// The state of a prediction at one revision. Immutable, so that it can be shared and its JSON kept.
public final class PredictionSnapshot: Sendable {
  /// The prediction.
  public let prediction: Prediction
  /// The provider's result URL, where there is one.
  public let resultURL: String?
  /// The pause of its account, where it waits for the end of one.
  public let waiting: Waiting?
  /// Warnings about the input; only in the answer to a submit.
  public let warnings: [InputSchema.Problem]

  /// A snapshot.
  public init(
    _ prediction: consuming Prediction, resultURL: String?, waiting: Waiting? = nil,
    warnings: [InputSchema.Problem] = []
  ) {
    self.prediction = prediction
    self.resultURL = resultURL
    self.waiting = waiting
    self.warnings = warnings
  }

  /// The same, with the pause of its account.
  func with(waiting: Waiting) -> PredictionSnapshot {
    PredictionSnapshot(prediction, resultURL: resultURL, waiting: waiting, warnings: warnings)
  }

  /// The same, with warnings about its input.
  public func with(warnings: [InputSchema.Problem]) -> PredictionSnapshot {
    warnings.isEmpty ? self : PredictionSnapshot(prediction, resultURL: resultURL, waiting: waiting, warnings: warnings)
  }

  /// Whether the outcome of its POST is unknown and no process searches for it at the moment.
  var waitsForSearch: Bool {
    prediction.phase == .looking && prediction.owner == nil && prediction.nextAt != nil
  }

  /// As `Prediction.isChained`, which would copy the prediction at every `status`.
  var isChained: Bool { prediction.status == .created && prediction.references == .awaited }

  /// Whether its download was given up, and `result` tries it again.
  var hasMissingFiles: Bool {
    prediction.status == .completed && prediction.phase == nil && prediction.failure?.kind == .downloadFailed
      && prediction.failure?.isFinal == false
  }

  /// Whether it is terminal and no download is being tried again.
  public var isSettled: Bool {
    prediction.status.isTerminal && !(prediction.status == .completed && prediction.phase == .fetching)
  }
}
