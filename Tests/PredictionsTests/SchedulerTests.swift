import Encoding
import PredictionsTestSupport
import Testing

@testable import Predictions

/// The whole policy of queue, polls, searches and downloads, without a clock.
@Suite("Scheduler")
struct SchedulerTests {
  /// A scheduler with its time and its actions.
  private struct Stage {
    var scheduler = Scheduler(seed: 7)
    var now = Moment(steady: 1_000_000, wall: 1_700_000_000_000)

    init(_ pace: PollPace = .remote) { scheduler.add(account: "a", pace: pace) }

    mutating func handle(_ event: Scheduler.Event) -> [Scheduler.Action] { scheduler.handle(event, now: now) }

    mutating func pass(_ milliseconds: Int64) {
      now.steady += milliseconds
      now.wall += milliseconds
    }

    /// Lets time pass until there are actions, at most so long; returns them and the time that passed.
    mutating func waitForActions(atMost limit: Int64 = 10_000_000) -> (actions: [Scheduler.Action], after: Int64) {
      let start = now.steady
      while let next = scheduler.nextWake, next - start <= limit {
        pass(max(0, next - now.steady))
        let actions = handle(.woke)
        if !actions.isEmpty { return (actions, now.steady - start) }
      }
      pass(limit - (now.steady - start))
      return ([], limit)
    }

    /// A prediction that the provider has just accepted.
    mutating func polling(_ number: Int = 1) -> Prediction {
      var prediction = prediction(number)
      prediction.phase = .sending
      prediction.status = .processing
      prediction.owner = "me"
      prediction.startedAt = now.wall
      _ = handle(.claimed(prediction))
      prediction.phase = .polling
      prediction.remoteID = "remote\(number)"
      #expect(handle(.changed(prediction)) == [])
      return prediction
    }

    /// A prediction whose POST got no reply.
    mutating func looking() -> Prediction {
      var prediction = prediction(1)
      prediction.phase = .sending
      prediction.status = .processing
      prediction.owner = "me"
      prediction.startedAt = now.wall
      _ = handle(.claimed(prediction))
      prediction.phase = .looking
      prediction.nextAt = now.wall + 2_000
      #expect(handle(.changed(prediction)) == [])
      return prediction
    }

    func prediction(_ number: Int) -> Prediction {
      Prediction(
        id: PredictionID(sequence: Int64(number), lowBits: 0), provider: "p", model: "m", input: [], fingerprint: [],
        account: "a", outputDirectory: "/")
    }
  }

  private static let running = PollOutcome.answered(.running, after: nil)

  // MARK: - Queue

  @Test func nothingIsSentWithoutAClaim() {
    var stage = Stage()
    #expect(stage.handle(.queued(account: "a")) == [.claim(account: "a")])
    #expect(stage.handle(.queued(account: "a")) == [], "one claim at a time")
    let prediction = stage.prediction(1)
    #expect(stage.handle(.claimed(prediction)) == [.post(prediction.id), .claim(account: "a")])
  }

  @Test func anUnknownAccountIsIgnored() {
    var stage = Stage()
    #expect(stage.handle(.queued(account: "b")) == [])
  }

  @Test func aDeniedClaimIsRepeatedAtItsTimeOrWhenASlotIsFree() {
    var stage = Stage()
    _ = stage.handle(.queued(account: "a"))
    #expect(stage.handle(.claimEnded(account: "a", retryAfter: 1_000)) == [])
    #expect(stage.handle(.queued(account: "a")) == [], "not before")
    #expect(stage.waitForActions() == ([.claim(account: "a")], 1_000))
    _ = stage.handle(.claimEnded(account: "a", retryAfter: 60_000))
    var over = stage.prediction(2)
    over.phase = nil
    over.status = .completed
    #expect(stage.handle(.changed(over)) == [.claim(account: "a")])
  }

  @Test func anEmptyQueueIsNotClaimedFromAgain() {
    var stage = Stage()
    _ = stage.handle(.queued(account: "a"))
    _ = stage.handle(.claimEnded(account: "a", retryAfter: nil))
    #expect(!stage.scheduler.hasQueue)
    #expect(stage.waitForActions().actions == [])
  }

  @Test func afterStoppingNothingIsClaimed() {
    var stage = Stage()
    _ = stage.handle(.stopping)
    #expect(stage.handle(.queued(account: "a")) == [])
  }

  // MARK: - Polling

