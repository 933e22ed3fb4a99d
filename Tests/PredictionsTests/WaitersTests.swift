import Testing

@testable import Predictions

@Suite("Waits")
struct WaitersTests {
  private func id(_ number: Int64) -> PredictionID { PredictionID(sequence: number, lowBits: 0) }

  private func waiter(
    _ ids: [Int64], _ mode: WaitMode = .all, until deadline: Int64 = 1_000, tick: Int64? = nil
  ) -> Waiters.Waiter {
    Waiters.Waiter(
      ids: ids.map(id), mode: mode, deadline: deadline, tick: tick, onProgress: nil, completion: { _ in })
  }

  @Test("one prediction answers all its waits, in the order of their start, once")
  func many() {
    var waiters = Waiters()
    for deadline in 1...5 { _ = waiters.add(waiter([1], until: Int64(deadline * 100))) }
    _ = waiters.add(waiter([2]))
    let taken = waiters.takeFulfilled(by: id(1)) { $0 == id(1) }
    #expect(taken.map(\.deadline) == [100, 200, 300, 400, 500])
    #expect(waiters.takeFulfilled(by: id(1)) { _ in true }.isEmpty)
    #expect(!waiters.isEmpty)
    #expect(Array(waiters.awaited) == [id(2)])
  }

  @Test("any ends with the first prediction, all with the last")
  func modes() {
    var waiters = Waiters()
    _ = waiters.add(waiter([1, 2], .any, until: 10))
    _ = waiters.add(waiter([1, 2], .all, until: 20))
    var settled: Set<PredictionID> = [id(2)]
    #expect(waiters.takeFulfilled(by: id(2)) { settled.contains($0) }.map(\.deadline) == [10])
    #expect(waiters.isAwaited(id(1)) && waiters.isAwaited(id(2)))
    settled.insert(id(1))
    #expect(waiters.takeFulfilled(by: id(1)) { settled.contains($0) }.map(\.deadline) == [20])
    #expect(waiters.isEmpty)
    #expect(!waiters.isAwaited(id(1)))
  }

  @Test("a change that settles nothing answers no wait")
  func unsettled() {
    var waiters = Waiters()
    _ = waiters.add(waiter([1], .any))
    #expect(waiters.takeFulfilled(by: id(1)) { _ in false }.isEmpty)
    #expect(waiters.takeFulfilled(by: id(9)) { _ in true }.isEmpty)
    #expect(waiters.isAwaited(id(1)))
  }

  @Test("a prediction that is named twice in one wait counts once")
  func twice() {
    var waiters = Waiters()
    let wait = waiters.add(waiter([1, 1]))
    #expect(waiters.takeFulfilled(by: id(1)) { _ in true }.count == 1)
    #expect(waiters.remove(wait) == nil)
    #expect(Array(waiters.awaited).isEmpty)
  }

  @Test("a wait that was ended is not answered any more")
  func ended() {
    var waiters = Waiters()
    let wait = waiters.add(waiter([1]))
    #expect(waiters.remove(wait)?.ids == [id(1)])
    #expect(waiters.remove(wait) == nil)
    #expect(waiters.takeFulfilled(by: id(1)) { _ in true }.isEmpty)
    #expect(waiters.takeExpired(.max).isEmpty)
    #expect(waiters.nextWake == nil)
  }

  @Test("waits expire at their deadline, and the next wake-up is the next deadline")
  func deadlines() {
    var waiters = Waiters()
    for deadline: Int64 in [300, 100, 200] { _ = waiters.add(waiter([1], until: deadline)) }
    #expect(waiters.nextWake == 100)
    #expect(waiters.takeExpired(99).isEmpty)
    #expect(waiters.takeExpired(200).map(\.deadline) == [100, 200])
    #expect(waiters.nextWake == 300)
    #expect(waiters.takeExpired(300).count == 1)
    #expect(waiters.nextWake == nil)
    #expect(waiters.isEmpty)
  }

  @Test("progress is reported at its own moments, with a wake-up")
  func ticks() {
    var waiters = Waiters()
    _ = waiters.add(waiter([1], until: 5_000, tick: 1_000))
    _ = waiters.add(waiter([2], until: 9_000))
    #expect(waiters.nextWake == 1_000)
    #expect(waiters.ticking(999, interval: 1_000).isEmpty)
    #expect(waiters.ticking(1_700, interval: 1_000).map(\.ids) == [[id(1)]])
    #expect(waiters.nextWake == 2_700)
    #expect(waiters.ticking(1_700, interval: 1_000).isEmpty)
  }

  @Test("the end takes out all waits")
  func end() {
    var waiters = Waiters()
    for number: Int64 in 1...4 { _ = waiters.add(waiter([number])) }
    #expect(waiters.takeAll().map(\.ids) == [[id(1)], [id(2)], [id(3)], [id(4)]])
    #expect(waiters.isEmpty)
    #expect(waiters.takeAll().isEmpty)
    #expect(waiters.nextWake == nil)
  }

  @Test("nothing is settled while its download is tried again")
  func settled() {
    for situation in Situation.allCases {
      let snapshot = PredictionSnapshot(situation.prediction, resultURL: nil)
      let unsettled: [Situation] = [.queued, .awaiting, .chained, .sending, .polling, .looking, .fetching, .refetching]
      #expect(snapshot.isSettled == !unsettled.contains(situation), "\(situation)")
    }
  }
}
