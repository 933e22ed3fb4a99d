import Testing

@testable import Predictions

@Suite("Writes that replies wait for")
struct ReplyWritesTests {
  @Test("all are counted together, requests of agents also for each agent")
  func counting() {
    var writes = ReplyWrites()
    writes.begin(for: nil)
    writes.begin(for: "a")
    writes.begin(for: "a")
    writes.begin(for: "b")
    #expect(writes.count == 4)
    #expect(writes.count(of: "a") == 2 && writes.count(of: "b") == 1 && writes.count(of: "c") == 0)
    writes.end(for: "a")
    writes.end(for: nil)
    #expect(writes.count == 2)
    #expect(writes.count(of: "a") == 1)
  }
}
