import JSON
import Testing

@testable import Predictions

@Suite("Rounds, lines and prices")
struct RoundsTests {
  @Test func withoutWorkNothingIsEverDue() {
    var rounds = Rounds()
    rounds.plan(0, hasWork: true, hasQueue: true, hasForeignWaiters: true)
    #expect(rounds.next == 0)
    #expect(rounds.watchAt == 100)
    rounds.plan(50, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds.next == nil)
  }

  @Test func planningAgainPutsNothingOff() {
    var rounds = Rounds()
    rounds.plan(0, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    rounds.plan(400, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds == Rounds(watchAt: 500, recoverAt: 30_000, touchAt: 0))
    #expect(rounds.takeDue(499) == [.touch])
    rounds.plan(500, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds.takeDue(500) == [.watch])
    #expect(rounds.takeDue(30_000) == [.recover, .touch])
  }

  @Test func aSignOfLifeIsGivenAtOnceAndThenEveryTenSeconds() {
    var rounds = Rounds()
    rounds.plan(0, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds.takeDue(0) == [.touch])
    // Work that ends and begins again is no reason for another one.
    rounds.plan(1_000, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    rounds.plan(2_000, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds.touchAt == 10_000)
    rounds.plan(2_000, hasWork: false, hasQueue: false, hasForeignWaiters: false)
    rounds.plan(60_000, hasWork: true, hasQueue: false, hasForeignWaiters: false)
    #expect(rounds.touchAt == 60_000)
  }

  @Test func whoeverWaitsForOthersIsTheSooner() {
    var rounds = Rounds()
    rounds.plan(0, hasWork: false, hasQueue: true, hasForeignWaiters: false)
    #expect(rounds.touchAt == nil)
    rounds.plan(0, hasWork: false, hasQueue: true, hasForeignWaiters: true)
    #expect(rounds.watchAt == 100 && rounds.recoverAt == 2_000)
  }

  @Test func aLineGivesTurnsAtItsRate() {
    var line = PollLine(rate: 10)
    let ids = (0..<40).map { PredictionID(sequence: $0, lowBits: 0) }
    #expect(line.nextTurn == nil)
    for id in ids { line.add(id, isAwaited: false) }
    #expect(line.take(0) { _ in true } == Array(ids.prefix(10)))
    #expect(line.nextTurn == 100)
    #expect(line.take(99) { _ in true } == [])
    #expect(line.take(300) { _ in true } == Array(ids[10..<13]))
    #expect(line.take(100_000) { _ in true } == Array(ids[13..<23]), "no more than a second's turns are saved up")
  }

  @Test func whoIsGoneCostsNoTurnAndNobodyIsPolledTwice() {
    var line = PollLine(rate: 2)
    let ids = (0..<5).map { PredictionID(sequence: $0, lowBits: 0) }
    for id in ids { line.add(id, isAwaited: false) }
    line.add(ids[4], isAwaited: true)
    #expect(line.take(0) { $0 != ids[0] } == [ids[4], ids[1]])
    #expect(line.take(1_000) { $0 != ids[4] } == [ids[2], ids[3]])
    #expect(line.take(10_000) { $0 != ids[4] } == [])
    #expect(line.nextTurn == nil)
  }

  @Test func oneOfFourTurnsIsForThoseThatNobodyWaitsFor() {
    var line = PollLine(rate: 8)
    let ids = (0..<20).map { PredictionID(sequence: $0, lowBits: 0) }
    for id in ids { line.add(id, isAwaited: id.sequence < 10) }
    let taken = line.take(0) { _ in true }
    #expect(taken.filter { $0.sequence < 10 }.count == 6)
  }

  @Test(
    arguments: [
      (0, "$0.00", "0"), (167_000, "$0.167", "0.167"), (1_500_000, "$1.50", "1.5"), (12_000_000, "$12.00", "12"),
      (1, "$0.000001", "0.000001"), (-250_000, "-$0.25", "-0.25"),
    ] as [(Int64, String, String)])
  func moneyIsExact(micros: Int64, dollars: String, spelling: String) {
    #expect(Money.dollars(micros) == dollars)
    #expect(Money.spelling(micros) == spelling)
    if micros >= 0 { #expect(Money.micros(Double(spelling)!) == micros) }
  }

  @Test func amountsThatAreNoneAreRefused() {
    for amount in [-0.01, .nan, .infinity, 1e10] { #expect(Money.micros(amount) == nil) }
  }

  private func input(_ members: (String, JSONValue)...) -> JSONObject { JSONObject(members) }

  @Test func aPriceIsThatOfEveryPromptAndOfNothingElse() {
    var prices = PriceList()
    prices.note(42, "p", "m", input(("prompt", "a"), ("n", 2)), now: 0)
    #expect(prices.micros("p", "m", input(("n", 2), ("prompt", "b")), now: 599_999) == 42)
    #expect(prices.micros("p", "m", input(("n", 2), ("prompt", "b")), now: 600_000) == nil)
    #expect(prices.micros("p", "m", input(("n", 3), ("prompt", "a")), now: 0) == nil)
    #expect(prices.micros("p", "other", input(("n", 2), ("prompt", "a")), now: 0) == nil)
  }
}
