internal import Threads

/// Subscriptions read the store's log of changes, so that the changes of all processes have one order. The engine only
/// notifies the watcher that there may be new changes.
extension PredictionEngine {
  /// Structs, because a lock must not hold a bare closure; see `Protected`.
  struct Watchers: Sendable {
    struct Watcher: Sendable {
      let notify: @Sendable () -> Void
    }

    fileprivate var watchers: [WatcherID: Watcher] = [:]
    fileprivate var lastNumber = 0
  }

  /// Names a watcher.
  public struct WatcherID: Sendable, Hashable {
    fileprivate let number: Int
  }

  /// How often changes of other processes are read while there are subscriptions, in milliseconds.
  public static var subscribedInterval: Int64 { 400 }

  /// Adds a watcher: called after this process has committed or read a change, on any thread, without a lock. It must be quick.
  public func whenChanged(_ body: @escaping @Sendable () -> Void) -> WatcherID {
    watchers.withLock { watchers in
      watchers.lastNumber += 1
      let id = WatcherID(number: watchers.lastNumber)
      watchers.watchers[id] = .init(notify: body)
      return id
    }
  }

  /// Removes a watcher. It may be called once more by a change of this moment.
  public func forget(_ watcher: WatcherID) {
    // Released with the lock open, because it may be the last holder of other objects.
    _ = watchers.withLock { $0.watchers.removeValue(forKey: watcher) }
  }

  func notifyWatchers() {
    assertUnlocked()
    for watcher in watchers.withLock({ $0.watchers }).values { watcher.notify() }
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
