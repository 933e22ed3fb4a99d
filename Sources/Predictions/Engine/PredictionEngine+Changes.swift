internal import Threads

/// Subscriptions read the store's log of changes, so that the changes of all processes have one order. The engine only
/// notifies the watcher that there may be new changes.
extension PredictionEngine {
  /// A struct, because a lock must not hold a bare closure; see `Protected`.
  struct Watcher: Sendable {
    let notify: @Sendable () -> Void
  }

  /// How often changes of other processes are read while there are subscriptions, in milliseconds.
  public static var subscribedInterval: Int64 { 400 }

  /// Sets the watcher: called after this process has committed or read a change, on any thread, without a lock. It must
  /// be quick. `nil` removes it.
  public func whenChanged(_ body: (@Sendable () -> Void)?) {
    watcher.withLock { $0 = body.map { Watcher(notify: $0) } }
  }

  func notifyWatcher() {
    assertUnlocked()
    watcher.withLock { $0 }?.notify()
  }

  /// The changes after a cursor, by all processes; with `nil` only the newest number.
  public func changes(after cursor: ChangeCursor?) throws(StoreError) -> TableChanges {
    begin()
    return try store.changes(after: cursor)
  }

  /// A prediction as in a list; `nil` where it does not exist.
  public func listed(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot? {
    guard let prediction = try store.listed(id) else { return nil }
    return PredictionSnapshot(prediction, resultURL: resultURL(of: prediction))
  }
}
