internal import JSON

/// The position of one subscription in the log of changes: what to read, what to send, and when. A pure struct; its
/// owner does what `next` returns and reports back.
///
/// It works in rounds. A round begins with one read of the log, which has each prediction once, under its newest
/// number; all of these are sent in that order, and the next round begins at the earliest one interval after the last
/// was sent. So no prediction is sent more often than once an interval, numbers only rise, and a subscriber that
/// continues after the number sent last misses nothing. A slow reader makes the rounds longer, and needs no more
/// memory: changes during a round are one line for each prediction in the next round.
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

  /// The least time between two notifications of one prediction, in milliseconds.
  public static let interval: Int64 = 100

  /// The predictions of the subscription.
  public let scope: Scope
  /// All changes up to here have been sent.
  public private(set) var cursor: ChangeCursor
  private var round: ArraySlice<TableChange> = []
  /// The end of the present round, even where its last changes are not in the scope.
  private var end: ChangeCursor
  private var nextRound = Int64.min

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
    nextRound = now + Self.interval
  }
}
