internal import JSON

/// One subscriber's way through the changes of the table: what to ask for, what to tell, and when. A pure struct;
/// whoever has one does what `next` says and reports back.
///
/// It goes in rounds. A round begins with one look at the log, which has each prediction once, under its newest number;
/// all of it is told in that order, and the next round begins no sooner than an interval after the last was told. So no
/// prediction is told of more often than once an interval, numbers only rise, and whoever comes back with the number
/// told last misses nothing. A subscriber who reads slowly makes its rounds longer and not its memory larger: what
/// happens meanwhile is one line for each prediction when the next round looks.
public struct ChangeFeed: Sendable {
  /// Which predictions a subscriber hears of.
  public enum Scope: Sendable, Equatable {
    /// All of them.
    case all
    /// These.
    case ids(Set<PredictionID>)
    /// Those with this tag. A deletion is told whatever its tags were, because the row that had them is gone.
    case tag(String)

    /// Whether a prediction belongs to it, as far as its id says.
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

  /// What is to be done now.
  public enum Step: Sendable, Equatable {
    /// Ask the log what came after this, and report it with `begin`.
    case look(after: ChangeCursor)
    /// Tell of this one, and report it with `told`.
    case tell(TableChange, cursor: ChangeCursor)
    /// Nothing before this moment.
    case rest(until: Int64)
  }

  /// Milliseconds between two tellings of one prediction: 10 a second.
  public static let interval: Int64 = 100

  /// Which predictions.
  public let scope: Scope
  /// Up to here all has been told.
  public private(set) var cursor: ChangeCursor
  private var round: ArraySlice<TableChange> = []
  /// Where the round at hand ends, also where its last changes are none of the scope's.
  private var end: ChangeCursor
  private var nextRound = Int64.min

  /// Starts behind a cursor.
  public init(_ scope: Scope, after cursor: ChangeCursor) {
    self.scope = scope
    self.cursor = cursor
    end = cursor
  }

  /// What is to be done.
  ///
  /// - Parameter now: milliseconds on a clock that nobody sets.
  public func next(at now: Int64) -> Step {
    if let change = round.first {
      return .tell(change, cursor: ChangeCursor(table: cursor.table, number: change.number))
    }
    return now >= nextRound ? .look(after: cursor) : .rest(until: nextRound)
  }

  /// Begins a round with what the log answered.
  ///
  /// - Returns: false where more was changed than the log still knows. The feed goes on behind the newest change, and the
  ///   subscriber has to be told that it missed some.
  public mutating func begin(_ found: TableChanges) -> Bool {
    end = found.newest
    round = found.isComplete ? found.changes.filter { scope.mayHave($0.id) }[...] : []
    if round.isEmpty { cursor = end }
    return found.isComplete
  }

  /// The change that `next` named was told, or turned out to be none of the scope's.
  public mutating func told(at now: Int64) {
    guard let change = round.popFirst() else { return }
    cursor = ChangeCursor(table: cursor.table, number: change.number)
    guard round.isEmpty else { return }
    cursor = end
    nextRound = now + Self.interval
  }
}
