internal import Encoding

/// Decides what is done next, and when: the queue, polls, retries, searches of the history, downloads.
///
/// A pure struct without clock, tasks or I/O: events go in with their moment, actions come out, and the random
/// generator is part of its state. `.post` is only the answer to `.claimed`, which the store gives once for each
/// prediction.
public struct Scheduler: Sendable {
  /// An event that may ask for actions.
  public enum Event: Sendable, Equatable {
    /// A prediction waits in an account's queue.
    case queued(account: String)
    /// A claim was committed: this prediction may be sent.
    case claimed(Prediction)
    /// A claim gave no prediction; try again after so many milliseconds, or with `nil` not before a change.
    case claimEnded(account: String, retryAfter: Int64?)
    /// The next prediction's files must be uploaded before it is claimed.
    case uploadNeeded(Prediction)
    /// The provider's history must be searched for the next prediction before it is claimed.
    case searchNeeded(Prediction)
    /// A search for a queued prediction ended.
    case searched(PredictionID, HistoryOutcome)
    /// Its files are uploaded.
    case uploaded(PredictionID)
    /// The upload of its files failed.
    case uploadFailed(PredictionID, UploadOutcome)
    /// The obstacle of a claim is removed: try again at once.
    case claimCleared(account: String)
    /// The pause of an account ended early: try to claim at once.
    case pauseEnded(account: String)
    /// A row of this process was committed.
    case changed(Prediction)
    /// A poll ended without changing anything.
    case polled(PredictionID, PollOutcome)
    /// A search of the history after a lost reply ended.
    case looked(PredictionID, HistoryOutcome)
    /// A round of downloads ended, and these outputs are not saved. What it did save is committed.
    case downloadFailed(PredictionID, [DownloadOutcome])
    /// The provider gave no fresh links.
    case relinkFailed(PredictionID, reason: String)
    /// The request to delete got no answer.
    case deletionUnanswered(PredictionID, reason: String)
    /// Another process has taken the prediction over.
    case lost(PredictionID)
    /// A client asked for the prediction: a planned poll may come sooner.
    case asked(PredictionID)
    /// Whether a client waits for the prediction: then it is polled before others.
    case awaited(PredictionID, Bool)
    /// Time has passed.
    case woke
    /// The process ends: claims nothing more.
    case stopping
  }

  /// What the engine does next.
  public enum Action: Sendable, Equatable {
    /// Claim the account's oldest queued prediction.
    case claim(account: String)
    /// Upload the files of a queued prediction.
    case upload(PredictionID)
    /// Search the provider's history for a queued prediction.
    case search(PredictionID)
    /// Send the prediction, once.
    case post(PredictionID)
    /// Poll the prediction.
    case poll(PredictionID)
    /// Open a connection to the host of the outputs that are expected.
    case openAhead(PredictionID)
    /// Search the provider's history for a prediction whose reply was lost.
    case look(PredictionID)
    /// Save the outputs.
    case download(PredictionID)
    /// Request fresh links to the outputs.
    case relink(PredictionID)
    /// Request the deletion at the provider.
    case deleteRemotely(PredictionID)
    /// Commit an event.
    case record(PredictionID, PredictionEvent)
  }

  /// An unfinished prediction of this process; `queued` only while it is searched for or its files are uploaded.
  struct Job: Sendable {
    var account: String
    var phase: PredictionPhase
    /// When the provider accepted it, on the steady clock; after a takeover, derived from the wall clock.
    var acceptedAt: Int64
    /// When the next step is due; `nil` while one is in progress.
    var due: Int64?
    /// Whether it waits for its turn to be polled.
    var isInLine = false
    /// Polls, searches or downloads so far in this phase.
    var attempts = 0
    var failures = 0
    var firstGoneAt: Int64?
    var goneCount = 0
    var seen: (match: HistoryMatch, at: Int64)?
    var hasRelinked = false
    /// Whether fresh links were requested: when they are recorded, the download begins again.
    var isRelinking = false
    /// Whether it was finished long ago, so that a missing file will not appear any more.
    var isOld = false
    /// When a connection to the host of its outputs is to be opened, and when one was.
    var opensAt: Int64?
    var openedAt: Int64?
  }

