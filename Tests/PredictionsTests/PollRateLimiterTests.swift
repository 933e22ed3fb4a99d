import Testing

@testable import Predictions

@Suite("The rate of polls")
struct PollRateLimiterTests {
  @Test func turnsComeAtTheRate() {
    var limiter = PollRateLimiter(rate: 10)
    let ids = (0..<40).map { PredictionID(sequence: $0, lowBits: 0) }
    #expect(limiter.nextTurn == nil)
    for id in ids { limiter.add(id, isAwaited: false) }
    #expect(limiter.take(0) { _ in true } == Array(ids.prefix(10)))
    #expect(limiter.nextTurn == 100)
    #expect(limiter.take(99) { _ in true } == [])
    #expect(limiter.take(300) { _ in true } == Array(ids[10..<13]))
    #expect(limiter.take(100_000) { _ in true } == Array(ids[13..<23]), "no more than a second's turns are saved up")
  }

  @Test func removedPredictionsUseNoTurnAndNoneIsPolledTwice() {
    var limiter = PollRateLimiter(rate: 2)
    let ids = (0..<5).map { PredictionID(sequence: $0, lowBits: 0) }
    for id in ids { limiter.add(id, isAwaited: false) }
    limiter.add(ids[4], isAwaited: true)
    #expect(limiter.take(0) { $0 != ids[0] } == [ids[4], ids[1]])
    #expect(limiter.take(1_000) { $0 != ids[4] } == [ids[2], ids[3]])
    #expect(limiter.take(10_000) { $0 != ids[4] } == [])
    #expect(limiter.nextTurn == nil)
  }

  @Test func oneOfFourTurnsIsForPredictionsWithoutAWait() {
    var limiter = PollRateLimiter(rate: 8)
    let ids = (0..<20).map { PredictionID(sequence: $0, lowBits: 0) }
    for id in ids { limiter.add(id, isAwaited: id.sequence < 10) }
    let taken = limiter.take(0) { _ in true }
    #expect(taken.filter { $0.sequence < 10 }.count == 6)
  }
}
