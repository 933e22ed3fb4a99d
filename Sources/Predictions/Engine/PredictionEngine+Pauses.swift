internal import JSON
internal import Threads

/// Pauses of accounts: how they are shown, and how a top-up ends them early.
extension PredictionEngine {
  /// Reads the pauses again; other processes may have begun or ended some.
  func refreshPauses() {
    guard let pauses = try? store.pauses() else { return }
    state.withLock { $0.pauses = pauses }
  }

  /// A prediction as it is shown now: if its account pauses, with the reason and the end of the pause.
  ///
  /// - Parameter pauses: the pauses of the state. The whole state as a parameter would be copied at every `status`.
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

  /// Tries again when the pause of an account is over. If credit is missing and the provider tells balances, the
  /// balance is requested in between, which is free.
  ///
  /// - Parameter next: the first prediction that waits.
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
      // An input that names local files or outputs of others is not sent to the provider, not even for a price.
      guard next.uploads == .none, next.references == .none,
        let input = (try? JSONValue(parsing: next.input ?? []))?.object
      else {
        return judge(balance.micros, nil)
      }
      pricing.quote(model: next.model, input: input) { quote in judge(balance.micros, try? quote.get().micros) }
    }
  }
}
