/// The changes in the store by all processes: one numbered line for each, in the order of the commits.
///
/// Part of every `PredictionStore`; a protocol of its own because subscriptions need nothing else.
public protocol ChangeLog: Sendable {
  /// The changes after a cursor; each prediction once, under its newest number. Only a limited number of changes is
  /// kept, so the answer may be incomplete.
  ///
  /// - Parameter cursor: with `nil` the answer has only the newest number.
  func changes(after cursor: ChangeCursor?) throws(StoreError) -> TableChanges

  /// One prediction as in a list, without `input` and `metadata`; `nil` where it does not exist.
  func listed(_ id: PredictionID) throws(StoreError) -> Prediction?
}

/// A position among the changes of one database: all changes up to it are known.
///
/// On the wire it is an opaque string. It identifies the database too, so that a cursor from another state directory,
/// or from before a damaged database was set aside, is detected instead of skipping changes.
public struct ChangeCursor: Sendable, Hashable, CustomStringConvertible {
  /// Identifies the database: 32 bits of a hash.
  public let table: UInt32
  /// The number of the last change that is known; 0 before the first.
  public let number: Int64

  /// A position.
  public init(table: UInt32, number: Int64) {
    self.table = table
    self.number = number
  }

  /// Parses a `description`; `nil` for any other text.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let table = UInt32(parts[0], radix: 16), let number = Int64(parts[1]), number >= 0
    else { return nil }
    self.init(table: table, number: number)
    // Only the canonical spelling: no sign, no leading zeros.
    guard description == text else { return nil }
  }

  /// The text for clients.
  public var description: String { "\(String(table, radix: 16))-\(number)" }
}

/// One line of the log of changes.
public struct TableChange: Sendable, Equatable {
  /// Its number; larger is later.
  public let number: Int64
  /// The prediction.
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

/// The answer of `ChangeLog.changes`.
public struct TableChanges: Sendable, Equatable {
  /// The cursor after all of these changes.
  public var newest: ChangeCursor
  /// False where the cursor is too old or of another database: there were more changes than the log still has.
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
