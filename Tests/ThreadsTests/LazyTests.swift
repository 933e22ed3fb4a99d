import Testing

@testable import Threads

@Suite("Lazy values")
struct LazyTests {
  @Test func aValueIsMadeOnceAndNotBeforeItIsNeeded() {
    let count = Protected(0)
    let lazily = Lazy {
      count.withLock { count in
        count += 1
        return count
      }
    }
    #expect(lazily.valueIfMade == nil)
    #expect(count.withLock { $0 } == 0)
    let seen = Protected<[Int]>([])
    for _ in 0..<8 { startThread { seen.signal { $0.append(lazily.value) } } }
    #expect(seen.wait(atMost: 10_000) { $0.count == 8 ? $0 : nil } == Array(repeating: 1, count: 8))
    #expect(lazily.valueIfMade == 1)
  }

  @Test func valueIfMadeDoesNotWait() {
    let mayGoOn = Protected(false)
    let isMaking = Protected(false)
    let lazily = Lazy {
      isMaking.signal { $0 = true }
      return mayGoOn.wait(atMost: 60_000) { $0 ? true : nil } ?? false
    }
    startThread { _ = lazily.value }
    #expect(isMaking.wait(atMost: 10_000) { $0 ? true : nil } == true)
    #expect(lazily.valueIfMade == nil)
    mayGoOn.signal { $0 = true }
    #expect(lazily.value)
  }
}
