/// Decides what is done next, and when: the queue, polling, back-off, looking, downloads.
///
/// A pure struct: no clock, no task, no I/O. Events go in with the moment they happened, actions come out, and chance is
/// part of its state. It never lets anything be sent by itself: `.post` is only ever the answer to `.claimed`, which the
/// store gives once for each prediction.
public struct Scheduler: Sendable {
  /// Something happened.
  public enum Event: Sendable, Equatable {
    /// Something waits in an account's queue.
    case queued(account: String)
    /// A claim was committed: this one may be sent.
    case claimed(Prediction)
    /// A claim brought nothing; ask again after so many milliseconds, or not before something changes.
    case claimEnded(account: String, retryAfter: Int64?)
    /// A row of ours was committed as it is here.
    case changed(Prediction)
    /// A poll ended without changing anything.
    case polled(PredictionID, PollOutcome)
    /// A look at the history ended.
    case looked(PredictionID, HistoryOutcome)
    /// A round of downloading failed.
    case downloadFailed(PredictionID, DownloadOutcome)
    /// Fresh links were looked for, and there are none.
    case relinkFailed(PredictionID, reason: String)
    /// Somebody asked for it: what was put off may be tried now.
    case asked(PredictionID)
    /// Time has passed.
    case woke
    /// Nothing more is begun that costs money.
    case stopping
  }

  /// What the engine is to do.
  public enum Action: Sendable, Equatable {
    /// Try to take the account's oldest queued prediction.
    case claim(account: String)
    /// Send it. Once.
    case post(PredictionID)
    /// Ask the provider how it stands.
    case poll(PredictionID)
    /// Look for it in the provider's history.
    case look(PredictionID)
    /// Save its outputs.
    case download(PredictionID)
    /// Ask the provider for fresh links to its outputs.
    case relink(PredictionID)
    /// Ask the provider to delete it.
    case deleteRemotely(PredictionID)
    /// Commit this.
    case record(PredictionID, PredictionEvent)
  }

  /// One unfinished prediction of ours.
  private struct Job {
    var account: String
    var phase: PredictionPhase
    var acceptedAt: Int64
    /// When something is to be done for it; `nil` while that is being done, or when only a question can start it.
    var due: Int64?
    /// Polls, looks or download rounds so far in this phase.
    var attempts = 0
    var failures = 0
    var firstGoneAt: Int64?
    var goneCount = 0
    var seen: (match: HistoryMatch, at: Int64)?
    var hasRelinked = false
    /// The earliest wall-clock moment of the next look, once the first ones were in vain.
    var nextLook: Int64?
  }

  private struct AccountState {
    var policy: RetryPolicy
    var isClaiming = false
    var retryAt: Int64?
    var mayHaveQueue = false
  }

  private var jobs: [PredictionID: Job] = [:]
  private var accounts: [String: AccountState] = [:]
  private var agenda = Agenda()
  private var isStopping = false
  private var random: UInt64

  /// A scheduler without work.
  ///
  /// - Parameter seed: where the jitter begins.
  public init(seed: UInt64) {
    random = seed
  }

  /// Makes an account known; its predictions are asked about at this pace.
  public mutating func add(account: String, pace: PollPace) {
    accounts[account, default: AccountState(policy: RetryPolicy(pace))].policy = RetryPolicy(pace)
  }

  /// When `.woke` is due, on the steady clock; `nil` while nothing waits for time to pass.
  public var nextWake: Int64? {
    let retries = accounts.values.compactMap(\.retryAt).min()
    return [agenda.earliest, retries].compactMap { $0 }.min()
  }

  /// Whether a claim is under way, or could be made at once.
  public var isClaiming: Bool { accounts.values.contains { $0.isClaiming } }

  /// Whether this prediction is one of ours, unfinished.
  public func isWorking(on id: PredictionID) -> Bool { jobs[id] != nil }