  @Test func onThisMachinePausesGrowFromFiftyMillisecondsToTenSeconds() {
    var stage = Stage(.near)
    let prediction = stage.polling()
    var pauses: [Int64] = []
    for _ in 0..<22 {
      let (actions, after) = stage.waitForActions()
      #expect(actions == [.poll(prediction.id)])
      pauses.append(after)
      #expect(stage.handle(.polled(prediction.id, Self.running)) == [])
    }
    #expect((40...60).contains(pauses[0]))
    #expect(pauses.suffix(4).allSatisfy { $0 >= 8_000 && $0 <= 12_250 }, "\(pauses)")
  }

  @Test func onThisMachineALongRunningPredictionIsPolledOnceAMinuteThenEveryFive() {
    var stage = Stage(.near)
    let prediction = stage.polling()
    var after: Int64 = 0
    while stage.now.steady < 1_000_000 + 700_000 {
      _ = stage.waitForActions()
      _ = stage.handle(.polled(prediction.id, Self.running))
    }
    after = stage.waitForActions().after
    #expect((48_000...72_250).contains(after))
    stage.pass(3_600_000)
    _ = stage.handle(.woke)
    _ = stage.handle(.polled(prediction.id, Self.running))
    after = stage.waitForActions().after
    #expect((240_000...360_250).contains(after))
  }

  @Test func noSecondPollWhileOneIsUnderWay() {
    var stage = Stage()
    let prediction = stage.polling()
    #expect(stage.waitForActions().actions == [.poll(prediction.id)])
    #expect(stage.handle(.asked(prediction.id)) == [])
    #expect(stage.handle(.changed(prediction)) == [])
    #expect(stage.handle(.awaited(prediction.id, true)) == [])
    #expect(stage.waitForActions(atMost: 3_600_000).actions == [])
  }

  @Test func retryAfterIsObeyedAndARequestedPollRespectsThePace() {
    var stage = Stage()
    let prediction = stage.polling()
    _ = stage.waitForActions()
    _ = stage.handle(.polled(prediction.id, .transient(reason: "429", after: 45_000)))
    #expect((45_000...45_250).contains(stage.waitForActions().after))
    _ = stage.handle(.polled(prediction.id, .paused(reason: "401")))
    _ = stage.handle(.asked(prediction.id))
    #expect(stage.waitForActions() == ([.poll(prediction.id)], 2_000))
  }

  @Test(arguments: [
    (PollOutcome.transient(reason: "502", after: nil), 36_250 as Int64), (.paused(reason: "403"), 360_250),
  ])
  func faultsAreNeverFinalHoweverMany(outcome: PollOutcome, longest: Int64) {
    var stage = Stage()
    let prediction = stage.polling()
    for _ in 0..<100 {
      let isYoung = stage.now.steady < 1_000_000 + 600_000
      let (actions, after) = stage.waitForActions()
      #expect(actions == [.poll(prediction.id)])
      // Long-running predictions are polled less often anyway.
      #expect(after <= (isYoung ? longest : 360_250))
      #expect(stage.handle(.polled(prediction.id, outcome)) == [])
    }
  }

  @Test func goneIsFinalOnlyAfterThreeAnswersOverAMinute() {
    var stage = Stage()
    let prediction = stage.polling()
    let gone = PollOutcome.gone(reason: "404")
    var said: [Int64] = []
    while true {
      _ = stage.waitForActions()
      let actions = stage.handle(.polled(prediction.id, gone))
      if stage.now.steady - 1_000_000 > 10_000 { said.append(stage.now.steady) }
      guard actions.isEmpty else {
        #expect(actions == [.record(prediction.id, .finished(.failed(.gone("404"), billing: .unknown)))])
        break
      }
    }
    #expect(said.count >= 3)
    #expect(said.last! - said[0] >= 60_000)
  }

  @Test func anAnswerInBetweenResetsTheCount() {
    var stage = Stage()
    let prediction = stage.polling()
    for round in 0..<60 {
      _ = stage.waitForActions()
      let outcome = round % 3 == 2 ? Self.running : .gone(reason: "404")
      #expect(stage.handle(.polled(prediction.id, outcome)) == [])
    }
  }

  @Test func afterASleepPollsAreSpreadAndAwaitedPredictionsGoFirst() {
    var stage = Stage()
    let predictions = (1...100).map { stage.polling($0) }
    let awaited = Set(predictions[60..<70].map(\.id))
    for id in awaited { _ = stage.handle(.awaited(id, true)) }
    stage.pass(8 * 3_600_000)
    var polled: [PredictionID] = []
    var times: [Int64] = []
    while polled.count < 100 {
      let (actions, _) = stage.waitForActions()
      for case .poll(let id) in actions {
        polled.append(id)
        times.append(stage.now.steady)
      }
    }
    #expect(Set(polled).count == 100)
    #expect(polled.prefix(20).filter(awaited.contains).count == 10)
    #expect(times.last! - times[0] >= 3_900, "20 a second after the first 20")
    #expect(times.last! - times[0] <= 4_500)
  }

