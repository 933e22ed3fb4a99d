/// A binary heap of moments and predictions.
///
/// Entries are not removed from its middle: to reschedule a prediction, insert it again and ignore the old entry, whose
/// moment differs.
struct DeadlineHeap: Sendable {
  private var heap: [(at: Int64, id: PredictionID)] = []

  /// The earliest moment, of a valid or an outdated entry.
  var earliest: Int64? { heap.first?.at }

  /// Adds an entry.
  mutating func insert(_ at: Int64, _ id: PredictionID) {
    heap.append((at, id))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].at < heap[parent].at else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the earliest entry out if its moment has come.
  mutating func popDue(_ now: Int64) -> (at: Int64, id: PredictionID)? {
    guard let first = heap.first, first.at <= now else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at {
        least = child
      }
      guard least != parent else { return first }
      heap.swapAt(least, parent)
      parent = least
    }
  }
}
