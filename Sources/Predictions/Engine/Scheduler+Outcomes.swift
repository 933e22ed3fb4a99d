/// The next step after a search, an upload or a download.
extension Scheduler {
  // MARK: - Searching after a lost reply

  mutating func looked(_ id: PredictionID, _ outcome: HistoryOutcome, now: Moment) -> [Action] {
    guard var job = jobs[id], job.phase == .looking else { return [] }
    if case .unreadable(let reason, let reply) = outcome {
      return [.record(id, .unreadable(reason: reason, reply: reply, canLook: false))]
    }
    let policy = policy(of: job)
    let looks = policy.looks
    let reason = HistoryOutcome.reason(outcome)
    var isNew = false
    if case .found(let matches) = outcome, matches.count == 1 {
      // A match must be seen twice, so that an equal prediction that appears a little later is not overlooked.
      if let seen = job.seen, seen.match.remoteID == matches[0].remoteID {
        if now.steady - seen.at >= policy.lookSpan { return [.record(id, .adopted(matches[0]))] }
      } else {
        job.seen = (matches[0], now.steady)
        isNew = true
      }
    } else if outcome == .contested || outcome.isUnavailable {
      // An earlier match still counts: this search gave no information.
    } else {
      job.seen = nil
    }
    jobs[id] = job
    if job.attempts < looks.count {
      let pause = looks[max(1, job.attempts)] - looks[max(0, job.attempts - 1)]
      schedule(id, in: pause, now: now)
      return [.record(id, .lookedInVain(reason: reason, next: now.wall + pause, isSettled: false))]
    }
    if isNew, job.attempts <= looks.count + 1 {
      // Seen for the first time by the last search: one more search decides.
      schedule(id, in: policy.lookSpan, now: now)
      return [.record(id, .lookedInVain(reason: reason, next: now.wall + policy.lookSpan, isSettled: false))]
    }
    let age = now.steady - job.acceptedAt
    return [
      .record(
        id, .lookedInVain(reason: reason, next: policy.nextLook(atAge: age).map { now.wall + $0 }, isSettled: true))
    ]
  }

  // MARK: - Searching for a queued prediction

  /// A prediction that was accepted by a process that has exited may have been sent from a later state of the database.
  /// It is sent only if the history does not have it.
  mutating func searched(_ id: PredictionID, _ outcome: HistoryOutcome, now: Moment) -> [Action] {
    guard let job = jobs[id], job.phase == .queued, searching[job.account] == id else { return [] }
    let policy = policy(of: job)
    switch outcome {
    case .found(let matches) where matches.isEmpty:
      jobs[id] = nil
      return [.record(id, .notInHistory)] + endPreparation(of: id, for: job.account)
    case .found(let matches) where matches.count == 1:
      return [.record(id, .adopted(matches[0]))]
    case .contested where job.attempts < policy.looks.count:
      // An equal prediction may be in progress: once its reply arrives, the two can be told apart.
      jobs[id]?.attempts += 1
      schedule(id, in: policy.looks[job.attempts], now: now)
      return []
    case .found, .tooMany, .contested, .unreadable:
      return [.record(id, .foundSeveral(reason: HistoryOutcome.doubt(outcome)))]
    case .unavailable:
      jobs[id]?.failures += 1
      schedule(id, in: jittered(policy.transient(after: job.failures + 1)), now: now)
      return []
    }
  }

  // MARK: - Uploads

  /// A failed upload is tried again a few times, since that is free; then the prediction fails, and nothing was sent.
  mutating func uploadFailed(_ id: PredictionID, _ outcome: UploadOutcome, now: Moment) -> [Action] {
    guard let job = jobs[id], job.phase == .queued else { return [] }
    switch outcome {
    case .uploaded: return []
    case .refused(let failure, let pause): return [.record(id, .uploadFailed(failure, pause: pause))]
    case .transient(let failure, let after):
      let pauses = policy(of: job).downloads
      guard job.failures < pauses.count else { return [.record(id, .uploadFailed(failure, pause: nil))] }
      jobs[id]?.failures += 1
      schedule(id, in: max(pauses[job.failures], after ?? 0), now: now)
      return []
    }
  }

  // MARK: - Downloads

  /// A round goes on as long as any output may still arrive. Each round asks for all missing outputs again: that is free.
  mutating func downloadFailed(_ id: PredictionID, _ outcomes: [DownloadOutcome], now: Moment) -> [Action] {
    guard let job = jobs[id], job.phase == .fetching, let first = outcomes.compactMap(\.reason).first else { return [] }
    if outcomes.contains(where: \.hasExpired), !job.hasRelinked {
      jobs[id]?.hasRelinked = true
      jobs[id]?.isRelinking = true
      return [.relink(id)]
    }
    let mayArrive = outcomes.first(where: \.mayArriveLater)
    guard let reason = mayArrive?.reason else { return [.record(id, .downloadGivenUp(reason: first))] }
    return retryDownload(id, reason: reason, isGone: outcomes.allSatisfy(\.isGone), now: now)
  }

  /// - Parameter isGone: whether the hosts say of all missing outputs, behind fresh links, that they do not exist.
  mutating func retryDownload(
    _ id: PredictionID, reason: String, isGone: Bool = false, now: Moment
  ) -> [Action] {
    guard let job = jobs[id], job.phase == .fetching else { return [] }
    let pauses = policy(of: job).downloads
    jobs[id]?.failures += 1
    guard job.failures < pauses.count else {
      return [.record(id, .downloadGivenUp(reason: reason, isFinal: isGone && job.isOld))]
    }
    schedule(id, in: pauses[job.failures], now: now)
    return []
  }
}

extension DownloadOutcome {
  fileprivate var hasExpired: Bool { if case .expired = self { true } else { false } }

  fileprivate var isGone: Bool { if case .expired(_, isGone: true) = self { true } else { false } }

  fileprivate var mayArriveLater: Bool { if case .transient = self { true } else { hasExpired } }

  /// Why the output is not saved; `nil` where it is.
  fileprivate var reason: String? {
    switch self {
    case .written: nil
    case .expired(let reason, _), .transient(let reason), .refused(let reason): reason
    case .unsaved(let error): error.message
    }
  }
}

extension HistoryOutcome {
  fileprivate var isUnavailable: Bool { if case .unavailable = self { true } else { false } }

  /// Why a search for a queued prediction was not decisive, in one sentence.
  fileprivate static func doubt(_ outcome: HistoryOutcome) -> String {
    let left = "The process that accepted it has exited, and the provider's history has"
    return switch outcome {
    case .found(let matches) where matches.count > 1: "\(left) \(matches.count) predictions that could be it."
    case .contested: "\(left) one that could be it or another prediction's."
    default: "\(left) too many that could be it."
    }
  }

  /// Why a search after a lost reply was not decisive, in one sentence.
  fileprivate static func reason(_ outcome: HistoryOutcome) -> String {
    let lost = "Its submission got no reply, and"
    return switch outcome {
    case .found(let matches) where matches.isEmpty: "\(lost) the provider's history does not show it."
    case .found(let matches) where matches.count == 1:
      "\(lost) the item in the provider's history may belong to an equal prediction."
    case .found(let matches): "\(lost) the provider's history has \(matches.count) that could be it."
    case .tooMany: "\(lost) the provider's history has too many that could be it."
    case .contested: "\(lost) the item in the provider's history may belong to an equal prediction."
    case .unavailable(let why): "\(lost) the provider's history could not be read: \(why)"
    case .unreadable(let why, _): why
    }
  }
}