  @Test func aPredictionThatWasTakenOverIsNotPolled() {
    var stage = Stage()
    let prediction = stage.polling()
    _ = stage.handle(.lost(prediction.id))
    #expect(!stage.scheduler.hasWork)
    #expect(stage.waitForActions().actions == [])
  }

  // MARK: - Looking

  private static func match(_ id: String) -> HistoryMatch { HistoryMatch(remoteID: id, createdAt: 0, clockSkew: 0) }

  @Test func searchesWithoutAMatchEndAsUnknownAfterHalfAMinute() {
    var stage = Stage()
    let prediction = stage.looking()
    let start = stage.now.steady
    var times: [Int64] = []
    while true {
      let (actions, _) = stage.waitForActions()
      #expect(actions == [.look(prediction.id)])
      times.append((stage.now.steady - start + 500) / 1_000)
      guard
        case .record(_, .lookedInVain(_, let next, let isSettled))? = stage.handle(.looked(prediction.id, .found([])))
          .first
      else { return #expect(Bool(false)) }
      if isSettled {
        #expect(next == stage.now.wall + 60_000)
        break
      }
    }
    #expect(times == [2, 5, 10, 20, 30])
  }

  @Test func aMatchSeenTwiceFiveSecondsApartIsAdopted() {
    var stage = Stage()
    let prediction = stage.looking()
    _ = stage.waitForActions()
    guard case .record(_, .lookedInVain)? = stage.handle(.looked(prediction.id, .found([Self.match("x")]))).first
    else { return #expect(Bool(false)) }
    _ = stage.waitForActions()
    guard case .record(_, .lookedInVain)? = stage.handle(.looked(prediction.id, .found([Self.match("x")]))).first
    else { return #expect(Bool(false), "3 s later is too soon") }
    _ = stage.waitForActions()
    #expect(
      stage.handle(.looked(prediction.id, .found([Self.match("x")])))
        == [.record(prediction.id, .adopted(Self.match("x")))])
  }

  @Test func anotherMatchOrNoneInBetweenIsNoEvidence() {
    var stage = Stage()
    let prediction = stage.looking()
    for outcome in [
      HistoryOutcome.found([Self.match("x")]), .found([]), .found([Self.match("x")]), .found([Self.match("y")]),
    ] {
      _ = stage.waitForActions()
      guard case .record(_, .lookedInVain)? = stage.handle(.looked(prediction.id, outcome)).first
      else { return #expect(Bool(false)) }
    }
  }

  @Test func aMatchFirstSeenByTheLastSearchGetsOneMore() {
    var stage = Stage()
    let prediction = stage.looking()
    for _ in 0..<4 {
      _ = stage.waitForActions()
      _ = stage.handle(.looked(prediction.id, .found([])))
    }
    _ = stage.waitForActions()
    guard
      case .record(_, .lookedInVain(_, _, isSettled: false))? = stage.handle(
        .looked(prediction.id, .found([Self.match("x")]))
      ).first
    else { return #expect(Bool(false)) }
    #expect((5_000...5_250).contains(stage.waitForActions().after))
    #expect(
      stage.handle(.looked(prediction.id, .found([Self.match("x")])))
        == [.record(prediction.id, .adopted(Self.match("x")))])
  }

  @Test(
    arguments: [
      (30 * 60_000, 60_000), (2 * 3_600_000, 3_600_000), (6 * 86_400_000, 3_600_000), (8 * 86_400_000, nil),
    ] as [(Int64, Int64?)])
  func laterSearchesAreRareAndEndAfterSevenDays(age: Int64, pause: Int64?) {
    var stage = Stage()
    var prediction = stage.prediction(1)
    prediction.status = .unknown
    prediction.phase = .looking
    prediction.owner = "me"
    prediction.startedAt = stage.now.wall - age
    prediction.nextAt = stage.now.wall
    #expect(stage.handle(.changed(prediction)) == [.look(prediction.id)], "taken over because a client asked")
    guard
      case .record(_, .lookedInVain(_, let next, isSettled: true))? = stage.handle(.looked(prediction.id, .found([])))
        .first
    else { return #expect(Bool(false)) }
    #expect(next == pause.map { stage.now.wall + $0 })
  }

  @Test func aPredictionWithoutSearchesHasNoJob() {
    var stage = Stage()
    var prediction = stage.looking()
    prediction.status = .unknown
    prediction.owner = nil
    _ = stage.handle(.changed(prediction))
    #expect(!stage.scheduler.hasWork)
  }

  // MARK: - Downloads and deletion

  private func fetching(_ stage: inout Stage) -> Prediction {
    var prediction = stage.polling()
    prediction.phase = .fetching
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id)])
    return prediction
  }

  @Test func aDownloadIsTriedThreeTimesAndThenGivenUp() {
    var stage = Stage()
    let prediction = fetching(&stage)
    let fault = DownloadOutcome.transient(reason: "reset")
    #expect(stage.handle(.downloadFailed(prediction.id, [fault])) == [])
    #expect(stage.waitForActions() == ([.download(prediction.id)], 2_000))
    #expect(stage.handle(.downloadFailed(prediction.id, [fault])) == [])
    #expect(stage.waitForActions().actions == [.download(prediction.id)])
    #expect(
      stage.handle(.downloadFailed(prediction.id, [fault])) == [
        .record(prediction.id, .downloadGivenUp(reason: "reset"))
      ])
  }

