internal import Threads

/// How work begins: by taking over unfinished predictions of processes that have exited.
extension PredictionEngine {
  /// How long after a `submit` a process begins to take over work without another call, in milliseconds.
  static let submitOnlyLifetime: Int64 = 500

  /// Begins the work, at the first call that names a prediction; a process that is only probed has no side effects.
  func begin() {
    if state.withLock({ $0.recovery.begin() }) { beginWork() }
  }

  /// The same on a thread that must not wait for the store.
  func beginPromptly() {
    if state.withLock({ $0.recovery.begin() }) { reading { [self] in beginWork() } }
  }

  private func beginWork() {
    let now = time.now
    state.withLock { state in
      if state.periodicTasks.beginRetention(now) { arm(&state, now: now.steady) }
    }
    refreshPauses()
    recover()
  }

  /// Begins the work some time after a `submit`. A process that submits and ends takes over nothing: hundreds of such
  /// processes would only delay each other.
  func beginLater() {
    let now = time.now.steady
    state.withLock { state in
      if state.recovery.begin(at: now + Self.submitOnlyLifetime) { arm(&state, now: now) }
    }
  }

  /// Takes over unfinished predictions of processes that have exited.
  func recover() {
    let providers = state.withLock { state -> [String: any Provider]? in
      guard !state.isStopping, state.recovery.start() else { return nil }
      return state.providers
    }
    guard let accounts = providers?.mapValues({ $0.searchableHistory != nil }) else { return }
    let awaited = state.withLock { state in state.waiters.awaited.filter { isForeign($0, in: &state) } }
    store.recover(accounts: accounts, awaited: awaited) { [self] result in
      let now = time.now.steady
      let mustRepeat = state.withLock { state in
        state.bills.planSearch(now: now)
        arm(&state, now: now)
        return state.recovery.finish()
      }
      switch result {
      case .success(let recovery):
        sweepPreviews(taken: recovery.taken)
        for prediction in recovery.ended { rowWasCommitted(prediction) }
        for prediction in recovery.taken { rowWasCommitted(prediction) }
        for account in recovery.queuedAccounts { react(.queued(account: account)) }
        giveUpClaims(among: recovery.sending)
        if recovery.hasChains { follow() }
        warnAboutUnknownAccounts(recovery.queuedAccounts.subtracting(accounts.keys))
      case .failure(let error): notice("Unfinished predictions could not be taken over: \(error.message)")
      }
      if mustRepeat { recover() }
    }
  }

  /// Ends predictions whose claim was committed although its commit seemed to fail: nothing was sent.
  private func giveUpClaims(among sending: [PredictionID]) {
    for id in state.withLock({ $0.posts.takeLostClaims(among: sending) }) {
      guard let prediction = try? store.prediction(id) else { continue }
      record(id, .interrupted, by: writer(of: prediction))
    }
  }

  private func warnAboutUnknownAccounts(_ accounts: Set<String>) {
    let mustTell = state.withLock { state in
      guard !accounts.isEmpty, !state.didWarnAboutUnknownAccounts else { return false }
      state.didWarnAboutUnknownAccounts = true
      return true
    }
    if mustTell {
      notice("Predictions in the queue wait for a provider or a key that this process does not have.")
    }
  }
}
