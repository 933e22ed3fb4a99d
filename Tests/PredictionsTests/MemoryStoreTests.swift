import PredictionsTestSupport
import Testing

@testable import Predictions

@Suite("The memory store keeps the rules of every store")
struct MemoryStoreTests {
  @Test(arguments: StoreConformance.rules)
  func rule(_ rule: StoreConformance.Rule) throws {
    let time = ManualTime()
    let table = MemoryTable(journal: Journal(), time: time)
    var count = 0
    let world = StoreWorld(time: time) {
      count += 1
      let store = MemoryStore(table, owner: "process \(count)")
      return (store, { table.kill(store.owner) })
    }
    try rule.check(in: world)
  }
}
