import Testing
import Threads

@Suite struct WorkQueueTests {
  @Test func jobsRunInTheOrderInWhichTheyWereAdded() {
    let queue = WorkQueue()
    let ran = Protected<[Int]>([])
    for number in 0..<1_000 { queue.async { ran.signal { $0.append(number) } } }
    #expect(ran.wait(atMost: 10_000) { $0.count == 1_000 ? true : nil } == true)
    #expect(ran.withLock { $0 } == Array(0..<1_000))
  }

  @Test func jobsThatWaitWhenTheQueueIsReleasedStillRun() {
    let ran = Protected(0)
    let mayGoOn = Protected(false)
    do {
      let queue = WorkQueue()
      queue.async { _ = mayGoOn.wait { $0 ? true : nil } }
      for _ in 0..<10 { queue.async { ran.signal { $0 += 1 } } }
    }
    mayGoOn.signal { $0 = true }
    #expect(ran.wait(atMost: 10_000) { $0 == 10 ? true : nil } == true)
  }

  @Test func oneJobAtATime() {
    let queue = WorkQueue()
    let state = Protected((running: 0, most: 0, done: 0))
    for _ in 0..<4 {
      startThread {
        for _ in 0..<100 {
          queue.async {
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
      }
    }
    #expect(state.wait(atMost: 10_000) { $0.done == 400 ? true : nil } == true)
    #expect(state.withLock { $0.most } == 1)
  }

  @Test func aJobMayAddAJob() {
    let queue = WorkQueue()
    let ran = Protected<[String]>([])
    queue.async {
      queue.async { ran.signal { $0.append("inner") } }
      ran.signal { $0.append("outer") }
    }
    #expect(ran.wait(atMost: 10_000) { $0.count == 2 ? $0 : nil } == ["outer", "inner"])
  }

  @Test func addingAJobDoesNotWait() {
    let queue = WorkQueue()
    let gate = Protected(false)
    let done = Protected(false)
    queue.async { _ = gate.wait { $0 ? true : nil } }
    queue.async { done.signal { $0 = true } }
    #expect(!done.withLock { $0 })
    gate.signal { $0 = true }
    #expect(done.wait(atMost: 10_000) { $0 ? true : nil } == true)
  }

  /// A job may hold megabytes, and the next ones may take long.
  @Test func aJobIsReleasedWhenItHasRun() {
    final class Token: Sendable {
      let isReleased: Protected<Bool>
      init(_ isReleased: Protected<Bool>) { self.isReleased = isReleased }
      deinit { isReleased.signal { $0 = true } }
    }
    let queue = WorkQueue()
    let gate = Protected(false)
    let isReleased = Protected(false)
    let wasInTime = Protected<Bool?>(nil)
    queue.async { _ = gate.wait { $0 ? true : nil } }
    queue.async { [token = Token(isReleased)] in withExtendedLifetime(token) {} }
    queue.async {
      let inTime = isReleased.wait(atMost: 20_000) { $0 ? true : nil } ?? false
      wasInTime.signal { $0 = inTime }
    }
    gate.signal { $0 = true }
    #expect(wasInTime.wait(atMost: 40_000) { $0 } == true)
  }

  @Test func aJobKnowsItsQueue() async {
    let queue = WorkQueue()
    let done = Protected(false)
    queue.async {
      queue.assertIsCurrent()
      done.signal { $0 = true }
    }
    #expect(done.wait(atMost: 20_000) { $0 ? true : nil } == true)
    await #expect(processExitsWith: .failure) { WorkQueue().assertIsCurrent() }
  }

  @Test func aJobOfAnotherQueueIsOutside() async {
    await #expect(processExitsWith: .failure) {
      let queue = WorkQueue()
      let done = Protected(false)
      queue.async {
        WorkQueue().assertIsCurrent()
        done.signal { $0 = true }
      }
      _ = done.wait(atMost: 20_000) { $0 ? true : nil }
    }
  }
}
