internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// The subscriptions of a connection, and the thread that sends their notifications.
///
/// All notifications come from the database's log of changes, which is read after the cursor of each subscription, so that
/// changes of this process and of others have one order. The thread starts with the first subscription.
final class Subscriptions: Sendable {
  private struct State {
    var connection: Connection?
    var feeds: [Int: ChangeFeed] = [:]
    /// Subscriptions whose names the client may not know yet; nothing is sent for them.
    var unannounced: Set<Int> = []
    var lastNumber = 0
    /// The number of changes that this process knows of.
    var news = 0
    var hasThread = false
    var hasEnded = false
    /// The subscription whose notification is being written.
    var telling: Int?
    /// Its predictions are polled like those that a client waits for; `nil` before the first subscription.
    var engine: PredictionEngine?
    var watcher: PredictionEngine.WatcherID?

    /// The subscriptions that get notifications, in the order in which they began.
    var announced: [Int] { feeds.keys.filter { !unannounced.contains($0) }.sorted() }
  }

  /// The largest number of subscriptions; each reads the database by itself.
  static let limit = 100
  /// How many unread bytes may wait for a slow reader. Beyond that, changes are combined into fewer notifications.
  private static let aheadBytes = 1 << 20

  private let state = Protected(State())
  private let time: any TimeSource

  init(time: any TimeSource) {
    self.time = time
  }

  func attach(_ connection: Connection) {
    state.withLock { $0.connection = connection }
  }

  /// Adds a subscription; `nil` where there are too many. Nothing is sent before `start`, so that the client knows the name
  /// first.
  func add(_ feed: ChangeFeed) -> Subscription? {
    state.withLock { state in
      guard state.feeds.count < Self.limit, !state.hasEnded else { return nil }
      state.lastNumber += 1
      state.feeds[state.lastNumber] = feed
      state.unannounced.insert(state.lastNumber)
      return Subscription(number: state.lastNumber)
    }
  }

  /// Begins to send; does nothing where it was removed meanwhile.
  func start(_ subscription: Subscription, from engine: PredictionEngine) {
    watch(engine)
    let (mustStart, ids) = state.signal { state -> (Bool, Set<PredictionID>) in
      guard state.unannounced.remove(subscription.number) != nil else { return (false, []) }
      defer { state.hasThread = true }
      state.engine = engine
      return (!state.hasThread, state.feeds[subscription.number]?.scope.ids ?? [])
    }
    if !ids.isEmpty { engine.attend(ids) }
    if mustStart { startThread { [self] in tell(from: engine) } }
  }

  /// Ends a subscription; nothing is sent for it after this call. False where there is none with this number.
  func remove(_ number: Int) -> Bool {
    let (feed, engine) = state.signal { state in
      let isKnown = state.unannounced.remove(number) == nil
      return (state.feeds.removeValue(forKey: number), isKnown ? state.engine : nil)
    }
    if let ids = feed?.scope.ids { engine?.endAttention(to: ids) }
    // Queueing the current message does not block, so this wait is short.
    state.waitBriefly { $0.telling != number }
    return feed != nil
  }

  private func watch(_ engine: PredictionEngine) {
    guard state.withLock({ $0.watcher == nil }) else { return }
    let watcher = engine.whenChanged { [weak self] in self?.state.signal { $0.news += 1 } }
    state.withLock { $0.watcher = watcher }
  }

  /// Ends all subscriptions, and refuses new ones.
  func end() {
    let (feeds, engine, watcher) = state.signal { state in
      defer {
        state.hasEnded = true
        state.feeds = [:]
        state.unannounced = []
        state.connection = nil
      }
      return (state.feeds, state.engine, state.watcher.take())
    }
    for feed in feeds.values { if let ids = feed.scope.ids { engine?.endAttention(to: ids) } }
    if let watcher { engine?.forget(watcher) }
  }

  // MARK: - The thread

