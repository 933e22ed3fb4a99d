import Encoding
import Testing

@testable import Predictions

@Suite("Ids of one burst") struct PredictionIDOrderTests {
  private var generator = SplitMix64(seed: 1)

  @Test mutating func idsOfOneMillisecondKeepTheirOrder() {
    var last: PredictionID?
    for _ in 1...1_000 {
      let next = PredictionID(at: 1_700_000_000_000) { generator.next() }.following(last) { generator.next() }
      if let last { #expect(last < next) }
      last = next
    }
    // A burst of a thousand is at most a few milliseconds ahead of the clock.
    #expect((last?.milliseconds ?? 0) - 1_700_000_000_000 <= 3)
  }

  @Test mutating func laterIdsAreUnchanged() {
    let first = PredictionID(at: 1_000_000) { generator.next() }
    let second = PredictionID(at: 1_000_001) { generator.next() }
    #expect(second.following(first) { generator.next() } == second)
    #expect(second.following(nil) { generator.next() } == second)
  }

  @Test mutating func afterTheClockWasSetBackItsTimeIsUsed() {
    let first = PredictionID(at: 1_000_000) { generator.next() }
    let second = PredictionID(at: 990_000) { generator.next() }
    #expect(second.following(first) { generator.next() } == second)
  }
}
