import Testing
import Threads

@Suite struct WorkPoolTests {
  @Test func noMoreJobsThanAllowedRunAtOnceAndNoneIsDropped() {
    let pool = WorkPool(limit: 2)
    let state = Protected((running: 0, most: 0, done: 0))
    for _ in 0..<100 {
      pool.async {
        state.signal {
          $0.running += 1
          $0.most = max($0.most, $0.running)
        }
        state.signal {
          $0.running -= 1
          $0.done += 1
        }
      }
    }
    #expect(state.wait(atMost: 10_000) { $0.done == 100 ? true : nil } == true)
    #expect(state.withLock { $0.most } <= 2)
  }

  @Test func asManyAsAllowedRunSideBySide() {
    let pool = WorkPool(limit: 2)
    let arrived = Protected(0)
    // Each waits for the other.
    for _ in 0..<2 {
      pool.async {
        arrived.signal { $0 += 1 }
        _ = arrived.wait(atMost: 10_000) { $0 >= 2 ? true : nil }
        arrived.signal { $0 += 10 }
      }
    }
    #expect(arrived.wait(atMost: 10_000) { $0 == 22 ? true : nil } == true)
  }

  @Test func aLaterJobIsRunByAThreadThatIsFree() {
    let pool = WorkPool(limit: 1)
    for number in 1...3 {
      let done = Protected(0)
      pool.async { done.signal { $0 = number } }
      #expect(done.wait(atMost: 10_000) { $0 == number ? true : nil } == true)
    }
  }
}
