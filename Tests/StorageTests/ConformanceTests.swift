import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("The SQLite store keeps the rules of every store")
struct ConformanceTests {
  @Test(arguments: StoreConformance.rules)
  func rule(_ rule: StoreConformance.Rule) throws {
    let folder = TemporaryFolder()
    let time = ManualTime()
    let world = StoreWorld(time: time) {
      let fixture = try StoreFixture(folder, time: time)
      return (fixture.store, { fixture.store.close() })
    }
    try rule.check(in: world)
  }
}
