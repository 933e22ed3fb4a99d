/// The predictions that are kept in memory, as they stood last. A pure struct.
///
/// Bounded by number and by bytes, except for those that are worked on or awaited. An input that is longer than
/// `longestInput` is not kept once nothing is left to do for its prediction: the store has it.
public struct LiveCache: Sendable {
  /// How many are kept that are neither worked on nor awaited.
  static let count = 512
  /// How many bytes of inputs and metadata they may have together.
  static let bytes = 8 << 20
  /// The longest input of a finished prediction that is kept, in bytes: what one message may show.
  public static let longestInput = 64 << 10

  private var snapshots: [PredictionID: PredictionSnapshot] = [:]
  /// Bytes of inputs and metadata.
  private(set) var heldBytes = 0
  /// From here on it is looked through for what can go. Where a lot is worked on, the next look comes when it has doubled:
  /// a look at everything for each new prediction would make a long queue slow to join.
  private var fullCount = LiveCache.count
  private var fullBytes = LiveCache.bytes

  var ids: Dictionary<PredictionID, PredictionSnapshot>.Keys { snapshots.keys }

  /// Whether it is time to call `keep`.
  var isFull: Bool { snapshots.count >= fullCount || heldBytes > fullBytes }

  subscript(id: PredictionID) -> PredictionSnapshot? {
    get { snapshots[id] }
    set {
      let old = newValue.map { snapshots.updateValue($0, forKey: id) } ?? snapshots.removeValue(forKey: id)
      heldBytes += Self.cost(newValue) - Self.cost(old)
    }
  }

  /// Drops all but these.
  mutating func keep(_ isKept: (PredictionID) -> Bool) {
    snapshots = snapshots.filter { isKept($0.key) }
    heldBytes = snapshots.values.reduce(0) { $0 + Self.cost($1) }
    fullCount = max(Self.count, 2 * snapshots.count)
    fullBytes = max(Self.bytes, 2 * heldBytes)
  }

  /// The prediction without what is not worth its memory.
  static func trimmed(_ prediction: consuming Prediction) -> Prediction {
    guard prediction.phase == nil else { return prediction }
    if let input = prediction.input, input.count > longestInput { prediction.input = nil }
    if let sent = prediction.sent, sent.count > longestInput { prediction.sent = nil }
    return prediction
  }

  private static func cost(_ snapshot: PredictionSnapshot?) -> Int {
    guard let prediction = snapshot?.prediction else { return 0 }
    return (prediction.input?.count ?? 0) + (prediction.sent?.count ?? 0) + (prediction.metadata?.count ?? 0)
  }
}
