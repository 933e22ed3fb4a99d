import PredictionsTestSupport
import Testing

@testable import Predictions

/// The wall clock is set between a POST and a search of the history: the time of the POST by the present clocks.
@Suite("The time of a POST")
struct SendTimeTests {
  private static let sent: Int64 = 1_700_000_000_000
  private static let minute: Int64 = 60_000
  private static let hour = 60 * minute

  /// - Parameter step: by how much the local clock was set forward between the POST and now.
  private func window(
    step: Int64, age: Int64 = minute, until: Int64? = nil, boot: String? = "one", now bootNow: String? = "one"
  ) -> ClosedRange<Int64> {
    let time = SendTime(sentAt: Self.sent, untilAt: until, steady: boot.map { _ in 5_000 }, boot: boot)
    return time.window(
      at: Moment(steady: 5_000 + age, wall: Self.sent + age + step), boot: bootNow, within: .ofTests)
  }

  @Test(arguments: [0, 1, -1, 20_000, -20_000, hour, -hour, 400 * 24 * hour, -400 * 24 * hour])
  func aStepMovesTheWindow(step: Int64) {
    let time = Self.sent + step
    #expect(window(step: step) == time - 5_000...time + 180_000)
    #expect(window(step: step, age: 5 * Self.hour) == time - 5_000...time + 180_000)
  }

  @Test func afterAnotherBootTheWallClockIsUsed() {
    let word = Self.sent - 5_000...Self.sent + 180_000
    #expect(window(step: Self.hour, now: "two") == word)
    #expect(window(step: Self.hour, now: nil) == word)
    #expect(window(step: Self.hour, boot: nil) == word)
    #expect(window(step: Self.hour, boot: nil, now: nil) == word)
    // A steady clock that went back counts from another boot, whatever its name.
    #expect(window(step: 0, age: -1) == word)
  }

  @Test func itEndsAMinuteAfterTheReplyWasGivenUp() {
    #expect(window(step: 0, until: Self.sent + 9_000) == Self.sent - 5_000...Self.sent + 69_000)
    #expect(window(step: 0, until: Self.sent) == Self.sent - 5_000...Self.sent + 60_000)
    // The clock was set back before the reply was given up: then the length of the wait is not known.
    #expect(window(step: 0, until: Self.sent - Self.hour) == Self.sent - 5_000...Self.sent + 180_000)
  }

  @Test func theProvidersClockIsTakenFromThePOSTOrFromNow() {
    let now = Moment(steady: 5_000 + Self.minute, wall: Self.sent + Self.minute + Self.hour)
    var time = SendTime(sentAt: Self.sent, steady: 5_000, boot: "one")
    // The local clock was an hour slow and is right now; the provider's was right all the time.
    let truth = Self.sent + Self.hour - 5_000...Self.sent + Self.hour + 180_000
    #expect(time.providerWindow(at: now, boot: "one", presentSkew: 0, within: .ofTests) == truth)
    time.clockSkew = Self.hour
    #expect(time.providerWindow(at: now, boot: "one", presentSkew: 0, within: .ofTests) == truth)
    #expect(time.providerWindow(at: now, boot: "two", presentSkew: 0, within: .ofTests) == truth)
  }

  @Test func noDurationIsNegative() {
    var it = Situation.completed.prediction
    it.startedAt = it.createdAt + 7
    it.finishedAt = it.createdAt + 20
    #expect(it.queuedMilliseconds == 7 && it.workMilliseconds == 13 && it.totalMilliseconds == 20)
    it.finishedAt = it.createdAt - 1
    #expect(it.workMilliseconds == nil && it.totalMilliseconds == nil)
    it.startedAt = it.createdAt - 1
    #expect(it.queuedMilliseconds == nil && it.workMilliseconds == 0)
    it.startedAt = nil
    #expect(it.queuedMilliseconds == nil && it.workMilliseconds == nil)
  }

  @Test(arguments: [(nil, true), (0, true), (1, false), (hour, false), (hour + 1, true)] as [(Int64?, Bool)])
  func aSearchIsNeverMoreThanAnHourAway(ahead: Int64?, isDue: Bool) {
    var it = Situation.doubtful.prediction
    it.nextAt = ahead.map { Self.sent + $0 }
    #expect(it.isSearchDue(at: Self.sent) == isDue)
  }
}
