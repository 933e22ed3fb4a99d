import Testing

@testable import Threads

/// Work that must not wait is stopped where it would.
@Suite struct PromptnessTests {
  @Test func aWaitEndsADebugBuild() async {
    await #expect(processExitsWith: .failure) {
      Promptness.required { _ = Protected(0).wait(atMost: 1_000) { _ in nil as Int? } }
    }
  }

  @Test func oneCallOfTheBodyIsNotAWait() {
    let guarded = Protected(7)
    Promptness.required {
      #expect(guarded.wait { $0 } == 7)
      #expect(guarded.wait(atMost: 0) { _ in nil as Int? } == nil)
    }
  }

  @Test func itEndsWithTheBody() {
    Promptness.required {}
    #expect(Protected(0).wait(atMost: 1) { _ in nil as Int? } == nil)
  }

  @Test func otherThreadsMayWait() {
    let done = Protected(false)
    Promptness.required {
      startThread {
        _ = Protected(0).wait(atMost: 1) { _ in nil as Int? }
        done.signal { $0 = true }
      }
    }
    #expect(done.wait(atMost: 20_000) { $0 ? true : nil } == true)
  }
}
