import Testing

@testable import Predictions

@Suite struct HostTurnsTests {
  @Test func jobsBeyondTheLimitWaitInOrder() {
    var turns = HostTurns<Int>(limit: 2, hostLimit: 2)
    var began: [Bool] = []
    for number in 1...5 { began.append(turns.begin(number, host: "a")) }
    #expect(began == [true, true, false, false, false])
    var next: [Int?] = []
    for _ in 1...5 { next.append(turns.end(host: "a")) }
    #expect(next == [3, 4, 5, nil, nil])
    let beginsAgain = turns.begin(6, host: "a")
    #expect(beginsAgain)
  }

  @Test func aHostThatHasItsTurnsLetsOthersPass() {
    var turns = HostTurns<String>(limit: 3, hostLimit: 2)
    let began = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b")].map { turns.begin($0.0, host: $0.1) }
    #expect(began == [true, true, false, true, false])
    let afterB = turns.end(host: "b")
    #expect(afterB == "b2", "a3 came first, and its host has two")
    let afterA = turns.end(host: "a")
    #expect(afterA == "a3")
  }
}
