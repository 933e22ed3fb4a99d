/// What was changed in the table, whoever changed it: one numbered line a change, in the order of the commits.
///
/// Part of every `PredictionStore`; by itself because only those who subscribe need it.
public protocol ChangeLog: Sendable {
  /// What was changed behind a cursor; each prediction once, under its newest number. Only so many changes are kept, so
  /// the answer may have to say that it cannot know.
  ///
  /// - Parameter cursor: `nil` asks only where the newest change is.
  func changes(after cursor: ChangeCursor?) throws(StoreError) -> TableChanges

  /// One prediction as a list has it, without `input` and `metadata`; `nil` where there is none.
  func listed(_ id: PredictionID) throws(StoreError) -> Prediction?
}

/// A place among the changes of one table: everything up to it is known.
///
/// On the wire it is an opaque string. It names its table too, so that one from another state directory, or from before a
/// broken table was set aside, is noticed instead of skipping what it never saw.
public struct ChangeCursor: Sendable, Hashable, CustomStringConvertible {
  /// Which table: 32 bits of a hash.
  public let table: UInt32
  /// The number of the last change that is known; 0 before the first.
  public let number: Int64

  /// A place.
  public init(table: UInt32, number: Int64) {
    self.table = table
    self.number = number
  }

  /// Reads what `description` wrote; `nil` for any other text.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let table = UInt32(parts[0], radix: 16), let number = Int64(parts[1]), number >= 0
    else { return nil }
    self.init(table: table, number: number)
    // One spelling each: a sign or a leading zero is somebody else's.
    guard description == text else { return nil }
  }

  /// The text that clients keep.
  public var description: String { "\(String(table, radix: 16))-\(number)" }
}

/// One line of the log of changes.
public struct TableChange: Sendable, Equatable {
  /// Its number; larger is later.
  public let number: Int64
  /// What was changed.
  public let id: PredictionID
  /// Whether it was deleted; otherwise it was added or changed.
  public let isDeleted: Bool

  /// A line.
  public init(number: Int64, id: PredictionID, isDeleted: Bool) {
    self.number = number
    self.id = id
    self.isDeleted = isDeleted
  }
}

/// The answer to `ChangeLog.changes`.
public struct TableChanges: Sendable, Equatable {
  /// Where the newest change is; whoever has been told all of these is there.
  public var newest: ChangeCursor
  /// False where the cursor is too old, or of another table: then more was changed than is still known.
  public var isComplete: Bool
  /// By rising number, each prediction once.
  public var changes: [TableChange]

  /// An answer.
  public init(newest: ChangeCursor, isComplete: Bool = true, changes: [TableChange] = []) {
    self.newest = newest
    self.isComplete = isComplete
    self.changes = changes
  }
}
