import Testing

@testable import Predictions

@Suite("Periodic tasks")
struct PeriodicTasksTests {
  private func moments(_ tasks: PeriodicTasks) -> [Int64?] { [tasks.watchAt, tasks.recoverAt, tasks.touchAt] }

  @Test("without work nothing is due")
  func idle() {
    var tasks = PeriodicTasks()
    tasks.hasForeignWaiters = true
    tasks.plan(0, hasWork: true, hasQueue: true)
    #expect(tasks.next == 0)
    #expect(tasks.watchAt == 100)
    tasks.hasForeignWaiters = false
    tasks.plan(50, hasWork: false, hasQueue: false)
    #expect(tasks.next == nil)
  }

  @Test("planning again delays nothing")
  func planningAgain() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: false)
    tasks.plan(400, hasWork: true, hasQueue: false)
    #expect(moments(tasks) == [500, 30_000, 0])
    #expect(tasks.takeDue(499) == [.touch])
    tasks.plan(500, hasWork: true, hasQueue: false)
    #expect(tasks.takeDue(500) == [.watch])
    #expect(tasks.takeDue(30_000) == [.recover, .touch])
  }

  @Test("a sign of life is given at once when work begins, and then every ten seconds")
  func signsOfLife() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: false)
    #expect(tasks.takeDue(0) == [.touch])
    // Work that ends and begins again needs no additional sign.
    tasks.plan(1_000, hasWork: false, hasQueue: false)
    tasks.plan(2_000, hasWork: true, hasQueue: false)
    #expect(tasks.touchAt == 10_000)
    tasks.plan(2_000, hasWork: false, hasQueue: false)
    tasks.plan(60_000, hasWork: true, hasQueue: false)
    #expect(tasks.touchAt == 60_000)
  }

  @Test("a wait for another process's prediction makes reading and recovery more frequent")
  func foreignWaiters() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: false, hasQueue: true)
    #expect(tasks.touchAt == nil)
    tasks.hasForeignWaiters = true
    tasks.plan(0, hasWork: false, hasQueue: true)
    #expect(tasks.watchAt == 100 && tasks.recoverAt == 2_000)
  }

  @Test("recovery can be asked for at a moment")
  func recovery() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: false)
    tasks.recover(at: 1_000)
    #expect(tasks.recoverAt == 1_000)
  }

  @Test(
    "a process that ends neither reads the others' changes, nor recovers, nor deletes; it still shows that it works")
  func ending() {
    var tasks = PeriodicTasks(retention: Retention(lifetime: 1, now: Moment(steady: 0, wall: 0)))
    #expect(tasks.beginRetention(Moment(steady: 0, wall: 0)) == true)
    tasks.end()
    tasks.plan(0, hasWork: true, hasQueue: true)
    #expect(moments(tasks) == [nil, nil, 0])
    #expect(tasks.next == 0)
    #expect(tasks.takeExpired(Moment(steady: 10_000, wall: 10_000)) == nil)
  }

  @Test("the retention's batches are among the moments")
  func retention() {
    let start = Moment(steady: 0, wall: 0)
    var tasks = PeriodicTasks(retention: Retention(lifetime: 1, now: start))
    #expect(tasks.next == nil)
    #expect(tasks.beginRetention(start) == true)
    #expect(tasks.next == Retention.delay)
    #expect(tasks.takeExpired(Moment(steady: Retention.delay, wall: Retention.delay)) != nil)
    #expect(tasks.next == nil)
    tasks.finishBatch(last: nil, Moment(steady: 5_000, wall: 5_000))
    #expect(tasks.next == 5_000 + Retention.interval)
    var without = PeriodicTasks()
    #expect(without.beginRetention(start) == false)
  }
}
