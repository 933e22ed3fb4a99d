internal import Threads

/// What subscribers are told comes from the table's own log of changes, so that the changes of this process and of all
/// others have one order. The engine only says that there may be something new.
extension PredictionEngine {
  /// A struct, because a lock must not hold a bare closure; see `Protected`.
  struct Watcher: Sendable {
    let notify: @Sendable () -> Void
  }

  /// How often others' changes are looked for while somebody subscribes, in milliseconds.
  public static var subscribedInterval: Int64 { 400 }

  /// Who is told that this process committed or saw a change; called from any thread, without a lock, and must be quick.
  /// `nil` notifies nobody any more.
  public func whenChanged(_ body: (@Sendable () -> Void)?) {
    watcher.withLock { $0 = body.map { Watcher(notify: $0) } }
  }

  func notifyWatcher() {
    assertUnlocked()
    watcher.withLock { $0 }?.notify()
  }

  /// What was changed behind a cursor, by whichever process; `nil` asks where the newest change is.
  public func changes(after cursor: ChangeCursor?) throws(StoreError) -> TableChanges {
    begin()
    return try store.changes(after: cursor)
  }

  /// A prediction as a list has it; `nil` where there is none.
  public func listed(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot? {
    guard let prediction = try store.listed(id) else { return nil }
    return PredictionSnapshot(prediction, resultURL: resultURL(of: prediction))
  }
}
