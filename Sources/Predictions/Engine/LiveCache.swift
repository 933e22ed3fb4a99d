/// The predictions in memory as they were last read or committed, and how far the changes of other processes are known.
/// A pure struct.
///
/// Bounded by number and by bytes, except for predictions that are worked on or awaited. An input longer than
/// `longestInput` is dropped once its prediction is over: the store has it.
public struct LiveCache: Sendable {
  /// How many predictions are kept that are neither worked on nor awaited.
  static let count = 512
  /// How many bytes of inputs and metadata they may have together.
  static let bytes = 8 << 20
  /// The longest input of a finished prediction that is kept, in bytes: what one message may show.
  public static let longestInput = 64 << 10
  /// How long a prediction is believed without asking the store whether another process changed anything, in
  /// milliseconds.
  static let freshness: Int64 = 100

  private var snapshots: [PredictionID: PredictionSnapshot] = [:]
  /// Bytes of inputs and metadata.
  private(set) var heldBytes = 0
  /// Eviction begins at these. Where most predictions are worked on, the next eviction comes when their number has
  /// doubled: examining everything for each new prediction would make a long queue slow to join.
  private var evictionCount = LiveCache.count
  private var evictionBytes = LiveCache.bytes
  /// When the store was last asked for changes, on the steady clock.
  private var checkedAt: Int64 = .min / 2
  /// The newest change that is known; `nil` before the first.
  private(set) var cursor: ChangeCursor?
  /// How often changes were noted. A row that was read before the count changed may be stale.
  private(set) var changeCount = 0

  // MARK: - Lookup

  /// A prediction; `nil` where it is not in memory.
  subscript(id: PredictionID) -> PredictionSnapshot? { snapshots[id] }

  /// Whether the predictions are too old to be believed without asking the store.
  func isStale(_ now: Int64) -> Bool { now - checkedAt >= Self.freshness }

  /// Notes that the store is asked for changes now.
  ///
  /// - Returns: false where it was asked so recently that it need not be.
  mutating func beginCheck(_ now: Int64) -> Bool {
    guard isStale(now) else { return false }
    checkedAt = now
    return true
  }

  // MARK: - Rows

  /// Stores a row that was read or committed. An older row never replaces a newer one: commits are reported by several
  /// threads. A row without its input (from a list) keeps the input that is known.
  ///
  /// - Returns: the newest state of the prediction.
  mutating func remember(_ prediction: consuming Prediction, resultURL: String?) -> PredictionSnapshot {
    if let known = snapshots[prediction.id] {
      let old = known.prediction
      if old.revision > prediction.revision || old.epoch > prediction.epoch { return known }
      if prediction.input == nil {
        prediction.input = old.input
        prediction.metadata = old.metadata
        prediction.sent = prediction.sent ?? old.sent
      }
      prediction.providerData = prediction.providerData ?? old.providerData
    }
    let id = prediction.id
    Self.trim(&prediction)
    let snapshot = PredictionSnapshot(prediction, resultURL: resultURL)
    set(id, snapshot)
    return snapshot
  }

  /// Stores a snapshot again that was evicted meanwhile.
  ///
  /// - Returns: false where the prediction is in memory.
  mutating func restore(_ snapshot: PredictionSnapshot) -> Bool {
    let id = snapshot.prediction.id
    guard snapshots[id] == nil else { return false }
    var prediction = snapshot.prediction
    Self.trim(&prediction)
    set(id, PredictionSnapshot(prediction, resultURL: snapshot.resultURL))
    return true
  }

  /// Forgets a prediction.
  mutating func remove(_ id: PredictionID) { set(id, nil) }

  /// Notes changes by any process. Changed predictions that are not needed are forgotten.
  ///
  /// - Parameter asked: the cursor that the changes came after; `nil` where the store could not say what had changed.
  /// - Returns: the changed predictions that are needed: they must be read again.
  mutating func note(
    _ changes: TableChanges, after asked: ChangeCursor?, isNeeded: (PredictionID) -> Bool
  ) -> [PredictionID] {
    let changed = asked == nil || !changes.isComplete ? Array(snapshots.keys) : changes.changes.map(\.id)
    cursor = changes.newest
    changeCount += 1
    for id in changed where !isNeeded(id) { remove(id) }
    return changed.filter { snapshots[$0] != nil }
  }

  // MARK: - Eviction

  /// Whether it is time to call `evict`.
  var isFull: Bool { snapshots.count >= evictionCount || heldBytes > evictionBytes }

  /// Forgets all predictions that are not needed.
  mutating func evict(except isNeeded: (PredictionID) -> Bool) {
    snapshots = snapshots.filter { isNeeded($0.key) }
    heldBytes = snapshots.values.reduce(0) { $0 + Self.cost($1) }
    evictionCount = max(Self.count, 2 * snapshots.count)
    evictionBytes = max(Self.bytes, 2 * heldBytes)
  }

  private mutating func set(_ id: PredictionID, _ snapshot: PredictionSnapshot?) {
    let old = snapshot.map { snapshots.updateValue($0, forKey: id) } ?? snapshots.removeValue(forKey: id)
    heldBytes += Self.cost(snapshot) - Self.cost(old)
  }

  /// Removes a long input where the prediction is over.
  static func trim(_ prediction: inout Prediction) {
    guard prediction.phase == nil, prediction.status != .created else { return }
    if let input = prediction.input, input.count > longestInput { prediction.input = nil }
    if let sent = prediction.sent, sent.count > longestInput { prediction.sent = nil }
  }

  private static func cost(_ snapshot: PredictionSnapshot?) -> Int {
    guard let prediction = snapshot?.prediction else { return 0 }
    return (prediction.input?.count ?? 0) + (prediction.sent?.count ?? 0) + (prediction.metadata?.count ?? 0)
      + (prediction.providerData?.count ?? 0)
  }
}
