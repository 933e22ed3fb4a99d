internal import JSON

/// The position of one subscription in the log of changes: what to read, what to send, and when. A pure struct; its
/// owner does what `next` returns and reports back.
///
/// It works in rounds. A round begins with one read of the log, which has each prediction once, under its newest
/// number; all of these are sent in that order. After a quiet time `burst` rounds may follow each other at once, so that the
/// last of a few quick changes does not wait; otherwise one begins each interval. So no prediction is sent more than ten times
/// in a second, numbers only rise, and a subscriber that continues after the number sent last misses nothing. A slow reader
/// makes the rounds longer, and needs no more memory: changes during a round are one line for each prediction in the next
/// round.
public struct ChangeFeed: Sendable {
  /// The predictions of a subscription.
  public enum Scope: Sendable, Equatable {
    /// All predictions.
    case all
    /// The predictions with these ids.
    case ids(Set<PredictionID>)
    /// Predictions with this tag. Deletions are sent whatever the tags were, because the row that had them is gone.
    case tag(String)

    /// Whether a prediction may belong to it, by its id.
    func mayHave(_ id: PredictionID) -> Bool {
      if case .ids(let ids) = self { ids.contains(id) } else { true }
    }

    /// Whether a prediction belongs to it.
    public func has(_ prediction: Prediction) -> Bool {
      switch self {
      case .all: true
      case .ids(let ids): ids.contains(prediction.id)
      case .tag(let tag): prediction.tags.contains { $0.hasSameCodePoints(as: tag) }
      }
    }
  }

  /// The next step.
  public enum Step: Sendable, Equatable {
    /// Read the log after this cursor, and report the result with `begin`.
    case look(after: ChangeCursor)
    /// Send this change, and report it with `told`.
    case tell(TableChange, cursor: ChangeCursor)
    /// Do nothing before this moment.
    case rest(until: Int64)
  }

  /// The time between two rounds where many follow each other, in milliseconds. With `burst` it makes at most ten a second.
  public static let interval: Int64 = 145
  /// How many rounds may follow each other at once.
  public static let burst = 3

  /// The predictions of the subscription.
  public let scope: Scope
  /// All changes up to here have been sent.
  public private(set) var cursor: ChangeCursor
  private var round: ArraySlice<TableChange> = []
  /// The end of the present round, even where its last changes are not in the scope.
  private var end: ChangeCursor
  /// When the intervals of all rounds so far have passed, one after the other; up to `burst` of them lie ahead of the clock.
  private var busyUntil = Int64.min / 2

  /// Starts after a cursor.
  public init(_ scope: Scope, after cursor: ChangeCursor) {
    self.scope = scope
    self.cursor = cursor
    end = cursor
  }

  /// The next step.
  ///
  /// - Parameter now: the steady clock, in milliseconds.
  public func next(at now: Int64) -> Step {
    if let change = round.first {
      return .tell(change, cursor: ChangeCursor(table: cursor.table, number: change.number))
    }
    let nextRound = busyUntil - Int64(Self.burst - 1) * Self.interval
    return now >= nextRound ? .look(after: cursor) : .rest(until: nextRound)
  }

  /// Begins a round with the answer of the log.
  ///
  /// - Returns: false where there were more changes than the log still has. The feed continues after the newest change,
  ///   and the subscriber must be notified that it missed some.
  public mutating func begin(_ found: TableChanges) -> Bool {
    end = found.newest
    round = found.isComplete ? found.changes.filter { scope.mayHave($0.id) }[...] : []
    if round.isEmpty { cursor = end }
    return found.isComplete
  }

  /// Notes that the change of `next` was sent, or was not in the scope.
  public mutating func told(at now: Int64) {
    guard let change = round.popFirst() else { return }
    cursor = ChangeCursor(table: cursor.table, number: change.number)
    guard round.isEmpty else { return }
    cursor = end
    busyUntil = max(busyUntil, now) + Self.interval
  }
}