  struct AccountState: Sendable {
    var policy: RetryPolicy
    var isClaiming = false
    var retryAt: Int64?
    var mayHaveQueue = false
    /// Whether a prediction was queued that the claim in progress may not have seen.
    var hasMore = false
    var line: PollRateLimiter

    init(_ pace: PollPace) {
      policy = RetryPolicy(pace)
      line = PollRateLimiter(rate: policy.pollsPerSecond)
    }
  }

  var jobs: [PredictionID: Job] = [:]
  var accounts: [String: AccountState] = [:]
  /// When jobs are polled.
  var polls = Polls()
  var deadlines = DeadlineHeap()
  /// The prediction whose files are being uploaded, by account: one at a time, so that the next one with the same file
  /// finds its address.
  private var uploading: [String: PredictionID] = [:]
  /// The queued prediction that is searched for, by account: one at a time, to limit the requests.
  var searching: [String: PredictionID] = [:]
  /// The predictions that a client waits for, of any process.
  private(set) var awaited: Set<PredictionID> = []
  private var isStopping = false
  var random: SplitMix64

  /// A scheduler without work.
  ///
  /// - Parameter seed: of the jitter.
  public init(seed: UInt64) {
    random = SplitMix64(seed: seed)
  }

  /// Adds an account, whose predictions are polled at this pace.
  public mutating func add(account: String, pace: PollPace) {
    guard accounts[account] == nil else { return }
    let state = AccountState(pace)
    accounts[account] = state
    polls.add(account: account, limit: state.policy.pollsPerSecond)
  }

  /// When `.woke` is due, on the steady clock; `nil` while nothing is planned.
  public var nextWake: Int64? {
    let retries = accounts.values.compactMap(\.retryAt).min()
    let turns = accounts.values.compactMap(\.line.nextTurn).min()
    return [deadlines.earliest, retries, turns].compactMap { $0 }.min()
  }

  /// Whether this process has unfinished predictions.
  public var hasWork: Bool { !jobs.isEmpty }

  /// Whether an account's queue may hold predictions that wait for a slot or the end of a pause.
  public var hasQueue: Bool { accounts.values.contains { $0.mayHaveQueue } }

  /// Whether a claim is in progress, or could be made at once.
  public var isClaiming: Bool { accounts.values.contains { $0.isClaiming } }

  /// Whether files are being uploaded for an account.
  public func isUploading(for account: String) -> Bool {
    uploading[account].map { jobs[$0]?.phase == .queued } ?? false
  }

  /// Whether files are being uploaded for any account.
  public var isUploading: Bool { uploading.keys.contains(where: isUploading(for:)) }

  /// Whether a queued prediction of an account is searched for, or waits for the next search.
  public func isSearching(for account: String) -> Bool { searching[account] != nil }

  /// Whether a search for a queued prediction is in progress.
  public var isSearching: Bool { searching.values.contains { jobs[$0].map { $0.due == nil } ?? false } }

  /// Whether this process works on a prediction.
  public func isWorking(on id: PredictionID) -> Bool { jobs[id] != nil }

  /// Handles an event, and returns what to do.
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
      let hasMore = accounts[account]?.hasMore ?? false
      accounts[account]?.hasMore = false
      accounts[account]?.mayHaveQueue = retryAfter != nil || hasMore
      accounts[account]?.retryAt = retryAfter.map { now.steady + max($0, 1) }
      return claim(account)

    case .uploadNeeded(let prediction):
      let account = prediction.account
      jobs[prediction.id] = Job(account: account, phase: .queued, acceptedAt: now.steady)
      uploading[account] = prediction.id
      accounts[account]?.isClaiming = false
      return begin(prediction.id, now: now) + claim(account)

    case .searchNeeded(let prediction):
      let account = prediction.account
      jobs[prediction.id] = Job(account: account, phase: .queued, acceptedAt: now.steady)
      searching[account] = prediction.id
      accounts[account]?.isClaiming = false
      return begin(prediction.id, now: now) + claim(account)

