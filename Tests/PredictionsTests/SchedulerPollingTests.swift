import Encoding
import PredictionsTestSupport
import Testing

@testable import Predictions

/// When the jobs of a remote provider are polled.
@Suite("Polls of a remote provider")
struct SchedulerPollingTests {
  private struct Stage {
    var scheduler = Scheduler(seed: 7)
    var now = Moment(steady: 1_000_000, wall: 1_700_000_000_000)
    /// When connections to outputs' hosts were opened.
    var opened: [Int64] = []

    init() { scheduler.add(account: "a", pace: .remote) }

    @discardableResult
    mutating func handle(_ event: Scheduler.Event) -> [Scheduler.Action] { scheduler.handle(event, now: now) }

    mutating func pass(_ milliseconds: Int64) {
      now.steady += milliseconds
      now.wall += milliseconds
    }

    /// Lets time pass until the next poll; returns the pause.
    mutating func waitForPoll() -> Int64 {
      let start = now.steady
      while let next = scheduler.nextWake {
        pass(max(0, next - now.steady))
        let actions = handle(.woke)
        opened += actions.filter { if case .openAhead = $0 { true } else { false } }.map { _ in now.steady }
        if actions.contains(where: { if case .poll = $0 { true } else { false } }) { break }
      }
      return now.steady - start
    }

    /// A job that the provider has just accepted.
    mutating func accepted(_ number: Int = 1, isAwaited: Bool = false, like known: PollSchedule? = nil) -> Prediction {
      var prediction = Prediction(
        id: PredictionID(sequence: Int64(number), lowBits: 0), provider: "p", model: "m", input: [], fingerprint: [],
        account: "a", outputDirectory: "/")
      prediction.phase = .sending
      prediction.status = .processing
      prediction.owner = "me"
      prediction.startedAt = now.wall
      if isAwaited { handle(.awaited(prediction.id, true)) }
      handle(.claimed(prediction))
      if let known { scheduler.learn(prediction.id, Self.topic, known, now: now) }
      prediction.phase = .polling
      prediction.remoteID = "r"
      handle(.changed(prediction))
      return prediction
    }

    mutating func answer(_ prediction: Prediction, _ outcome: PollOutcome = .answered(.running, after: nil)) {
      #expect(handle(.polled(prediction.id, outcome)) == [])
    }

    /// It is over.
    mutating func end(_ prediction: Prediction) {
      var prediction = prediction
      (prediction.phase, prediction.status) = (nil, .completed)
      handle(.changed(prediction))
    }

    static let topic = JobTopic(account: "a", model: "m", kind: 1)
  }

  private static let known20 = PollSchedule(kind: PollScheduleTests.known20, model: PollScheduleTests.known20)

  @Test("the first poll of an unknown model comes after five seconds, or two where a client waits")
  func unknown() {
    for number in 1...20 {
      var stage = Stage()
      for _ in 0..<number { _ = stage.scheduler.random.next() }
      _ = stage.accepted()
      let pause = stage.waitForPoll()
      #expect((3_900...5_800).contains(pause) && (1_000_000 + pause) % 250 == 0)
      stage = Stage()
      for _ in 0..<number { _ = stage.scheduler.random.next() }
      _ = stage.accepted(isAwaited: true)
      #expect((1_500...2_350).contains(stage.waitForPoll()))
    }
  }

  @Test("a connection to the outputs' host is opened a second before a poll that likely finds them, for who waits")
  func openingAhead() {
    var stage = Stage()
    var prediction = stage.accepted(isAwaited: true, like: Self.known20)
    var polls: [Int64] = []
    for _ in 0..<30 {
      _ = stage.waitForPoll()
      polls.append(stage.now.steady)
      stage.answer(prediction)
    }
    // Not before the first poll, ten seconds after the POST, since no job was done as soon; and once, since it stays open, and
    // later no poll is likely to find it done.
    let first = stage.opened.first ?? 0
    #expect(stage.opened.count == 1 && first > polls[0] && first < 1_020_000)
    #expect(polls.contains(first + Scheduler.openingTime))

    // Nobody waits any more when the moment comes.
    stage = Stage()
    prediction = stage.accepted(isAwaited: true, like: Self.known20)
    _ = stage.waitForPoll()
    stage.answer(prediction)
    stage.handle(.awaited(prediction.id, false))
    for _ in 0..<10 {
      _ = stage.waitForPoll()
      stage.answer(prediction)
    }
    #expect(stage.opened == [])

    stage = Stage()
    prediction = stage.accepted(like: Self.known20)
    _ = stage.waitForPoll()
    stage.answer(prediction)
    #expect(stage.opened == [])
    // Who begins to wait gets one too.
    stage.handle(.awaited(prediction.id, true))
    while stage.now.steady < 1_030_000 {
      _ = stage.waitForPoll()
      stage.answer(prediction)
    }
    #expect(stage.opened.count == 1)
  }

