internal import Threads

extension PredictionEngine {
  // MARK: - The loop: event, decision, action

  /// Tells the scheduler, and does what it says.
  func react(_ event: Scheduler.Event) {
    let now = time.now
    let actions = state.withLock { state -> [Scheduler.Action] in
      // What is worked on must be at hand: until the scheduler knows of it, another thread may have dropped it as one
      // that nobody works on, and then the action would find nothing and never be repeated.
      switch event {
      case .claimed(let prediction), .changed(let prediction), .uploadNeeded(let prediction),
        .searchNeeded(let prediction):
        if prediction.phase != nil { remember(prediction, in: &state) }
      default: break
      }
      let actions = state.scheduler.handle(event, now: now)
      arm(&state, now: now.steady)
      return actions
    }
    for action in actions { perform(action) }
  }

  private func perform(_ action: Scheduler.Action) {
    switch action {
    case .claim(let account): claim(account)
    case .upload(let id): withProvider(of: id) { upload($0, to: $1) }
    case .search(let id): withProvider(of: id) { search(for: $0, at: $1) }
    case .post(let id): withProvider(of: id) { post($0, to: $1) }
    case .poll(let id): withProvider(of: id) { poll($0, at: $1) }
    case .look(let id): withProvider(of: id) { look(for: $0, at: $1) }
    case .download(let id): withProvider(of: id) { save($0, from: $1) }
    case .relink(let id): withProvider(of: id) { relink($0, at: $1) }
    case .deleteRemotely(let id):
      withProvider(of: id) { prediction, provider in
        provider.delete(prediction) { [self] outcome in
          if case .unanswered(let reason) = outcome {
            react(.deletionUnanswered(prediction.id, reason: reason))
          } else {
            record(prediction.id, .deletionAnswered(outcome), by: writer(of: prediction))
          }
        }
      }
    case .record(let id, let event):
      if let prediction = state.withLock({ $0.live[id]?.prediction }) {
        record(id, event, by: writer(of: prediction))
      }
    }
  }

  private func withProvider(of id: PredictionID, _ body: (Prediction, any Provider) -> Void) {
    let found = state.withLock { state -> (Prediction, any Provider)? in
      guard let prediction = state.live[id]?.prediction, let provider = state.providers[prediction.account] else {
        return nil
      }
      return (prediction, provider)
    }
    guard var prediction = found?.0, let provider = found?.1 else { return }
    // Only what was over lacks its input: its download is tried again.
    if prediction.input == nil { prediction.input = (try? store.input(of: id)) ?? nil }
    body(prediction, provider)
  }

  func writer(of prediction: Prediction) -> Writer {
    Writer(owner: store.owner, epoch: prediction.epoch)
  }

  // MARK: - Sending