  @Test func thereIsOneDownloadAtATimeWhateverChangesInTheRow() {
    var stage = Stage()
    var prediction = fetching(&stage)
    prediction.revision += 1
    #expect(stage.handle(.changed(prediction)) == [])
    #expect(stage.handle(.downloadFailed(prediction.id, [.transient(reason: "reset")])) == [])
    #expect(stage.handle(.changed(prediction)) == [])
    #expect(stage.waitForActions() == ([.download(prediction.id)], 2_000))
  }

  @Test func aFreshLinkIsRequestedOnce() {
    var stage = Stage()
    var prediction = fetching(&stage)
    let expired = DownloadOutcome.expired(reason: "403")
    #expect(stage.handle(.downloadFailed(prediction.id, [expired])) == [.relink(prediction.id)])
    prediction.outputs = ["new"]
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id)])
    #expect(stage.handle(.downloadFailed(prediction.id, [expired])) == [])
    #expect(stage.waitForActions().actions == [.download(prediction.id)])
  }

  /// Of a prediction that has just finished, a host may not have the file yet.
  @Test(arguments: [(Int64?.none, false), (59_999, false), (60_000, true)])
  func whatDoesNotExistBehindFreshLinksIsFinalAfterAWhile(age: Int64?, isFinal: Bool) {
    var stage = Stage()
    var prediction = stage.polling()
    prediction.phase = .fetching
    prediction.finishedAt = age.map { stage.now.wall - $0 }
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id)])
    let gone = DownloadOutcome.expired(reason: "404", isGone: true)
    #expect(stage.handle(.downloadFailed(prediction.id, [gone, gone])) == [.relink(prediction.id)])
    prediction.outputs = ["new", "new"]
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id)])
    for _ in 1...2 {
      #expect(stage.handle(.downloadFailed(prediction.id, [gone])) == [])
      #expect(stage.waitForActions().actions == [.download(prediction.id)])
    }
    #expect(
      stage.handle(.downloadFailed(prediction.id, [gone])) == [
        .record(prediction.id, .downloadGivenUp(reason: "404", isFinal: isFinal))
      ])
  }

  @Test func freshLinksThatDidNotComeAreRequestedAgain() {
    var stage = Stage()
    let prediction = fetching(&stage)
    let gone = DownloadOutcome.expired(reason: "404", isGone: true)
    for _ in 1...2 {
      #expect(stage.handle(.downloadFailed(prediction.id, [gone])) == [.relink(prediction.id)])
      #expect(stage.handle(.relinkFailed(prediction.id, reason: "503")) == [])
      #expect(stage.waitForActions().actions == [.download(prediction.id)])
    }
    #expect(stage.handle(.downloadFailed(prediction.id, [gone])) == [.relink(prediction.id)])
    #expect(
      stage.handle(.relinkFailed(prediction.id, reason: "503")) == [
        .record(prediction.id, .downloadGivenUp(reason: "503"))
      ])
  }

  @Test func aRoundGoesOnWhileAnyOutputMayStillArrive() {
    let (gone, refused) = (
      DownloadOutcome.expired(reason: "404", isGone: true), DownloadOutcome.refused(reason: "file:")
    )
    let transient = DownloadOutcome.transient(reason: "reset")
    var stage = Stage()
    var prediction = fetching(&stage)
    #expect(stage.handle(.downloadFailed(prediction.id, [refused, gone])) == [.relink(prediction.id)])
    prediction.outputs = ["new", "new"]
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id)])
    #expect(stage.handle(.downloadFailed(prediction.id, [refused, transient])) == [])
    #expect(stage.waitForActions().actions == [.download(prediction.id)])
    // The refused one may be allowed by another setting, so it is not final.
    for outcomes in [[refused, transient], [refused, gone]] {
      let actions = stage.handle(.downloadFailed(prediction.id, outcomes))
      if actions.isEmpty {
        #expect(stage.waitForActions().actions == [.download(prediction.id)])
      } else {
        #expect(actions == [.record(prediction.id, .downloadGivenUp(reason: "404"))])
      }
    }
    #expect(stage.handle(.changed(prediction)) == [])
  }

  @Test(arguments: [
    DownloadOutcome.refused(reason: "file:"), .unsaved(.diskFull(path: "/x")),
  ])
  func permanentFailuresAreGivenUpAtOnce(outcome: DownloadOutcome) {
    var stage = Stage()
    let prediction = fetching(&stage)
    guard case .record(_, .downloadGivenUp)? = stage.handle(.downloadFailed(prediction.id, [outcome])).first
    else { return #expect(Bool(false)) }
  }

  @Test func aDownloadFreesItsSlot() {
    var stage = Stage()
    var prediction = stage.polling()
    _ = stage.handle(.claimEnded(account: "a", retryAfter: nil))
    _ = stage.handle(.queued(account: "a"))
    _ = stage.handle(.claimEnded(account: "a", retryAfter: 60_000))
    prediction.phase = .fetching
    #expect(stage.handle(.changed(prediction)) == [.download(prediction.id), .claim(account: "a")])
  }

  @Test func aDeletionIsTriedThreeTimes() {
    var stage = Stage()
    var prediction = stage.polling()
    prediction.status = .cancelled
    prediction.phase = .settling
    prediction.deleteRemote = true
    #expect(stage.handle(.changed(prediction)) == [.deleteRemotely(prediction.id)])
    for _ in 0..<2 {
      #expect(stage.handle(.deletionUnanswered(prediction.id, reason: "502")) == [])
      #expect(stage.waitForActions().actions == [.deleteRemotely(prediction.id)])
    }
    #expect(
      stage.handle(.deletionUnanswered(prediction.id, reason: "502")) == [
        .record(prediction.id, .deletionAnswered(.failed(reason: "502")))
      ])
  }

  // MARK: - Whatever happens

  /// Sources/Predictions/README.md, "Money rules": over random sequences of events, also repeated and impossible ones,
  /// `.post` comes only in answer to `.claimed`, and once for each.
  @Test(arguments: 0..<200)
  func aPostIsOnlyEverTheAnswerToAClaim(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var stage = Stage(seed % 2 == 0 ? .remote : .near)
    var posted: [PredictionID: Int] = [:]
    var claimed: [PredictionID: Int] = [:]
    let phases: [PredictionPhase?] = [nil, .queued, .sending, .polling, .looking, .fetching, .settling]
    for _ in 0..<400 {
      var prediction = stage.prediction(Int(random.next(8)))
      prediction.phase = phases[Int(random.next(7))]
      prediction.status = PredictionStatus.allCases[Int(random.next(6))]
      prediction.owner = random.next(3) == 0 ? nil : "me"
      prediction.remoteID = random.next(2) == 0 ? nil : "r"
      prediction.deleteRemote = random.next(2) == 0
      prediction.nextAt = stage.now.wall
      let id = prediction.id
      let events: [Scheduler.Event] = [
        .queued(account: "a"), .claimed(prediction), .claimEnded(account: "a", retryAfter: 5), .changed(prediction),
        .claimEnded(account: "a", retryAfter: nil), .claimCleared(account: "a"),
        .polled(id, Self.running), .polled(id, .gone(reason: "")), .polled(id, .transient(reason: "", after: 3)),
        .looked(id, .found([Self.match("x")])), .looked(id, .tooMany), .downloadFailed(id, [.transient(reason: "")]),
        .downloadFailed(id, [.expired(reason: "")]), .relinkFailed(id, reason: ""), .lost(id), .asked(id),
        .awaited(id, random.next(2) == 0), .deletionUnanswered(id, reason: ""), .woke, .woke,
      ]
      let event = events[Int(random.next(UInt64(events.count)))]
      if case .claimed = event { claimed[id, default: 0] += 1 }
      let actions = stage.handle(event)
      for case .post(let id) in actions { posted[id, default: 0] += 1 }
      if !actions.contains(where: { if case .post = $0 { true } else { false } }) {
        if case .claimed = event { Issue.record("a claim without a POST") }
      }
      stage.pass(Int64(random.next(3_000)))
    }
    #expect(posted == claimed)
  }
}

extension SplitMix64 {
  fileprivate mutating func next(_ bound: UInt64) -> UInt64 { next() % bound }
}
