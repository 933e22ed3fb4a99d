internal import JSON
internal import Threads

/// Accounts for which nothing is sent for a while: what is told of it, and how a top-up ends it early.
extension PredictionEngine {
  /// Reads the pauses again; those that another process began or ended count here too.
  func refreshPauses() {
    guard let pauses = try? store.pauses() else { return }
    state.withLock { $0.pauses = pauses }
  }

  /// A prediction as it is shown now: where it waits for its account, with why and until when.
  ///
  /// - Parameter pauses: those of the state. The whole state as a parameter would be copied, at every `status`.
  func shown(_ snapshot: PredictionSnapshot, _ pauses: [String: AccountPause]?) -> PredictionSnapshot {
    guard snapshot.prediction.status == .created, let pause = pauses?[snapshot.prediction.account],
      pause.remaining(at: time.now.wall) != nil
    else { return snapshot }
    return snapshot.with(waiting: Waiting(reason: pause.reason, until: pause.until))
  }

  /// A row of a list as it is shown now.
  public func snapshot(of prediction: Prediction) -> PredictionSnapshot {
    state.withLock { state in
      shown(PredictionSnapshot(prediction, resultURL: resultURL(of: prediction, in: &state)), state.pauses)
    }
  }

  // MARK: - Top-ups

  /// The account pauses: tries again when that is over. Where it had too little credit and can say what it has, it is
  /// asked in between, which is free.
  ///
  /// - Parameter next: the prediction that waits first.
  func wait(out pause: AccountPause, before next: Prediction, at provider: any Provider) {
    let now = time.now
    let account = provider.account
    let rest = pause.remaining(at: now.wall) ?? 1
    let interval = RetryPolicy(provider.pace).balance
    let mayAsk = pause.reason == .insufficientCredit && provider.pricing != nil
    let isDue = state.withLock { state in
      state.pauses?[account] = pause
      guard mayAsk, now.steady - (state.balanceAskedAt[account] ?? .min / 2) >= interval else { return false }
      state.balanceAskedAt[account] = now.steady
      return true
    }
    react(.claimEnded(account: account, retryAfter: mayAsk ? min(rest, interval) : rest))
    if isDue { askForTopUp(pause, next, provider) }
  }

  private func askForTopUp(_ pause: AccountPause, _ next: Prediction, _ provider: any Provider) {
    guard let pricing = provider.pricing else { return }
    let judge: @Sendable (Int64, Int64?) -> Void = { [self] balance, price in
      let isOver = pause.isToppedUp(balance: balance, price: price)
      guard isOver || balance != pause.balance else { return }
      store.noteBalance(balance, of: provider.account, during: pause, isOver: isOver) { [self] in
        refreshPauses()
        guard isOver else { return }
        notice("The account has credit again: the queue goes on.")
        react(.pauseEnded(account: provider.account))
      }
    }
    pricing.balance { result in
      guard case .success(let balance) = result else { return }
      if let price = next.estimateMicros { return judge(balance.micros, price) }
      // The price is asked with an input that the provider could be sent, and one that names files is not.
      guard next.uploads == .none, let input = (try? JSONValue(parsing: next.input ?? []))?.object else {
        return judge(balance.micros, nil)
      }
      pricing.quote(model: next.model, input: input) { quote in judge(balance.micros, try? quote.get().micros) }
    }
  }
}
