/// Who may be polled when: one line for an account, at so many polls a second however many predictions it has.
///
/// After a laptop's sleep everything is due at once; the line spreads it. Those that somebody waits for go first, three
/// of four times, so that nobody else is forgotten.
struct PollRateLimiter: Sendable {
  /// Milliseconds between two turns.
  private let interval: Double
  /// How many turns may be saved up: one second's.
  private let burst: Double
  private var turns: Double
  private var countedAt: Int64?
  private var awaited = Queue()
  private var others = Queue()
  private var taken = 0

  /// An empty line.
  ///
  /// - Parameter rate: polls a second.
  init(rate: Int) {
    interval = 1_000 / Double(rate)
    burst = Double(rate)
    turns = burst
  }

  /// When the next turn comes; `nil` where nobody is in line.
  var nextTurn: Int64? {
    guard !awaited.isEmpty || !others.isEmpty, let countedAt else { return nil }
    return countedAt + Int64(((1 - turns) * interval).rounded(.up))
  }

  /// Lines up. Whoever lines up twice (because somebody waits for it now) is polled once: see `take`.
  mutating func add(_ id: PredictionID, isAwaited: Bool) {
    if isAwaited { awaited.append(id) } else { others.append(id) }
  }

  /// Those whose turn it is.
  ///
  /// - Parameter isWaiting: whether one is still in line; asked immediately before its turn, and one that is not costs none.
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
