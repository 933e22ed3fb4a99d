internal import Threads

extension PredictionEngine {
  func claim(_ account: String) {
    guard let provider = state.withLock({ $0.providers[account] }) else { return }
    claim(account, at: provider, isPrepared: provider.isPrepared)
  }

  private func claim(_ account: String, at provider: any Provider, isPrepared: Bool) {
    guard hasReadyUploads(for: account) else { return claim(account, at: provider, isPrepared: isPrepared, with: []) }
    reading { [self] in claim(account, at: provider, isPrepared: isPrepared, with: readyUploads(of: account)) }
  }

  private func claim(_ account: String, at provider: any Provider, isPrepared: Bool, with ready: [UploadedInput]) {
    let now = time.now.steady
    let (isUploading, isSearching, unpriced, isLookupSkipped) = state.withLock { state in
      (
        state.scheduler.isUploading(for: account), state.scheduler.isSearching(for: account),
        state.unpriced.removeValue(forKey: account) ?? [:], skipsLookup(at: provider, in: state, now: now)
      )
    }
    let orphans: OrphanRule =
      provider.isEmbedded
      ? .sent : provider.remembersAll ? .searched(now: !isSearching) : .sentWithin(Self.unsearchedLifetime)
    let request = ClaimRequest(
      account: account, maxConcurrency: provider.isLimited ? limits.maxConcurrency : nil,
      maxPerMinute: provider.isLimited ? limits.maxPerMinute : nil,
      maxSpendMicros: provider.isLimited ? limits.maxSpendMicros : nil, isSpendingStrict: limits.isSpendingStrict,
      hasPrices: provider.pricing != nil, skipsLookup: isLookupSkipped, unpriced: unpriced, uploaded: ready,
      mayUpload: !isUploading, isPrepared: isPrepared, orphans: orphans)
    // A claim that waits for the store when `stop` is called takes nothing; the prediction stays queued for the next
    // process.
    store.claim(request, isWanted: { [self] in !state.withLock { $0.isStopping } }) { [self] result in
      switch result {
      case .success(.claimed(let prediction)):
        rowWasCommitted(prediction, schedules: false)
        react(.claimed(prediction))
      case .success(.nothingQueued): react(.claimEnded(account: account, retryAfter: nil))
      case .success(.denied(let retryAfter)): react(.claimEnded(account: account, retryAfter: retryAfter))
      case .success(.paused(let pause, let next)): wait(out: pause, before: next, at: provider)
      case .success(.needsLookup(let prediction)): lookUpModel(of: prediction, at: provider)
      case .success(.needsUpload(let prediction)): react(.uploadNeeded(prediction))
      case .success(.needsSearch(let prediction)): react(.searchNeeded(prediction))
      case .success(.needsPrice(let prediction)): price(prediction, at: provider)
      case .success(.needsPreparation):
        // Once for each claim: a server that cannot be reached teaches nothing.
        provider.prepare { [self] in claim(account, at: provider, isPrepared: true) }
      case .success(.refused(let prediction)):
        rowWasCommitted(prediction, schedules: false)
        react(.claimCleared(account: account))
      case .failure(let error):
        notice("The next queued prediction could not be claimed: \(error.message)")
        let now = time.now.steady
        state.withLock { state in
          state.posts.noteFailedClaim()
          state.periodicTasks.recover(at: now + 1_000)
        }
        react(.claimEnded(account: account, retryAfter: 5_000))
      }
      wakeDrain()
    }
  }

  func post(_ prediction: Prediction, to provider: any Provider) {
    let id = prediction.id
    let now = time.now.steady
    let uploaded = state.withLock { state in
      state.posts.handOver(id, now: now)
      return state.uploads.take(id)
    }
    var sent = prediction
    // With addresses in place of files and outputs. Such a prediction is claimed only after they are known.
    if prediction.uploads != .none || prediction.references != .none { sent.input = uploaded }
    provider.submit(
      sent, mayStart: { [self] in mayStart(prediction, at: provider) },
      preview: { [self] in take($0, of: prediction) }
    ) { [self] outcome in
      // A partial image that still waits is older than the reply.
      state.withLock { $0.previews.dropNext(of: id) }
      let writer = writer(of: prediction)
      switch outcome {
      case .accepted(let remoteID, let result, let clockSkew):
        record(id, .accepted(remoteID: remoteID, clockSkew: clockSkew), by: writer)
        if result != .running { finish(prediction, result) }
      case .refused(let failure, let pause):
        if pause != nil { notice("The queue pauses: \(failure.message)") }
        record(id, .refused(failure, pause: pause), by: writer)
      case .unsent(let reason):
        switch state.withLock({ $0.posts.refusal(of: id) }) {
        case .late: record(id, .interrupted, by: writer)
        // The call that revoked it commits the same event; the order of the two does not matter.
        case .revoked: record(id, .cancelAsked(deleteRemote: false, sendable: false), by: writer)
        case .other: record(id, .unsent(reason: reason), by: writer)
        }
      case .unreadable(let reason, let reply):
        // A history of stored replies has nothing else of it.
        record(id, .unreadable(reason: reason, reply: reply, canLook: provider.remembersAll), by: writer)
      case .ambiguous(let reason):
        record(id, .ambiguous(reason: reason, canLook: provider.searchableHistory != nil), by: writer)
      }
      state.signal { $0.posts.end(id) }
    }
    learn(prediction, at: provider)
  }

  /// Decides immediately before the first byte: the POST is not revoked, its claim is not too old, and the row still
  /// says that this process sends it (another process may have cancelled it). Of a remote store it is not read here, where all
  /// transfers would wait for it: what was claimed a moment ago is taken for the row, and a cancellation by another machine may come
  /// too late.
  private func mayStart(_ prediction: Prediction, at provider: any Provider) -> Bool {
    let id = prediction.id
    let row =
      provider.isEmbedded
      ? prediction
      : store.isRemote
        ? (store.isSeenAlive ? state.withLock { $0.live[id]?.prediction } : nil) : (try? store.prediction(id))
    let isOurs = row.map { $0.status == .processing && $0.phase == .sending && $0.epoch == prediction.epoch } ?? false
    let now = time.now.steady
    return state.withLock { $0.posts.mayStart(id, isOurs: isOurs, now: now) }
  }
}
