import Encoding
import Testing

@testable import Predictions

@Suite("Heap of deadlines")
struct DeadlineHeapTests {
  @Test("empty")
  func empty() {
    var heap = DeadlineHeap()
    #expect(heap.earliest == nil)
    #expect(heap.popDue(.max) == nil)
  }

  @Test("an entry comes out when its moment has come, not before, and once")
  func moment() {
    var heap = DeadlineHeap()
    let id = PredictionID(sequence: 1, lowBits: 0)
    heap.insert(100, id)
    #expect(heap.earliest == 100)
    #expect(heap.popDue(99) == nil)
    let due = heap.popDue(100)
    #expect(due?.at == 100)
    #expect(due?.id == id)
    #expect(heap.popDue(.max) == nil)
    #expect(heap.earliest == nil)
  }

  @Test("it returns the same as a sorted list", arguments: 0..<40 as Range<UInt64>)
  func againstASortedList(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var heap = DeadlineHeap()
    var list: [(at: Int64, number: Int64)] = []
    var now: Int64 = 0
    for number in 0..<Int64(1_000) {
      if Int.random(in: 0..<3, using: &generator) < 2 {
        // Few different moments, so that many are equal.
        let at = now + Int64.random(in: -5...30, using: &generator)
        heap.insert(at, PredictionID(sequence: number, lowBits: 0))
        list.append((at, number))
      } else {
        now += Int64.random(in: 0...10, using: &generator)
        while let due = heap.popDue(now) {
          let earliest = try #require(list.map(\.at).min())
          #expect(due.at == earliest)
          // Entries with equal moments may come in any order.
          let index = try #require(list.firstIndex { $0.at == due.at && $0.number == due.id.sequence })
          list.remove(at: index)
        }
        #expect(list.allSatisfy { $0.at > now })
      }
      #expect(heap.earliest == list.map(\.at).min())
    }
  }
}
