/// How often the predictions of one account want to be polled, and by what factor their pauses are stretched where that is more
/// than the account may ask. A pure struct.
///
/// Without it many predictions would wait in a line, and polls would not go where completions are likely.
struct PollLoad: Sendable, Equatable {
  /// What one prediction wants: one poll in the pause that it would have alone.
  struct Demand: Sendable, Equatable {
    var isAwaited: Bool
    /// Polls a second.
    var rate: Double

    init(isAwaited: Bool, pause: Double) {
      self.isAwaited = isAwaited
      rate = 1 / max(pause, 0.001)
    }
  }

  /// Polls a second that the account may send.
  let limit: Double
  private var awaited = Sum()
  private var others = Sum()

  init(limit: Double) {
    self.limit = limit
  }

  mutating func replace(_ old: Demand?, by new: Demand?) {
    if let old { if old.isAwaited { awaited.remove(old.rate) } else { others.remove(old.rate) } }
    if let new { if new.isAwaited { awaited.add(new.rate) } else { others.add(new.rate) } }
  }

  /// The factor of pauses, at least 1. Each of the two groups may use what the other does not want, and at least half.
  func stretch(isAwaited: Bool) -> Double {
    let (own, other) = isAwaited ? (awaited.rate, others.rate) : (others.rate, awaited.rate)
    return max(1, own / max(limit / 2, limit - other))
  }

  private struct Sum: Sendable, Equatable {
    var rate = 0.0
    var count = 0

    mutating func add(_ one: Double) {
      rate += one
      count += 1
    }

    /// Begins at zero again when it is empty, so that errors of rounding do not add up.
    mutating func remove(_ one: Double) {
      count -= 1
      rate = count > 0 ? max(rate - one, 0) : 0
    }
  }
}
