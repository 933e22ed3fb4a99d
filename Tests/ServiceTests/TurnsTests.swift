import Testing
import Threads

@testable import Service

@Suite("Calls that wait for a database server")
struct TurnsTests {
  private let queue = WorkQueue()
  private let gate = Protected(false)
  private let log = Protected<[String]>([])

  /// Turns behind a call that waits until the gate opens.
  private func held() -> Turns {
    let turns = Turns(on: queue)
    turns.add(bytes: 0) { [gate] in _ = gate.wait { $0 ? true : nil } }
    return turns
  }

  private func open() { gate.signal { $0 = true } }

  private func note(_ text: String) -> @Sendable () -> Void { { [log] in log.signal { $0.append(text) } } }

  @Test func theyRunInOrderAndTheCommitOfEachReadBehindThem() {
    let turns = held()
    turns.add(bytes: 1, note("one"))
    turns.settle(note("commit"))
    // A read without calls commits nothing.
    turns.settle(note("commit of nothing"))
    turns.add(bytes: 1, note("two"))
    turns.settle(note("another commit"))
    #expect(log.withLock { $0 } == [])
    open()
    turns.finish()
    #expect(log.wait(atMost: 10_000) { $0.count == 4 ? $0 : nil } == ["one", "commit", "two", "another commit"])
  }

  @Test("a read waits for room, and only for that", arguments: [(3_998, 0), (3_999, 0), (1, 64 << 20)])
  func room(calls: Int, bytes: Int) {
    let turns = held()
    for _ in 0..<calls { turns.add(bytes: bytes, note("call")) }
    let hasRoom = calls + 1 < 4_000 && bytes < 64 << 20
    startThread { [self] in
      turns.settle {}
      note("settled")()
    }
    if hasRoom {
      #expect(log.wait(atMost: 10_000) { $0.isEmpty ? nil : $0 } == ["settled"])
    } else {
      #expect(log.wait(atMost: 50) { $0.isEmpty ? nil : $0 } == nil)
    }
    open()
    turns.finish()
    #expect(log.wait(atMost: 10_000) { $0.count == calls + 1 ? true : nil } == true)
  }

  @Test func theEndWaitsForAll() {
    let turns = held()
    turns.add(bytes: 0, note("call"))
    startThread { [self] in
      turns.finish()
      note("finished")()
    }
    #expect(log.wait(atMost: 50) { $0.isEmpty ? nil : $0 } == nil)
    open()
    #expect(log.wait(atMost: 10_000) { $0.count == 2 ? $0 : nil } == ["call", "finished"])
  }
}