  /// Takes an event in, and says what to do.
  public mutating func handle(_ event: Event, now: Moment) -> [Action] {
    switch event {
    case .queued(let account):
      accounts[account]?.mayHaveQueue = true
      return claim(account)

    case .claimed(let prediction):
      accounts[prediction.account]?.isClaiming = false
      jobs[prediction.id] = Job(account: prediction.account, phase: .sending, acceptedAt: now.steady)
      return [.post(prediction.id)] + claim(prediction.account)

    case .claimEnded(let account, let retryAfter):
      accounts[account]?.isClaiming = false
      accounts[account]?.mayHaveQueue = retryAfter != nil
      accounts[account]?.retryAt = retryAfter.map { now.steady + max($0, 1) }
      return []

    case .changed(let prediction): return changed(prediction, now: now)
    case .polled(let id, let outcome): return polled(id, outcome, now: now)
    case .looked(let id, let outcome): return looked(id, outcome, now: now)
    case .downloadFailed(let id, let outcome): return downloadFailed(id, outcome, now: now)

    case .relinkFailed(let id, let reason):
      return retryDownload(id, reason: reason, now: now)

    case .asked(let id):
      guard let job = jobs[id], job.due != nil || job.phase == .looking else { return [] }
      switch job.phase {
      case .polling where job.failures > 0 || job.attempts > 0:
        // Sooner than planned, never sooner than the pace allows.
        schedule(id, at: min(job.due ?? .max, now.steady + policy(of: job).firstPoll))
      case .looking where job.due == nil && (job.nextLook ?? 0) <= now.wall && job.nextLook != nil:
        jobs[id]?.nextLook = nil
        return begin(id, now: now)
      default: break
      }
      return []

    case .woke:
      var actions: [Action] = []
      while let (at, id) = agenda.popDue(now.steady) {
        guard jobs[id]?.due == at else { continue }
        actions += begin(id, now: now)
      }
      for account in accounts.keys.sorted() {
        guard let retryAt = accounts[account]?.retryAt, retryAt <= now.steady else { continue }
        accounts[account]?.retryAt = nil
        actions += claim(account)
      }
      return actions

    case .stopping:
      isStopping = true
      return []
    }
  }

  // MARK: - The queue

  private mutating func claim(_ account: String) -> [Action] {
    guard let state = accounts[account], state.mayHaveQueue, !state.isClaiming, state.retryAt == nil, !isStopping else {
      return []
    }
    accounts[account]?.isClaiming = true
    return [.claim(account: account)]
  }

  /// A slot may have become free: what was denied is asked for again.
  private mutating func release(_ account: String) -> [Action] {
    accounts[account]?.retryAt = nil
    return claim(account)
  }

  // MARK: - What a committed row asks for

  private mutating func changed(_ prediction: Prediction, now: Moment) -> [Action] {
    let id = prediction.id
    guard let phase = prediction.phase, phase != .queued else {
      let account = jobs.removeValue(forKey: id)?.account ?? prediction.account
      return release(account)
    }
    let before = jobs[id]
    if before == nil || before?.phase != phase {
      jobs[id] = Job(account: prediction.account, phase: phase, acceptedAt: before?.acceptedAt ?? now.steady)
    }
    switch phase {
    case .queued, .sending: return []
    case .polling where before?.phase == .sending:
      schedule(id, in: jittered(policy(ofAccount: prediction.account).firstPoll), now: now)
      return []
    case .polling where before?.phase == .polling: return []
    case .polling: return begin(id, now: now)
    case .looking where before?.phase == .looking: return []
    case .looking:
      let wait = max(0, (prediction.nextAt ?? 0) - now.wall)
      let looks = policy(ofAccount: prediction.account).looks
      if prediction.status == .unknown {
        jobs[id]?.attempts = looks.count
        jobs[id]?.nextLook = prediction.nextAt
        // The first look after a start is made at once; later ones wait to be asked for.
        if before == nil, wait == 0 { return begin(id, now: now) }
      } else {
        schedule(id, in: min(wait, looks[0]), now: now)
      }
      return []
    case .fetching:
      let freed = before?.phase == .fetching ? [] : release(prediction.account)
      if before?.phase == .fetching, jobs[id]?.due != nil { return [] }
      return begin(id, now: now) + freed
    case .settling:
      guard prediction.remoteID != nil, prediction.deleteRemote, before?.phase != .settling || before?.attempts == 0
      else {
        return []
      }
      return begin(id, now: now)
    }
  }

  /// Does what a job's phase asks for.
  private mutating func begin(_ id: PredictionID, now: Moment) -> [Action] {
    guard let job = jobs[id] else { return [] }
    jobs[id]?.due = nil
    jobs[id]?.attempts += 1
    switch job.phase {
    case .queued, .sending: return []
    case .polling: return [.poll(id)]
    case .looking: return [.look(id)]
    case .fetching: return [.download(id)]
    case .settling: return [.deleteRemotely(id)]
    }
  }

  // MARK: - Polling

  private mutating func polled(_ id: PredictionID, _ outcome: PollOutcome, now: Moment) -> [Action] {
    guard var job = jobs[id], job.phase == .polling else { return [] }
    let policy = policy(of: job)
    let age = now.steady - job.acceptedAt
    let usual = policy.poll(after: job.attempts, age: age)
    var pause = jittered(usual)
    switch outcome {
    case .answered(_, let after):
      job.failures = 0
      job.goneCount = 0
      if let after { pause = max(1, after) }
    case .transient(_, let after):
      job.failures += 1
      pause = max(pause, jittered(policy.transient(after: job.failures)), after ?? 0)
    case .paused:
      job.failures += 1
      pause = max(pause, jittered(policy.paused(after: job.failures)))
    case .gone(let reason):
      job.failures += 1
      if age >= policy.goneGrace {
        job.goneCount += 1
        let first = job.firstGoneAt ?? now.steady
        job.firstGoneAt = first
        if job.goneCount >= 3, now.steady - first >= policy.goneSpan {
          jobs[id] = job
          return [.record(id, .finished(.failed(.gone(reason), billing: .unknown)))]
        }
      }
      pause = max(pause, jittered(policy.transient(after: job.failures)))
    }
    if job.goneCount == 0 { job.firstGoneAt = nil }
    jobs[id] = job
    schedule(id, in: pause, now: now)
    return []
  }

