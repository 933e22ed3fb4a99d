import Testing

@testable import Threads

@Suite("What is made when it is first asked for")
struct DeferredTests {
  @Test func isMadeOnceAndNotBeforeItIsAskedFor() {
    let count = Guarded(0)
    let deferred = Deferred {
      count.withLock { count in
        count += 1
        return count
      }
    }
    #expect(deferred.valueIfMade == nil)
    #expect(count.withLock { $0 } == 0)
    let seen = Guarded<[Int]>([])
    for _ in 0..<8 { startThread { seen.signal { $0.append(deferred.value) } } }
    #expect(seen.wait(atMost: 10_000) { $0.count == 8 ? $0 : nil } == Array(repeating: 1, count: 8))
    #expect(deferred.valueIfMade == 1)
  }

  @Test func whoOnlyLooksDoesNotWait() {
    let mayGoOn = Guarded(false)
    let isMaking = Guarded(false)
    let deferred = Deferred {
      isMaking.signal { $0 = true }
      return mayGoOn.wait(atMost: 60_000) { $0 ? true : nil } ?? false
    }
    startThread { _ = deferred.value }
    #expect(isMaking.wait(atMost: 10_000) { $0 ? true : nil } == true)
    #expect(deferred.valueIfMade == nil)
    mayGoOn.signal { $0 = true }
    #expect(deferred.value)
  }
}
