import Testing

@testable import HTTP

/// Answers share memory, and transfers share the files that the process may open.
@Suite("HTTP bounds") struct HTTPBoundsTests {
  @Test func anAnswerWithoutMemoryWaitsForAnother() {
    let memory = HTTPMemory(limit: 100)
    #expect(memory.take(60, for: 1))
    #expect(memory.take(40, for: 2))
    #expect(!memory.take(1, for: 2))
    #expect(!memory.take(1, for: 3))
    #expect(memory.giveBack(1) == [2, 3])
    #expect(memory.used == 40)
    #expect(memory.take(60, for: 3))
  }

  @Test func theOldestAnswerIsAlwaysReadToItsEnd() {
    let memory = HTTPMemory(limit: 100)
    #expect(memory.take(50, for: 1))
    #expect(memory.take(50, for: 2))
    #expect(memory.take(500, for: 1))
    #expect(!memory.take(1, for: 2))
    // The next oldest one takes its place.
    #expect(memory.giveBack(1) == [2])
    #expect(memory.take(500, for: 2))
    #expect(memory.giveBack(2) == [])
    #expect(memory.used == 0)
  }

  @Test(arguments: [
    (20, 0, 1, 2), (32, 0, 1, 2), (64, 20, 6, 12), (64, 40, 2, 8), (108, 0, 13, 28), (256, 0, 16, 64),
    (4_096, 100, 16, 64), (0, 0, 1, 2),
  ])
  func fewDescriptorsMeanFewTransfers(_ limit: Int, open: Int, large: Int, transfers: Int) {
    let slots = HTTPSlots(limit: limit, open: open)
    #expect(slots.large == large)
    #expect(slots.transfers == transfers)
  }
}
