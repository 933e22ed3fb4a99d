import Predictions
import Testing

@testable import Service

@Suite("Open calls that make images")
struct MCPImageCallsTests {
  private typealias Calls = MCPImageCalls<Int>

  private let a = PredictionID(sequence: 1, lowBits: 1)
  private let b = PredictionID(sequence: 2, lowBits: 2)
  private let fox: [UInt8] = [1]

  @Test func onlyEqualCallsAtOnceAreRivals() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    calls.begin(2, digest: fox, now: 5)
    calls.begin(3, digest: [2], now: 5)
    calls.begin(4, digest: fox, now: Calls.together)
    calls.begin(5, digest: fox, now: 2 * Calls.together)
    #expect((1...5).map { calls.submit($0) } == [0, 1, 0, 1, 0])
    for call in 1...5 { #expect(calls.end(call).isEmpty) }
    #expect(calls.isEmpty)
  }

  /// The name of a call is its address, which the next one may get.
  @Test func aLaterCallOfTheSameNameIsNobodysRival() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    calls.begin(2, digest: fox, now: 1)
    #expect(calls.end(1).isEmpty)
    calls.begin(1, digest: fox, now: Calls.together + 1)
    #expect(calls.submit(2) == 0)
    #expect(calls.submit(1) == 0)
  }

  @Test func equalCallsAreNumberedAsTheyAreSubmitted() {
    var calls = Calls()
    for call in 1...3 { calls.begin(call, digest: fox, now: Int64(call)) }
    #expect(calls.submit(2) == 0)
    #expect(calls.submit(1) == 1)
    // Once more, after a question: all others count, whichever was first.
    #expect(calls.submit(2) == 1)
    // What has ended meanwhile counts too.
    #expect(calls.end(1).isEmpty)
    #expect(calls.submit(3) == 2)
    calls.begin(4, digest: fox, now: Calls.together + 2)
    #expect(calls.submit(4) == 1)
    calls.begin(5, digest: [2], now: 3)
    #expect(calls.submit(5) == 0 && calls.submit(6) == 0)
  }

  @Test func theLastCallThatIsCancelledTakesItAlong() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    #expect(calls.hold(a, by: 1, isNew: true).isEmpty)
    calls.begin(2, digest: fox, now: 5_000)
    #expect(calls.hold(a, by: 2, isNew: false).isEmpty)
    #expect(calls.end(1).isEmpty && calls.release(a, digest: fox, isAnswered: false).isEmpty)
    #expect(calls.end(2).isEmpty && calls.release(a, digest: fox, isAnswered: false) == [a])
    #expect(calls.isEmpty)
  }

  @Test func oneWhoseIdTheClientHasStays() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    _ = calls.hold(a, by: 1, isNew: true)
    calls.begin(2, digest: fox, now: 5_000)
    _ = calls.hold(a, by: 2, isNew: false)
    #expect(calls.end(2).isEmpty && calls.release(a, digest: nil, isAnswered: true).isEmpty)
    #expect(calls.end(1).isEmpty && calls.release(a, digest: fox, isAnswered: false).isEmpty)
    #expect(calls.isEmpty)
  }

  /// The retry is accepted and not committed when the cancel of the first call comes.
  @Test func aRetryThatIsAboutToHoldItKeepsIt() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    _ = calls.hold(a, by: 1, isNew: true)
    calls.begin(2, digest: fox, now: 5_000)
    #expect(calls.end(1).isEmpty && calls.release(a, digest: fox, isAnswered: false).isEmpty)
    #expect(calls.hold(a, by: 2, isNew: false).isEmpty)
    // Then it is the retry's to take along.
    #expect(calls.end(2).isEmpty && calls.release(a, digest: fox, isAnswered: false) == [a])
    #expect(calls.isEmpty)
  }

  @Test func whatTheOtherCallDoesNotHoldIsWithdrawnThen() {
    for endsWithout in [true, false] {
      var calls = Calls()
      calls.begin(1, digest: fox, now: 0)
      _ = calls.hold(a, by: 1, isNew: true)
      calls.begin(2, digest: fox, now: 5)
      #expect(calls.end(1).isEmpty && calls.release(a, digest: fox, isAnswered: false).isEmpty)
      if endsWithout {
        #expect(calls.end(2) == [a])
      } else {
        #expect(calls.hold(b, by: 2, isNew: true) == [a])
        #expect(calls.end(2).isEmpty && calls.release(b, digest: fox, isAnswered: false) == [b])
      }
      #expect(calls.isEmpty)
    }
  }

  @Test func ofTwoThatWaitEachCancelTakesItsOwn() {
    var calls = Calls()
    calls.begin(1, digest: fox, now: 0)
    calls.begin(2, digest: fox, now: 0)
    _ = calls.hold(a, by: 1, isNew: true)
    _ = calls.hold(b, by: 2, isNew: true)
    #expect(calls.end(1).isEmpty && calls.release(a, digest: fox, isAnswered: false) == [a])
    #expect(calls.end(2).isEmpty && calls.release(b, digest: fox, isAnswered: false) == [b])
    #expect(calls.isEmpty)
  }
}
