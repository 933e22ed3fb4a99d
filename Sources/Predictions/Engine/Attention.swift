/// The predictions to whose ids clients have subscribed, and how often. A pure struct.
struct Attention: Sendable {
  private var counts: [PredictionID: Int] = [:]

  /// Whether a client has subscribed to this very prediction.
  func has(_ id: PredictionID) -> Bool { counts[id] != nil }

  mutating func begin(_ ids: Set<PredictionID>) {
    for id in ids { counts[id, default: 0] += 1 }
  }

  mutating func end(_ ids: Set<PredictionID>) {
    for id in ids { counts[id] = counts[id].flatMap { $0 > 1 ? $0 - 1 : nil } }
  }
}
