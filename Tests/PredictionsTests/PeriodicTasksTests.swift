import Testing

@testable import Predictions

@Suite("Periodic tasks")
struct PeriodicTasksTests {
  @Test func withoutWorkNothingIsEverDue() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: true, hasForeignWaiters: true)
    #expect(tasks.next == 0)
    #expect(tasks.watchAt == 100)
    tasks.plan(50, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks.next == nil)
  }

  @Test func planningAgainPutsNothingOff() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    tasks.plan(400, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks == PeriodicTasks(watchAt: 500, recoverAt: 30_000, touchAt: 0))
    #expect(tasks.takeDue(499) == [.touch])
    tasks.plan(500, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks.takeDue(500) == [.watch])
    #expect(tasks.takeDue(30_000) == [.recover, .touch])
  }

  @Test func aSignOfLifeIsGivenAtOnceAndThenEveryTenSeconds() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks.takeDue(0) == [.touch])
    // Work that ends and begins again is no reason for another one.
    tasks.plan(1_000, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    tasks.plan(2_000, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks.touchAt == 10_000)
    tasks.plan(2_000, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    tasks.plan(60_000, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(tasks.touchAt == 60_000)
  }

  @Test func whoeverWaitsForOthersIsTheSooner() {
    var tasks = PeriodicTasks()
    tasks.plan(0, hasWork: false, hasQueue: true, hasForeignWaiters: false)
    #expect(tasks.touchAt == nil)
    tasks.plan(0, hasWork: false, hasQueue: true, hasForeignWaiters: true)
    #expect(tasks.watchAt == 100 && tasks.recoverAt == 2_000)
  }
}
