import Testing

@testable import Predictions

@Suite struct TurnsTests {
  @Test func jobsBeyondTheLimitWaitInOrder() {
    var turns = Turns<Int>(limit: 2)
    var began: [Bool] = []
    for number in 1...5 { began.append(turns.begin(number)) }
    #expect(began == [true, true, false, false, false])
    #expect(turns.running == 2)
    var next: [Int?] = []
    for _ in 1...5 { next.append(turns.end()) }
    #expect(next == [3, 4, 5, nil, nil])
    #expect(turns.running == 0)
    let beginsAgain = turns.begin(6)
    #expect(beginsAgain)
  }
}