  private func claim(_ account: String) {
    guard let provider = state.withLock({ $0.providers[account] }) else { return }
    let ready = readyUploads(of: account)
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
      mayUpload: provider.uploads != nil && !isUploading, orphans: orphans)
    store.claim(request) { [self] result in
      switch result {
      case .success(.claimed(let prediction)):
        publish(prediction)
        react(.claimed(prediction))
      case .success(.nothingQueued): react(.claimEnded(account: account, retryAfter: nil))
      case .success(.denied(let retryAfter)): react(.claimEnded(account: account, retryAfter: retryAfter))
      case .success(.paused(let pause, let next)): wait(out: pause, before: next, at: provider)
      case .success(.needsLookup(let prediction)): lookUpModel(of: prediction, at: provider)
      case .success(.needsUpload(let prediction)): react(.uploadNeeded(prediction))
      case .success(.needsSearch(let prediction)): react(.searchNeeded(prediction))
      case .success(.needsPrice(let prediction)): price(prediction, at: provider)
      case .success(.refused(let prediction)):
        publish(prediction)
        react(.claimCleared(account: account))
      case .failure(let error):
        notice("The next prediction could not be taken from the queue: \(error.message)")
        let now = time.now.steady
        state.withLock { state in
          state.mustFindClaims = true
          state.rounds.recoverAt = now + 1_000
        }
        react(.claimEnded(account: account, retryAfter: 5_000))
      }
      wakeDrain()
    }
  }

  private func post(_ prediction: Prediction, to provider: any Provider) {
    let id = prediction.id
    let now = time.now.steady
    let uploaded = state.withLock { state in
      state.posts[id] = Post(claimedAt: now)
      state.handedOver.insert(id)
      return state.uploaded.removeValue(forKey: id)
    }
    var sent = prediction
    // With the files in their places. Without them it is not sent: a claim is only asked for with them at hand.
    if prediction.uploads != .none { sent.input = uploaded?.input }
    provider.submit(
      sent, mayStart: { [self] in mayStart(prediction, at: provider) },
      preview: { [self] in take($0, of: prediction) }
    ) { [self] outcome in
      dropDrafts(of: id)
      let writer = writer(of: prediction)
      switch outcome {
      case .accepted(let remoteID, let result, let clockSkew):
        record(id, .accepted(remoteID: remoteID, clockSkew: clockSkew), by: writer)
        if result != .running { finish(prediction, result) }
      case .refused(let failure, let pause):
        if pause != nil { notice("The queue pauses: \(failure.message)") }
        record(id, .refused(failure, pause: pause), by: writer)
      case .unsent(let reason):
        // Whoever revoked it is about to write that it is cancelled, and may come second: it is cancelled either way.
        let post = state.withLock { $0.posts[id] }
        let event: PredictionEvent =
          post?.isLate == true
          ? .interrupted
          : post?.isRevoked == true ? .cancelAsked(deleteRemote: false, sendable: false) : .unsent(reason: reason)
        record(id, event, by: writer)
      case .ambiguous(let reason):
        record(id, .ambiguous(reason: reason, canLook: provider.history != nil), by: writer)
      }
      state.signal { $0.posts[id] = nil }
    }
  }

  /// The last word before the first byte: not revoked, not so old that another process may have judged it, and still
  /// ours to send by the table, where another process may have cancelled it.
  private func mayStart(_ prediction: Prediction, at provider: any Provider) -> Bool {
    let id = prediction.id
    let row = provider.isEmbedded ? prediction : (try? store.prediction(id))
    let isOurs = row.map { $0.status == .processing && $0.phase == .sending && $0.epoch == prediction.epoch } ?? false
    let now = time.now.steady
    return state.withLock { state in
      guard let post = state.posts[id], !post.isRevoked else { return false }
      guard isOurs, now - post.claimedAt <= Self.claimLifetime else {
        state.posts[id]?.isLate = true
        return false
      }
      state.posts[id]?.hasStarted = true
      return true
    }
  }

  // MARK: - Following

  private func poll(_ prediction: Prediction, at provider: any Provider) {
    provider.poll(prediction) { [self] outcome in
      if case .answered(let result, _) = outcome, result != .running {
        finish(prediction, result)
      } else {
        react(.polled(prediction.id, outcome))
      }
    }
  }

  /// The provider is done. Bytes that came with the answer exist nowhere else: they are kept until they are files.
  private func finish(_ prediction: Prediction, _ result: RemoteResult) {
    keepBytes(of: result, for: prediction)
    record(prediction.id, .finished(result), by: writer(of: prediction))
  }

  /// Keeps outputs that came as bytes until they are files. Beyond what may be in memory they are read again, one
  /// prediction after the other, where the provider can bring them once more.
  private func keepBytes(of result: RemoteResult, for prediction: Prediction) {
    guard case .completed(let outputs, _, _) = result else { return }
    let id = prediction.id
    var bytes: [Int: [UInt8]] = [:]
    for (index, output) in outputs.enumerated() {
      if case .bytes(let output) = output { bytes[index + 1] = output }
    }
    guard !bytes.isEmpty else { return }
    let (held, provider) = state.withLock { state in
      (
        state.bytes.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } },
        state.providers[prediction.account]
      )
    }
    let isOverLimit = held + bytes.values.reduce(0) { $0 + $1.count } > Self.heldBytes
    if held > 0, isOverLimit, provider?.canRepeat(prediction) == true { return }
    state.withLock { $0.bytes[id] = bytes }
  }

  private func look(for prediction: Prediction, at provider: any Provider) {
    guard let history = provider.history else {
      return react(.looked(prediction.id, .unavailable(reason: "This provider keeps no history.")))
    }
    let window: ClosedRange<Int64>
    do throws(StoreError) {
      let sent = try store.sendTime(of: prediction.id) ?? SendTime(sentAt: prediction.startedAt ?? prediction.createdAt)
      window = sent.window(at: time.now, boot: time.boot)
    } catch {
      return react(.looked(prediction.id, .unavailable(reason: error.message)))
    }
    history.search(for: prediction, window: window) { [self] outcome in
      react(.looked(prediction.id, withoutOurs(outcome, of: prediction.account)))
    }
  }

  /// Searches for one that is queued and was accepted by a process that has exited: the table may be a restored copy that
  /// does not know of its POST.
  private func search(for prediction: Prediction, at provider: any Provider) {
    let id = prediction.id
    guard let history = provider.history else {
      return react(.searched(id, .unavailable(reason: "This provider keeps no history.")))
    }
    let now = time.now.wall
    // Where it was accepted in the future, the clock was set back and says nothing: then everything is searched.
    let since = prediction.createdAt > now ? now - Self.historyReach : prediction.createdAt - 5_000
    history.search(for: prediction, window: since...now + 60_000) { [self] outcome in
      let outcome = withoutOurs(outcome, of: prediction.account)
      if case .unavailable(let reason) = outcome { tellOfSearches(reason) }
      react(.searched(id, outcome))
      wakeDrain()
    }
  }

  private func tellOfSearches(_ reason: String) {
    let mustTell = state.withLock { state in
      defer { state.hasToldOfSearches = true }
      return !state.hasToldOfSearches
    }
    if mustTell {
      notice(
        "Queued predictions of a process that has exited are sent when the provider's history can be searched: \(reason)"
      )
    }
  }

  /// Without what is another prediction's already: of two equal ones whose ids are not both known, one is left.
  private func withoutOurs(_ outcome: HistoryOutcome, of account: String) -> HistoryOutcome {
    guard case .found(let matches) = outcome else { return outcome }
    do throws(StoreError) {
      var left: [HistoryMatch] = []
      for match in matches where try !store.isTaken(match.remoteID, in: account) { left.append(match) }
      return .found(left)
    } catch {
      return .unavailable(reason: error.message)
    }
  }

  private func relink(_ prediction: Prediction, at provider: any Provider) {
    provider.poll(prediction) { [self] outcome in
      guard case .answered(.completed(let outputs, _, _), _) = outcome else {
        return react(.relinkFailed(prediction.id, reason: "The provider gave no fresh link."))
      }
      if case .answered(let result, _) = outcome { keepBytes(of: result, for: prediction) }
      let links = outputs.enumerated().map { index, output in
        if case .location(let location) = output { location } else { "inline:\(index + 1)" }
      }
      record(prediction.id, .relinked(links), by: writer(of: prediction))
    }
  }

  // MARK: - Committing what came of it

  /// Commits an event, and makes it known. A commit that fails with the disk is tried again for as long as it takes:
  /// a remote id, once known, is never dropped.
  func record(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?, completion: (@Sendable () -> Void)? = nil
  ) {
    state.withLock { $0.uncommittedRecords += 1 }
    store.change(id, event, by: writer) { [self] result in
      switch result {
      case .success(let change):
        state.withLock { state in
          state.failedRecords = 0
          state.toldUnrecorded = []
        }
        switch event {
        case .refused(_, pause: .some), .uploadFailed(_, pause: .some): refreshPauses()
        default: break
        }
        follow(change.after)
      case .failure(.illegal), .failure(.notFound):
        // Somebody was first: what the row says now is what counts.
        reload(id, after: event)
      case .failure where event == .downloadAgain:
        // Somebody's wish, and they see that it did not come true; kept for later it would come true behind another.
        break
      case .failure(let error):
        if recordLater(Unrecorded(id: id, event: event, writer: writer)) {
          notice("What happened to \(id) could not be written and is tried again: \(error.message)")
        }
      }
      state.signal { $0.uncommittedRecords -= 1 }
      completion?()
    }
  }

  /// Tries a commit again after a while, which grows to half a minute.
  ///
  /// - Returns: whether it is the first time for this prediction.
  @discardableResult
  func recordLater(_ unrecorded: Unrecorded) -> Bool {
    let now = time.now.steady
    return state.withLock { state in
      state.unrecorded.append(unrecorded)
      let isFirst = state.retryRecordsAt == nil
      if isFirst {
        state.retryRecordsAt = now + min(30_000, 1_000 << Int64(min(state.failedRecords, 5)))
        state.failedRecords += 1
        arm(&state, now: now)
      }
      return state.toldUnrecorded.insert(unrecorded.id).inserted
    }
  }

  private func reload(_ id: PredictionID, after event: PredictionEvent) {
    let row: Prediction?
    do { row = try store.prediction(id) } catch { return }
    guard let prediction = row else {
      // Deleted meanwhile: the files that this attempt has just placed belong to no prediction.
      if case .saved(let files) = event { _ = outputs.remove(files, for: nil) }
      return forgetDeleted([id])
    }
    if case .adopted = event, prediction.phase == .looking, prediction.owner == store.owner {
      publish(prediction)
      return react(.looked(id, .contested))
    }
    if case .adopted = event, prediction.phase == .queued {
      publish(prediction)
      return react(.searched(id, .contested))
    }
    follow(prediction)
  }

  func wakeDrain() {
    state.signal { _ in }
  }
}

extension StoreError {
  /// One sentence for people.
  public var message: String {
    switch self {
    case .notFound: "There is no such prediction."
    case .illegal(let error): "The prediction is \(error.status.rawValue); that cannot be done to it any more."
    case .badCursor: "The cursor is not one that this query gave."
    case .failed(let message, _): message
    }
  }
}
