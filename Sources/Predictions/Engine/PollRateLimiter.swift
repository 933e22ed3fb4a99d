/// Limits the polls of an account per second, however many predictions it has. A pure struct.
///
/// After a laptop's sleep all polls are due at once; this spreads them. Predictions that a client waits for go first in
/// three turns of four, so that the others are not starved.
struct PollRateLimiter: Sendable {
  /// Milliseconds between two turns.
  private let interval: Double
  /// How many turns may accumulate: those of one second.
  private let burst: Double
  private var turns: Double
  private var countedAt: Int64?
  private var awaited = Queue()
  private var others = Queue()
  private var taken = 0

  /// A limiter without predictions.
  ///
  /// - Parameter rate: polls a second.
  init(rate: Int) {
    interval = 1_000 / Double(rate)
    burst = Double(rate)
    turns = burst
  }

  /// When the next turn comes; `nil` where no prediction waits.
  var nextTurn: Int64? {
    guard !awaited.isEmpty || !others.isEmpty, let countedAt else { return nil }
    return countedAt + Int64(((1 - turns) * interval).rounded(.up))
  }

  /// Adds a prediction. One that is added twice (because a client waits for it now) is polled once: see `take`.
  mutating func add(_ id: PredictionID, isAwaited: Bool) {
    if isAwaited { awaited.append(id) } else { others.append(id) }
  }

  /// Takes out the predictions whose turn has come.
  ///
  /// - Parameter isWaiting: whether a prediction still waits; called immediately before its turn. If not, no turn is
  ///   used.
  mutating func take(_ now: Int64, isWaiting: (PredictionID) -> Bool) -> [PredictionID] {
    turns = min(burst, turns + Double(max(0, now - (countedAt ?? now))) / interval)
    countedAt = now
    var ids: [PredictionID] = []
    var seen: Set<PredictionID> = []
    while turns >= 1 {
      let prefersOthers = taken % 4 == 3
      guard let id = prefersOthers ? others.pop() ?? awaited.pop() : awaited.pop() ?? others.pop() else { break }
      guard isWaiting(id), seen.insert(id).inserted else { continue }
      turns -= 1
      taken += 1
      ids.append(id)
    }
    return ids
  }

  /// First in, first out.
  private struct Queue: Sendable {
    private var ids: [PredictionID] = []
    private var first = 0

    var isEmpty: Bool { first == ids.count }

    mutating func append(_ id: PredictionID) { ids.append(id) }

    mutating func pop() -> PredictionID? {
      guard first < ids.count else { return nil }
      defer {
        first += 1
        if first == ids.count || first > 1_024 {
          ids.removeSubrange(..<first)
          first = 0
        }
      }
      return ids[first]
    }
  }
}
