import Testing

@testable import Threads

@Suite struct ProtectedTests {
  @Test func oneThreadAtATime() {
    let count = Protected(0)
    let done = Protected(0)
    for _ in 0..<8 {
      startThread {
        for _ in 0..<10_000 {
          count.withLock { value in
            let before = value
            value = before + 1
          }
        }
        done.signal { $0 += 1 }
      }
    }
    #expect(done.wait(atMost: 10_000) { $0 == 8 ? true : nil } == true)
    #expect(count.withLock { $0 } == 80_000)
  }

  @Test func aBodyMayThrowAndTheLockIsFreeAfterwards() {
    struct Refused: Error {}
    let guarded = Protected(1)
    #expect(throws: Refused.self) {
      try guarded.withLock { value throws(Refused) -> Int in
        value = 2
        throw Refused()
      }
    }
    #expect(guarded.withLock { $0 } == 2)
  }

  @Test func waitReturnsTheValueOfTheBody() {
    let guarded = Protected<[Int]>([])
    startThread { for number in 1...3 { guarded.signal { $0.append(number) } } }
    #expect(guarded.wait { $0.count == 3 ? $0 : nil } == [1, 2, 3])
    // The body may take the value.
    #expect(guarded.wait(atMost: 0) { $0.isEmpty ? nil : $0.removeFirst() } == 1)
    #expect(guarded.withLock { $0 } == [2, 3])
  }

  @Test func everyWaitingThreadIsWoken() {
    let gate = Protected((waiting: 0, open: false, passed: 0))
    for _ in 0..<4 {
      startThread {
        gate.signal { $0.waiting += 1 }
        _ = gate.wait { $0.open ? true : nil }
        gate.signal { $0.passed += 1 }
      }
    }
    #expect(gate.wait(atMost: 10_000) { $0.waiting == 4 ? true : nil } == true)
    #expect(gate.withLock { $0.passed } == 0)
    gate.signal { $0.open = true }
    #expect(gate.wait(atMost: 10_000) { $0.passed == 4 ? true : nil } == true)
  }

  @Test func theTimeRunsOut() {
    let guarded = Protected(0)
    let clock = ContinuousClock()
    let started = clock.now
    #expect(guarded.wait(atMost: 30) { $0 == 1 ? true : nil } == nil)
    #expect(clock.now - started >= .milliseconds(30))
  }

  @Test(arguments: [0, -5, Int64.min]) func withoutTimeTheBodyIsCalledOnce(_ milliseconds: Int64) {
    let asked = Protected(0)
    #expect(
      asked.wait(atMost: milliseconds) { value -> Bool? in
        value += 1
        return nil
      } == nil)
    #expect(asked.withLock { $0 } == 1)
  }

  /// A limit whose nanoseconds do not fit counts as none, and not as passed.
  @Test(arguments: [Int64.max, Int64.max / 1_000_000, 1 << 60]) func veryLongTimesAreLong(_ milliseconds: Int64) {
    let guarded = Protected(false)
    let started = Protected(false)
    startThread {
      _ = started.wait { $0 ? true : nil }
      guarded.signal { $0 = true }
    }
    let found = guarded.wait(atMost: milliseconds) { value -> Bool? in
      started.signal { $0 = true }
      return value ? true : nil
    }
    #expect(found == true)
  }

  /// A lock would wrap a bare closure again at each access, until a call of it overflows the stack.
  @Test func aBareClosureIsDetected() {
    struct Box { let body: @Sendable () -> Void }
    #expect(isFunction((() -> Void).self))
    #expect(isFunction((@Sendable (Int) -> String)?.self))
    #expect(isFunction((() throws -> Void)??.self))
    #expect(!isFunction(Box?.self))
    #expect(!isFunction([() -> Void].self))
    #expect(!isFunction(Int.self))
    #expect(!isFunction(Void.self))
  }

  /// After 200,000 accesses a closure in a struct is not wrapped more often than after one.
  @Test func aClosureInAStructIsNotWrapped() {
    struct Box: Sendable { let body: @Sendable () -> Int }
    let guarded = Protected<Box?>(Box { 7 })
    for _ in 0..<200_000 { _ = guarded.withLock { $0 } }
    #expect(guarded.withLock { $0 }?.body() == 7)
  }

  @Test func aLockThatIsHeldEndsADebugBuild() async {
    await #expect(processExitsWith: .failure) {
      let value = Protected(0)
      value.withLock { _ in value.assertNotHeld() }
    }
    await #expect(processExitsWith: .failure) {
      let value = Protected(0)
      value.withLock { _ in value.withLock { _ in } }
    }
  }

  @Test func anotherThreadsLockIsNotHeldByThisOne() {
    let value = Protected(0)
    let isHeld = Protected(false)
    let done = Protected(false)
    startThread {
      value.withLock { _ in isHeld.signal { $0 = true } }
      done.signal { $0 = true }
    }
    _ = isHeld.wait { $0 ? true : nil }
    value.assertNotHeld()
    _ = done.wait { $0 ? true : nil }
    value.assertNotHeld()
  }
}
