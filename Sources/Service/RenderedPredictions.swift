internal import Predictions

/// Predictions as JSON by their id and revision, since clients ask for the same revision again. Pure; bounded in number and bytes.
struct RenderedPredictions {
  /// How many are kept.
  private static let count = 256
  /// The size from which they are dropped, in bytes.
  private static let bytes = 8 << 20

  private var kept: [PredictionID: (revision: Int64, json: [UInt8])] = [:]
  private var size = 0

  /// The JSON of this revision; `nil` if it is not kept.
  subscript(id: PredictionID, revision: Int64) -> [UInt8]? {
    guard let found = kept[id], found.revision == revision else { return nil }
    return found.json
  }

  /// Keeps the JSON of a revision in place of that of an earlier one.
  mutating func keep(_ json: [UInt8], of id: PredictionID, revision: Int64) {
    if kept.count >= Self.count || size > Self.bytes {
      kept.removeAll(keepingCapacity: true)
      size = 0
    }
    size += json.count - (kept[id]?.json.count ?? 0)
    kept[id] = (revision, json)
  }
}
