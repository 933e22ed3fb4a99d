import Testing
import Threads

@Suite struct SpareThreadTests {
  /// No address space has this much for a stack, so that the system refuses the thread.
  private static let impossible = 1 << 52

  @Test func aThreadThatTheSystemRefusesIsReported() {
    let ran = Protected(false)
    #expect(!tryStartThread(stackBytes: Self.impossible) { ran.signal { $0 = true } })
    #expect(tryStartThread { ran.signal { $0 = true } })
    #expect(ran.wait(atMost: 10_000) { $0 ? true : nil } == true)
  }

  @Test func aSpareThreadRunsWhatTheSystemHasNoThreadFor() {
    let ran = Protected<Set<Int>>([])
    keepSpareThreads(3)
    for number in 1...3 { startThread(stackBytes: Self.impossible) { _ = ran.signal { $0.insert(number) } } }
    #expect(ran.wait(atMost: 10_000) { $0.count == 3 ? true : nil } == true)
  }
}