    case .searched(let id, let outcome): return searched(id, outcome, now: now)

    case .uploaded(let id):
      guard let job = jobs[id], job.phase == .queued else { return [] }
      jobs[id] = nil
      return endPreparation(of: id, for: job.account)

    case .uploadFailed(let id, let outcome): return uploadFailed(id, outcome, now: now)

    case .claimCleared(let account):
      accounts[account]?.isClaiming = false
      return claim(account)

    case .pauseEnded(let account): return release(account)
    case .changed(let prediction): return changed(prediction, now: now)
    case .polled(let id, let outcome): return polled(id, outcome, now: now)
    case .looked(let id, let outcome): return looked(id, outcome, now: now)
    case .downloadFailed(let id, let outcomes): return downloadFailed(id, outcomes, now: now)

    case .relinkFailed(let id, let reason):
      jobs[id]?.isRelinking = false
      // The next round asks for fresh links again.
      jobs[id]?.hasRelinked = false
      return retryDownload(id, reason: reason, now: now)

    case .deletionUnanswered(let id, let reason):
      guard let job = jobs[id], job.phase == .settling else { return [] }
      let pauses = policy(of: job).downloads
      guard job.failures < pauses.count else { return [.record(id, .deletionAnswered(.failed(reason: reason)))] }
      jobs[id]?.failures += 1
      schedule(id, in: pauses[job.failures], now: now)
      return []

    case .lost(let id):
      polls.leave(id)
      guard let job = jobs.removeValue(forKey: id) else { return [] }
      return job.phase == .queued ? endPreparation(of: id, for: job.account) : release(job.account)

    case .asked(let id):
      asked(id, now: now)
      return []

    case .awaited(let id, let isAwaited):
      if isAwaited { awaited.insert(id) } else { awaited.remove(id) }
      if isAwaited { hurry(id, now: now) }
      return []

    case .woke:
      var actions: [Action] = []
      while let (at, id) = deadlines.popDue(now.steady) {
        actions += open(id, at: at, now: now)
        guard jobs[id]?.due == at else { continue }
        actions += begin(id, now: now)
      }
      for account in accounts.keys.sorted() {
        guard let retryAt = accounts[account]?.retryAt, retryAt <= now.steady else { continue }
        accounts[account]?.retryAt = nil
        actions += claim(account)
      }
      for account in accounts.keys.sorted() { actions += takeTurns(account, now: now) }
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

  /// A slot may have become free: tries to claim again.
  private mutating func release(_ account: String) -> [Action] {
    accounts[account]?.retryAt = nil
    return claim(account)
  }

  /// The prediction, and the ones that were skipped meanwhile, may be claimed now, even if a claim is in progress that began
  /// before.
  mutating func endPreparation(of id: PredictionID, for account: String) -> [Action] {
    if searching[account] == id { searching[account] = nil }
    let isClaiming = accounts[account]?.isClaiming ?? false
    accounts[account]?.mayHaveQueue = true
    accounts[account]?.hasMore = isClaiming
    return release(account)
  }

  // MARK: - Committed rows

  private mutating func changed(_ prediction: Prediction, now: Moment) -> [Action] {
    let id = prediction.id
    // Whatever has changed, its files are still being uploaded.
    if prediction.isUnsent, jobs[id]?.phase == .queued { return [] }
    if ![.sending, .polling].contains(prediction.phase) || prediction.owner == nil { polls.leave(id) }
    guard let phase = prediction.phase, phase != .queued, prediction.owner != nil else {
      let job = jobs.removeValue(forKey: id)
      let account = job?.account ?? prediction.account
      return job?.phase == .queued ? endPreparation(of: id, for: account) : release(account)
    }
    let before = jobs[id]
    if before == nil || before?.phase != phase {
      let age = max(0, now.wall - (prediction.startedAt ?? now.wall))
      jobs[id] = Job(account: prediction.account, phase: phase, acceptedAt: before?.acceptedAt ?? now.steady - age)
      let span = policy(ofAccount: prediction.account).goneSpan
      jobs[id]?.isOld = prediction.finishedAt.map { now.wall - $0 >= span } ?? false
    }
    let next = follow(prediction, in: phase, before: before, now: now)
    return before?.phase == .queued ? next + endPreparation(of: id, for: prediction.account) : next
  }