  @Test("what earlier jobs say holds from the first poll on, also when it is read only then")
  func learned() {
    var stage = Stage()
    let prediction = stage.accepted(isAwaited: true, like: Self.known20)
    #expect(stage.waitForPoll() == 10_000)
    stage.answer(prediction)
    #expect((3_600...4_900).contains(stage.waitForPoll()))
    stage = Stage()
    let other = stage.accepted(isAwaited: true)
    stage.pass(500)
    stage.scheduler.learn(other.id, Stage.topic, Self.known20, now: stage.now)
    #expect(stage.waitForPoll() == 9_500)
  }

  @Test("one that becomes awaited is polled sooner, by its age and not from then on, and never later")
  func becomesAwaited() {
    for jitter in 0..<10 {
      var stage = Stage()
      for _ in 0..<jitter { _ = stage.scheduler.random.next() }
      let prediction = stage.accepted()
      let planned = stage.scheduler.nextWake ?? 0
      stage.pass(1_000)
      stage.handle(.asked(prediction.id))
      #expect(stage.scheduler.nextWake == planned, "nobody waits")
      stage.handle(.awaited(prediction.id, true))
      let sooner = stage.scheduler.nextWake ?? 0
      #expect((1_001_500...1_002_350).contains(sooner))
      stage.handle(.awaited(prediction.id, false))
      stage.handle(.awaited(prediction.id, true))
      #expect(stage.scheduler.nextWake == sooner)
      // At an age at which it should have been polled already, it is polled now.
      stage = Stage()
      let late = stage.accepted()
      stage.pass(3_500)
      stage.handle(.awaited(late.id, true))
      #expect(stage.waitForPoll() == 0)
    }
  }

  @Test("a pause that the provider asks for holds, whoever waits or asks")
  func retryAfter() {
    for outcome in [
      PollOutcome.transient(reason: "503", after: 45_000), .answered(.running, after: 45_000),
      .transient(reason: "429", after: 45_000, isLimited: true),
    ] {
      var stage = Stage()
      let prediction = stage.accepted()
      _ = stage.waitForPoll()
      stage.answer(prediction, outcome)
      stage.handle(.asked(prediction.id))
      stage.handle(.awaited(prediction.id, true))
      #expect((45_000...45_250).contains(stage.waitForPoll()))
    }
  }

  @Test("a pause after faults holds for one that is awaited, until a client asks")
  func backOff() {
    var stage = Stage()
    let prediction = stage.accepted(isAwaited: true)
    _ = stage.waitForPoll()
    stage.answer(prediction, .paused(reason: "401"))
    #expect((24_000...36_000).contains(stage.waitForPoll()))
    stage.answer(prediction, .paused(reason: "401"))
    stage.pass(5_000)
    stage.handle(.asked(prediction.id))
    #expect(stage.waitForPoll() == 2_000)
  }

  @Test("for a minute after a 429 the shortest pause is twice as long, for the account")
  func limited() {
    var stage = Stage()
    let known = PollSchedule(kind: PollScheduleTests.constant, model: PollScheduleTests.constant)
    let (one, two) = (stage.accepted(1), stage.accepted(2, isAwaited: true, like: known))
    stage.pass(2_900)
    _ = stage.waitForPoll()
    stage.answer(one, .transient(reason: "429", after: nil, isLimited: true))
    stage.pass(11_500 - (stage.now.steady - 1_000_000))
    stage.handle(.woke)
    stage.end(one)
    // Near the end of a job of 15 s, polls would come each second.
    stage.answer(two)
    var pauses: [Int64] = []
    for _ in 0..<3 {
      pauses.append(stage.waitForPoll())
      stage.answer(two)
    }
    #expect(pauses.allSatisfy { $0 >= 2_000 }, "\(pauses)")
  }

  @Test("what a job took is known once its final answer comes, if this process saw it run or sent it")
  func duration() {
    var stage = Stage()
    let prediction = stage.accepted(like: Self.known20)
    func took(_ inference: Int64? = nil) -> JobDuration? {
      stage.scheduler.polls.duration(of: prediction.id, inference: inference, now: stage.now.steady)
    }
    let first = stage.waitForPoll()
    stage.answer(prediction)
    stage.pass(300)
    let second = 300 + stage.waitForPoll()
    stage.pass(200)
    #expect(took() == JobDuration(kind: 1, still: first, done: first + second + 200))
    #expect(took(first + 50)?.stillMilliseconds == first + 50)
    // Taken over: it may have been done for long.
    stage.handle(.lost(prediction.id))
    #expect(took() == nil)
    stage.handle(.changed(prediction))
    stage.scheduler.learn(prediction.id, Stage.topic, nil, now: stage.now)
    #expect(took() == nil)
    stage.answer(prediction)
    #expect(took() != nil)
  }

