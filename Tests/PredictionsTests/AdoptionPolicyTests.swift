import JSON
import PredictionsTestSupport
import Testing

@testable import Predictions

@Suite("What may be adopted from a history")
struct AdoptionPolicyTests {
  private static let now = Moment(steady: 1_000_000, wall: 1_763_900_000_000)
  private static let cat = Likeness(of: JSONObject([("prompt", "a cat")]))
  private static let dog = Likeness(of: JSONObject([("prompt", "a dog")]))
  private static let match = HistoryMatch(remoteID: "r", createdAt: now.wall, clockSkew: 0, likeness: cat)

  private func policy(
    isSendOpen: Bool = true, isTaken: Bool = false, others: [AdoptionPolicy.OtherSend] = [], queued: [Likeness?] = []
  ) -> AdoptionPolicy {
    AdoptionPolicy(
      now: Self.now, boot: "b", isSendOpen: isSendOpen, isTaken: isTaken, others: others, queued: queued)
  }

  private func twin(sentAt: Int64 = now.wall, model: String? = "m", likeness: Likeness? = cat)
    -> AdoptionPolicy.OtherSend
  {
    AdoptionPolicy.OtherSend(model: model, likeness: likeness, time: SendTime(sentAt: sentAt))
  }

  @Test func everyFactMustAllowIt() {
    let prediction = Situation.looking.prediction
    for isSendOpen in [true, false] {
      for isTaken in [true, false] {
        for hasTwin in [true, false] {
          let policy = policy(isSendOpen: isSendOpen, isTaken: isTaken, others: hasTwin ? [twin()] : [])
          #expect(policy.allows(Self.match, for: prediction) == (isSendOpen && !isTaken && !hasTwin))
        }
      }
    }
  }

  @Test func onlyAPostThatCouldHaveMadeItStandsAgainstIt() {
    let prediction = Situation.looking.prediction
    func allows(_ other: AdoptionPolicy.OtherSend, _ match: HistoryMatch = Self.match) -> Bool {
      policy(others: [other]).allows(match, for: prediction)
    }
    #expect(allows(twin(model: "another")) && allows(twin(likeness: Self.dog)))
    #expect(!allows(twin(model: nil)) && !allows(twin(likeness: nil)), "a record of an older version")
    // 5 s before the POST, 120 s for the reply and 60 s after it.
    #expect(!allows(twin(sentAt: Self.now.wall + 5_000)) && allows(twin(sentAt: Self.now.wall + 5_001)))
    #expect(!allows(twin(sentAt: Self.now.wall - 180_000)) && allows(twin(sentAt: Self.now.wall - 180_001)))
    var named = Self.match
    named.isNamed = true
    #expect(allows(twin(), named))
  }

  @Test func theWindowFollowsTheClocks() {
    let prediction = Situation.looking.prediction
    let hour: Int64 = 3_600_000
    var other = twin(sentAt: Self.now.wall - hour)
    #expect(policy(others: [other]).allows(Self.match, for: prediction))
    // The wall clock was set forward by an hour since: the steady clock tells that it was sent just now.
    (other.time.steady, other.time.boot) = (Self.now.steady, "b")
    #expect(!policy(others: [other]).allows(Self.match, for: prediction))
    // Counted from another boot the steady clock says nothing.
    other.time.boot = "a"
    #expect(policy(others: [other]).allows(Self.match, for: prediction))
    // The provider's clock at the POST was an hour ahead of ours.
    other.time.clockSkew = hour
    #expect(!policy(others: [other]).allows(Self.match, for: prediction))
  }

  @Test func aQueuedPredictionIsAlsoComparedWithTheQueue() {
    let (queued, looking) = (Situation.queued.prediction, Situation.looking.prediction)
    #expect(AdoptionPolicy.readsQueue(for: queued) && !AdoptionPolicy.readsQueue(for: looking))
    #expect(policy(queued: [Self.dog]).allows(Self.match, for: queued))
    #expect(policy(queued: [queued.likeness]).allows(Self.match, for: queued), "either may have it")
    #expect(!policy(queued: [nil]).allows(Self.match, for: queued))
    #expect(policy(queued: [nil]).allows(Self.match, for: looking))
    #expect(!policy(others: [twin()]).allows(Self.match, for: queued))
  }

  @Test func aQueuedPredictionWasSentWhenItsMatchWasCreated() {
    let match = HistoryMatch(remoteID: "r", createdAt: 10_000, clockSkew: 3_000)
    #expect(AdoptionPolicy.assumedSend(of: match, at: 9_000) == 7_000)
    #expect(AdoptionPolicy.assumedSend(of: match, at: 6_000) == 6_000)
  }
}