  private mutating func follow(
    _ prediction: Prediction, in phase: PredictionPhase, before: Job?, now: Moment
  ) -> [Action] {
    let id = prediction.id
    switch phase {
    case .queued, .sending: return []
    case .polling where before?.phase == .polling: return []
    case .polling: return beginPolling(id, of: prediction.account, before: before, now: now)
    case .looking where before?.phase == .looking: return []
    case .looking:
      let looks = policy(ofAccount: prediction.account).looks
      guard prediction.status == .unknown else {
        schedule(id, in: min(max(0, (prediction.nextAt ?? 0) - now.wall), looks[0]), now: now)
        return []
      }
      // The first searches are over; this is an additional one.
      jobs[id]?.attempts = looks.count
      return begin(id, now: now)
    case .fetching:
      let freed = before?.phase == .fetching ? [] : release(prediction.account)
      // One download at a time, whatever else changed in the row.
      if before?.phase == .fetching, before?.isRelinking == false { return freed }
      jobs[id]?.isRelinking = false
      return begin(id, now: now) + freed
    case .settling:
      guard prediction.remoteID != nil, prediction.deleteRemote, before?.phase != .settling || before?.attempts == 0
      else {
        return []
      }
      return begin(id, now: now)
    }
  }

  /// Begins the next step of a job. A poll waits for its turn, because others may have priority.
  mutating func begin(_ id: PredictionID, now: Moment) -> [Action] {
    guard let job = jobs[id] else { return [] }
    jobs[id]?.due = nil
    switch job.phase {
    case .queued: return searching[job.account] == id ? [.search(id)] : [.upload(id)]
    case .sending: return []
    case .polling:
      jobs[id]?.isInLine = true
      accounts[job.account]?.line.add(id, isAwaited: awaited.contains(id))
      return []
    case .looking, .fetching, .settling:
      jobs[id]?.attempts += 1
      return switch job.phase {
      case .looking: [.look(id)]
      case .fetching: [.download(id)]
      default: [.deleteRemotely(id)]
      }
    }
  }

  /// Polls the predictions whose turn has come.
  mutating func takeTurns(_ account: String, now: Moment) -> [Action] {
    let ids = accounts[account]?.line.take(now.steady) { jobs[$0]?.isInLine == true && jobs[$0]?.phase == .polling }
    for id in ids ?? [] {
      jobs[id]?.isInLine = false
      jobs[id]?.attempts += 1
      polls.noteSent(id, at: now.steady)
    }
    return (ids ?? []).map { .poll($0) }
  }

  // MARK: - Time

  /// Schedules the next step. Pauses of a second and more end on a quarter of a second, so that many share one wake-up.
  mutating func schedule(_ id: PredictionID, in pause: Int64, now: Moment) {
    let at = now.steady + max(0, pause)
    schedule(id, at: pause < 1_000 ? at : (at + 249) / 250 * 250)
  }

  mutating func schedule(_ id: PredictionID, at steady: Int64) {
    jobs[id]?.due = steady
    deadlines.insert(steady, id)
  }

  func policy(of job: Job) -> RetryPolicy { policy(ofAccount: job.account) }

  func policy(ofAccount account: String) -> RetryPolicy { accounts[account]?.policy ?? .remote }

  /// A pause changed by up to a fifth, so that predictions that began together do not stay in step.
  mutating func jittered(_ pause: Int64) -> Int64 {
    let permille = Int64(random.next() % 401) - 200
    return pause + pause * permille / 1_000
  }
}

extension PredictionFailure {
  static func gone(_ reason: String) -> PredictionFailure {
    PredictionFailure(
      .remoteError, retryable: true, message: sentences("The provider no longer knows this prediction", reason),
      hint: "Look at the provider's list of predictions and at the bill before you submit it again.")
  }
}