  private func tell(from engine: PredictionEngine) {
    var seen = 0
    while true {
      let (numbers, connection, news) = state.withLock { ($0.announced, $0.connection, $0.news) }
      guard let connection else { return }
      let now = time.now.steady
      var wake = numbers.isEmpty ? nil : now + PredictionEngine.subscribedInterval
      // Changes that arrived meanwhile have not been read yet.
      for number in numbers { wake = min(wake ?? .max, advance(number, from: engine, to: connection)) }
      seen = news
      let isOver = state.wait(atMost: wake.map { max(0, $0 - time.now.steady) }) { state -> Bool? in
        if state.hasEnded { return true }
        return state.news != seen || state.announced != numbers ? false : nil
      }
      if isOver == true { return }
    }
  }

  /// Sends the pending notifications of a subscription. Returns the time of the next check.
  private func advance(_ number: Int, from engine: PredictionEngine, to connection: Connection) -> Int64 {
    while let feed = state.withLock({ $0.feeds[number] }) {
      let now = time.now.steady
      switch feed.next(at: now) {
      case .rest(let until): return until
      case .look(let cursor):
        // If the database cannot be read, it is read again later; the cursor stays, so nothing is lost.
        guard let found = try? engine.changes(after: cursor) else { return now + PredictionEngine.subscribedInterval }
        var isComplete = true
        guard let cursor = change(number, { isComplete = $0.begin(found) }) else { return .max }
        if !isComplete { send("prediction/reset", number, cursor, to: connection) { _ in } }
        if case .look? = state.withLock({ $0.feeds[number]?.next(at: now) }) {
          return now + PredictionEngine.subscribedInterval
        }
      case .tell(let change, let cursor):
        guard connection.waitForRoom(below: Self.aheadBytes) else { return .max }
        guard tell(change, number, cursor, feed.scope, from: engine, to: connection) else {
          return now + PredictionEngine.subscribedInterval
        }
        _ = self.change(number) { $0.told(at: time.now.steady) }
      }
    }
    return .max
  }

  /// Changes a feed that is still subscribed. Returns its cursor.
  private func change(_ number: Int, _ body: (inout ChangeFeed) -> Void) -> ChangeCursor? {
    state.withLock { state in
      guard var feed = state.feeds[number] else { return nil }
      body(&feed)
      state.feeds[number] = feed
      return feed.cursor
    }
  }

  /// Sends the notification of a change; false where the database cannot be read.
  private func tell(
    _ change: TableChange, _ number: Int, _ cursor: ChangeCursor, _ scope: ChangeFeed.Scope,
    from engine: PredictionEngine, to connection: Connection
  ) -> Bool {
    if change.isDeleted {
      send("prediction/deleted", number, cursor, to: connection) { json in
        json.name("id")
        json.value(change.id.description)
      }
      return true
    }
    let found: PredictionSnapshot?
    do throws(StoreError) { found = try engine.listed(change.id) } catch { return false }
    // Deleted meanwhile: the entry about that follows.
    guard let found, scope.has(found.prediction) else { return true }
    send("prediction/updated", number, cursor, to: connection) { json in
      json.name("prediction")
      found.write(to: &json, PredictionEncodingOptions(hasInput: false))
    }
    return true
  }

  private func send(
    _ method: String, _ number: Int, _ cursor: ChangeCursor, to connection: Connection,
    _ more: (inout JSONWriter) -> Void
  ) {
    let maySend = state.withLock { state in
      guard state.feeds[number] != nil else { return false }
      state.telling = number
      return true
    }
    guard maySend else { return }
    connection.notify(method) { json in
      json.beginObject()
      json.name("subscription")
      json.value(Subscription.name(of: number))
      json.name("cursor")
      json.value(cursor.description)
      more(&json)
      json.endObject()
    }
    state.signal { $0.telling = nil }
  }
}

extension ChangeFeed.Scope {
  /// The ids that it names; `nil` where it names none.
  fileprivate var ids: Set<PredictionID>? { if case .ids(let ids) = self { ids } else { nil } }
}

/// An accepted subscription.
struct Subscription: Sendable {
  let number: Int

  /// Its name on the wire.
  static func name(of number: Int) -> String { "s\(number)" }

  /// The number of a name; `nil` for any other text.
  static func number(of name: String) -> Int? {
    guard name.hasPrefix("s"), let number = Int(name.dropFirst()), Self.name(of: number) == name else { return nil }
    return number
  }
}