  // MARK: - Looking

  private mutating func looked(_ id: PredictionID, _ outcome: HistoryOutcome, now: Moment) -> [Action] {
    guard var job = jobs[id], job.phase == .looking else { return [] }
    let policy = policy(of: job)
    var reason = "Its submission got no reply, and the provider's history does not show it."
    switch outcome {
    case .found(let matches) where matches.count == 1:
      // Evidence is taken twice, so that a twin which is only just appearing there is not overlooked.
      if let seen = job.seen, seen.match.remoteID == matches[0].remoteID, now.steady - seen.at >= policy.lookSpan {
        jobs[id] = job
        return [.record(id, .adopted(matches[0]))]
      }
      if job.seen?.match.remoteID != matches[0].remoteID { job.seen = (matches[0], now.steady) }
      reason = "Its submission got no reply, and what the provider's history shows could not be told apart."
    case .found(let matches):
      job.seen = nil
      if matches.count > 1 {
        reason = "Its submission got no reply, and the provider's history has \(matches.count) that could be it."
      }
    case .tooMany:
      job.seen = nil
      reason = "Its submission got no reply, and the provider's history has too many that could be it."
    case .unavailable(let why):
      reason = "Its submission got no reply, and the provider's history could not be read: \(why)"
    }
    let isSettled = job.attempts >= policy.looks.count
    if isSettled {
      job.nextLook = now.wall + 60_000
      job.due = nil
      jobs[id] = job
      if job.seen != nil, job.attempts == policy.looks.count || job.attempts == policy.looks.count + 1 {
        // Seen once at the very end: one more look decides.
        schedule(id, in: policy.lookSpan, now: now)
      }
    } else {
      jobs[id] = job
      schedule(id, in: policy.looks[job.attempts] - policy.looks[job.attempts - 1], now: now)
    }
    return [.record(id, .lookedInVain(reason: reason, next: now.wall + 60_000, isSettled: isSettled))]
  }

  // MARK: - Downloads

  private mutating func downloadFailed(_ id: PredictionID, _ outcome: DownloadOutcome, now: Moment) -> [Action] {
    guard let job = jobs[id], job.phase == .fetching else { return [] }
    switch outcome {
    case .written: return []
    case .expired(let reason):
      guard !job.hasRelinked else { return retryDownload(id, reason: reason, now: now) }
      jobs[id]?.hasRelinked = true
      return [.relink(id)]
    case .transient(let reason): return retryDownload(id, reason: reason, now: now)
    case .refused(let reason): return [.record(id, .downloadGivenUp(reason: reason))]
    case .unsaved(let error): return [.record(id, .downloadGivenUp(reason: error.message))]
    }
  }

  private mutating func retryDownload(_ id: PredictionID, reason: String, now: Moment) -> [Action] {
    guard let job = jobs[id], job.phase == .fetching else { return [] }
    let pauses = policy(of: job).downloads
    jobs[id]?.failures += 1
    guard job.failures < pauses.count else { return [.record(id, .downloadGivenUp(reason: reason))] }
    schedule(id, in: pauses[job.failures], now: now)
    return []
  }

  // MARK: - Time

  private mutating func schedule(_ id: PredictionID, in pause: Int64, now: Moment) {
    schedule(id, at: now.steady + max(0, pause))
  }

  private mutating func schedule(_ id: PredictionID, at steady: Int64) {
    jobs[id]?.due = steady
    agenda.insert(steady, id)
  }

  private func policy(of job: Job) -> RetryPolicy { policy(ofAccount: job.account) }

  private func policy(ofAccount account: String) -> RetryPolicy { accounts[account]?.policy ?? .remote }

  /// A fifth more or less, so that many that began together do not stay together (SplitMix64).
  private mutating func jittered(_ pause: Int64) -> Int64 {
    random &+= 0x9E37_79B9_7F4A_7C15
    var z = random
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    let permille = Int64(z % 401) - 200
    return pause + pause * permille / 1_000
  }
}

extension PredictionFailure {
  static func gone(_ reason: String) -> PredictionFailure {
    PredictionFailure(
      .remoteError, retryable: true, message: "The provider no longer knows this prediction. \(reason)",
      hint: "Look at the provider's list of predictions and at the bill before you submit it again.")
  }
}