  @Test("a job of which nothing is left is forgotten, with its part in the load")
  func leaves() {
    var stage = Stage()
    let jobs = (1...60).map { stage.accepted($0) }
    for job in jobs { stage.end(job) }
    for job in jobs { #expect(stage.scheduler.polls.expectation(of: job.id, now: stage.now.steady) == nil) }
    let alone = stage.accepted(61, like: .unknown)
    let pause = stage.waitForPoll()
    #expect((3_900...5_800).contains(pause), "not stretched")
    #expect(stage.scheduler.polls.expectation(of: alone.id, now: stage.now.steady)?.remaining != nil)
  }

  /// Eight jobs a second of a minute each, a tenth of them awaited, and twenty polls a second. Without stretching, the others are 56 s
  /// late.
  @Test("under load polls go where jobs end")
  func load() {
    var stage = Stage()
    var random = SplitMix64(seed: 5)
    let durations = (0..<64).compactMap { _ -> JobDuration? in
      let done = Int64(60_000 * Double.random(in: 0.9...1.1, using: &random))
      return JobDuration(kind: 1, still: done - 1_000, done: done)
    }
    let known = PollSchedule(kind: durations, model: durations)
    struct Running {
      var job: Prediction
      var end: Int64
      var isAwaited: Bool
    }
    var running: [PredictionID: Running] = [:]
    var late: (awaited: [Int64], others: [Int64]) = ([], [])
    var next = stage.now.steady
    let (start, stop) = (next, next + 320_000)
    var number = 0
    while stage.now.steady < stop {
      let wake = min(stage.scheduler.nextWake ?? .max, next)
      stage.pass(max(0, wake - stage.now.steady))
      if stage.now.steady >= next {
        number += 1
        let isAwaited = number % 10 == 0
        let job = stage.accepted(number, isAwaited: isAwaited, like: known)
        let end = stage.now.steady + Int64(60_000 * Double.random(in: 0.9...1.1, using: &random))
        running[job.id] = Running(job: job, end: end, isAwaited: isAwaited)
        next += 125
      }
      for case .poll(let id) in stage.handle(.woke) {
        guard let one = running[id] else { continue }
        guard stage.now.steady >= one.end else {
          stage.answer(one.job)
          continue
        }
        if stage.now.steady > start + 140_000 {
          if one.isAwaited {
            late.awaited.append(stage.now.steady - one.end)
          } else {
            late.others.append(stage.now.steady - one.end)
          }
        }
        stage.end(one.job)
        running[id] = nil
      }
    }
    func mean(_ values: [Int64]) -> Int64 { values.reduce(0, +) / Int64(max(values.count, 1)) }
    #expect(late.awaited.count > 100 && late.others.count > 1_000)
    #expect(mean(late.awaited) < 3_000, "\(mean(late.awaited))")
    #expect(mean(late.others) < 20_000, "\(mean(late.others))")
  }
}

@Suite("The schedules that are kept")
struct PollSchedulesTests {
  private func topic(_ model: String, _ kind: Int64 = 1) -> JobTopic {
    JobTopic(account: "a", model: model, kind: kind)
  }

  @Test("one is built once, again a second after a job of its model, and ten seconds after those of other processes")
  func staleness() {
    var schedules = PollSchedules()
    func isNeeded(_ kind: Int64 = 1, at now: Int64) -> Bool { schedules.isNeeded(topic("m", kind), now: now) }
    #expect(isNeeded(at: 0))
    schedules.set(.unknown, for: topic("m"), now: 0)
    #expect(!isNeeded(at: 1_000_000))
    schedules.noteOthers()
    #expect(isNeeded(at: 10_000) && !isNeeded(at: 9_999))
    schedules.noteOwn(account: "a", model: "other")
    schedules.noteOwn(account: "b", model: "m")
    #expect(!isNeeded(at: 9_999))
    schedules.noteOwn(account: "a", model: "m")
    #expect(isNeeded(at: 1_000) && !isNeeded(at: 999))
    schedules.set(.unknown, for: topic("m"), now: 1_000)
    #expect(!isNeeded(at: 1_000_000))
  }

  @Test("the one that was used longest ago goes first")
  func bound() {
    var schedules = PollSchedules()
    func isNeeded(_ kind: Int64 = 1, at now: Int64) -> Bool { schedules.isNeeded(topic("m", kind), now: now) }
    for number in 0..<PollSchedules.count {
      schedules.set(.unknown, for: topic("m", Int64(number)), now: Int64(number))
    }
    #expect(!isNeeded(0, at: 100))
    schedules.set(.unknown, for: topic("m", 1_000), now: 101)
    #expect(!isNeeded(0, at: 102) && isNeeded(1, at: 102))
  }
}

@Suite("Subscriptions to ids")
struct AttentionTests {
  @Test("a prediction has attention until the last subscription to it ends")
  func counts() {
    var attention = Attention()
    let (a, b) = (PredictionID(sequence: 1, lowBits: 0), PredictionID(sequence: 2, lowBits: 0))
    attention.begin([a, b])
    attention.begin([a])
    attention.end([a, b])
    #expect(attention.has(a) && !attention.has(b))
    attention.end([a])
    #expect(!attention.has(a))
  }
}
