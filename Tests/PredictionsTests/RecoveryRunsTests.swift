import Testing

@testable import Predictions

@Suite("Runs of recovery")
struct RecoveryRunsTests {
  @Test("work begins once, and a planned beginning is not needed afterwards")
  func beginning() {
    var runs = RecoveryRuns()
    #expect(runs.begin(at: 500) == true)
    #expect(runs.begin(at: 700) == false, "the first plan holds")
    #expect(!runs.isDue(499) && runs.isDue(500))
    #expect(runs.begin() == true)
    #expect(runs.hasBegun && runs.beginsAt == nil)
    #expect(runs.begin() == false)
    #expect(runs.begin(at: 900) == false)
  }

  @Test("a process that ends plans nothing")
  func ending() {
    var runs = RecoveryRuns()
    _ = runs.begin(at: 500)
    runs.end()
    #expect(runs.beginsAt == nil)
    #expect(runs.begin(at: 700) == false)
  }

  @Test("one run at a time; a provider that is added during a run makes another one follow")
  func repeating() {
    var runs = RecoveryRuns()
    #expect(runs.addProvider() == false, "before work begins nothing is recovered")
    _ = runs.begin()
    #expect(runs.start() == true)
    #expect(runs.start() == false)
    #expect(runs.addProvider() == true)
    #expect(runs.finish() == true)
    #expect(runs.start() == true)
    #expect(runs.finish() == false)
  }
}
