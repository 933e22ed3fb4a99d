import Testing

@testable import Predictions

/// Sources/Predictions/README.md, "Retries and polling", has the figures.
@Suite("Pauses between attempts")
struct RetryPolicyTests {
  private let remote = RetryPolicy(.remote)

  @Test("polls begin at two seconds and slow down by half each time, to ten")
  func young() {
    let pauses = (0...8).map { remote.poll(after: $0, age: 0) }
    #expect(pauses == [2_000, 3_000, 4_500, 6_750, 10_000, 10_000, 10_000, 10_000, 10_000])
    #expect(remote.firstPoll == 2_000)
  }

  @Test("a long-running prediction is polled less: once a minute after ten minutes, every five after an hour")
  func old() {
    #expect(remote.poll(after: 1, age: 600_000) == 3_000)
    #expect(remote.poll(after: 1, age: 600_001) == 60_000)
    #expect(remote.poll(after: 1_000, age: 3_600_000) == 60_000)
    #expect(remote.poll(after: 1_000, age: 3_600_001) == 300_000)
  }

  @Test("pauses double to half a minute without information, and to five minutes after refusals")
  func backOff() {
    #expect((1...7).map { remote.transient(after: $0) } == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    #expect((1...6).map { remote.paused(after: $0) } == [30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
  }

  @Test("no number of attempts overflows", arguments: [RetryPolicy.remote, .near])
  func manyAttempts(policy: RetryPolicy) {
    for attempts in [0, 63, 64, 1_000_000, Int.max] {
      #expect((1...300_000).contains(policy.poll(after: attempts, age: 0)))
      #expect((1...30_000).contains(policy.transient(after: attempts)))
      #expect((1...300_000).contains(policy.paused(after: attempts)))
    }
  }

  @Test("the history is searched once a minute for an hour, once an hour for seven days, then not any more")
  func looks() {
    let hour: Int64 = 3_600_000
    #expect(remote.nextLook(atAge: 30_000) == 60_000)
    #expect(remote.nextLook(atAge: hour - 1) == 60_000)
    #expect(remote.nextLook(atAge: hour) == hour)
    #expect(remote.nextLook(atAge: 7 * 24 * hour - 1) == hour)
    #expect(remote.nextLook(atAge: 7 * 24 * hour) == nil)
  }

  /// The first searches take half a minute in all, and two of them are far enough apart to count as evidence.
  @Test("the first searches", arguments: [RetryPolicy.remote, .near])
  func firstLooks(policy: RetryPolicy) {
    #expect(policy.looks == policy.looks.sorted())
    #expect(policy.looks.last! - policy.looks.first! >= policy.lookSpan)
    #expect(remote.looks == [2_000, 5_000, 10_000, 20_000, 30_000])
    #expect(remote.lookSpan == 5_000)
  }

  @Test("\"no such prediction\" is believed after ten seconds and over a minute; downloads are given up within one")
  func patience() {
    #expect(remote.goneGrace == 10_000)
    #expect(remote.goneSpan == 60_000)
    #expect(remote.downloads.reduce(0, +) < 60_000)
    #expect(remote.downloads.count == 2, "three tries")
  }

  @Test("on loopback all pauses are shorter, but none is zero")
  func near() {
    let near = RetryPolicy(.near)
    #expect(near.firstPoll == 50)
    for attempts in 0...40 { #expect(near.poll(after: attempts, age: 0) <= remote.poll(after: attempts, age: 0)) }
    #expect(near.looks.allSatisfy { $0 > 0 } && near.downloads.allSatisfy { $0 > 0 })
  }
}
