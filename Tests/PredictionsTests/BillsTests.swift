import Testing

@testable import Predictions

@Suite struct BillsTests {
  private func item(_ number: Int64, tries: Int = 0) -> Bills.Item {
    .init(id: PredictionID(at: number), remoteID: "r-\(number)", tries: tries)
  }

  @Test func whatEndsWithinASecondIsAskedForTogether() {
    var bills = Bills()
    let items = (0..<3).map { item(Int64($0)) }
    #expect(bills.nextWake == nil)
    bills.add(items[0], of: "a", pace: .remote, now: 0)
    bills.add(items[1], of: "a", pace: .remote, now: 900)
    bills.add(items[2], of: "a", pace: .remote, now: 5_000)
    bills.add(items[1], of: "a", pace: .remote, now: 0)
    #expect(bills.nextWake == 60_000)
    #expect(bills.takeDue(59_999).isEmpty)
    let due = bills.takeDue(60_000)
    #expect(due.map(\.account) == ["a"] && due.first?.items == Array(items[..<2]))
    #expect(bills.nextWake == 65_000)
    #expect(bills.takeDue(70_000).first?.items == [items[2]])
    #expect(bills.nextWake == nil)
  }

  @Test func olderOnesAreLookedForOnceAndAskedForOnce() {
    var bills = Bills()
    bills.planSearch(now: 1_000)
    bills.planSearch(now: 2_000)
    #expect(bills.nextWake == 1_500)
    let tooEarly = bills.takeSearch(1_499)
    let due = bills.takeSearch(1_500)
    let again = bills.takeSearch(9_000)
    #expect(!tooEarly && due && !again && bills.nextWake == nil)
    bills.planSearch(now: 10_000)
    #expect(bills.nextWake == nil)
    let items = (1...60).map { item(Int64($0)) }
    bills.add(items[0], of: "a", pace: .remote, now: 9_000)
    bills.addOlder(items, of: "a", now: 9_000)
    #expect(bills.nextWake == 9_000)
    let taken = bills.takeDue(9_000).flatMap(\.items)
    #expect(taken.count == Bills.atOnce && taken.first?.id == items[1].id)
    for var item in taken {
      item.tries += 1
      bills.add(item, of: "a", pace: .remote, now: 9_000)
    }
    #expect(bills.takeDue(9_000).flatMap(\.items).count == 9 && bills.nextWake == 69_000)
  }

  @Test func aRequestHoldsFiftyAndTheTriesEnd() {
    var bills = Bills()
    for number in 0..<60 { bills.add(item(Int64(number)), of: "a", pace: .near, now: 0) }
    #expect(bills.takeDue(10_000).first?.items.count == Bills.atOnce)
    #expect(bills.takeDue(10_000).first?.items.count == 10)
    bills.add(item(1, tries: Bills.nearPauses.count), of: "a", pace: .near, now: 0)
    #expect(bills.nextWake == nil)
    bills.add(item(1, tries: 2), of: "a", pace: .remote, now: 0)
    #expect(bills.nextWake == 1_800_000)
    for number in 0..<2_000 { bills.add(item(Int64(number)), of: "b", pace: .remote, now: 0) }
    var count = 0
    while let taken = bills.takeDue(60_000).first(where: { $0.account == "b" }) { count += taken.items.count }
    #expect(count == Bills.limit)
  }
}
