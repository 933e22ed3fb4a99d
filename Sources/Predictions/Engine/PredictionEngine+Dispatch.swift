internal import Threads

/// The loop: event, decision, action.
extension PredictionEngine {
  /// Passes an event to the scheduler, and performs its actions.
  func react(_ event: Scheduler.Event) {
    let now = time.now
    let actions = state.withLock { state -> [Scheduler.Action] in
      // The prediction must be in memory when the action runs: before the scheduler knows of it, another thread may
      // have evicted it, and the action would find nothing and not be repeated.
      switch event {
      case .claimed(let prediction), .changed(let prediction), .uploadNeeded(let prediction),
        .searchNeeded(let prediction):
        if prediction.phase != nil || prediction.isUnsent { remember(prediction, in: &state) }
      default: break
      }
      let actions = state.scheduler.handle(event, now: now)
      arm(&state, now: now.steady)
      return actions
    }
    for action in actions { perform(action) }
  }

  private func perform(_ action: Scheduler.Action) {
    assertUnlocked()
    switch action {
    case .claim(let account): claim(account)
    case .upload(let id): withProvider(of: id) { [self] in upload($0, to: $1) }
    case .search(let id): withProvider(of: id) { [self] in search(for: $0, at: $1) }
    case .post(let id): withProvider(of: id) { [self] in post($0, to: $1) }
    case .poll(let id): withProvider(of: id) { [self] in poll($0, at: $1) }
    case .openAhead(let id): withProvider(of: id) { [self] in openAhead(for: $0, at: $1) }
    case .look(let id): withProvider(of: id) { [self] in look(for: $0, at: $1) }
    case .download(let id): withProvider(of: id) { [self] in save($0, from: $1) }
    case .relink(let id): withProvider(of: id) { [self] in relink($0, at: $1) }
    case .deleteRemotely(let id):
      withProvider(of: id) { [self] prediction, provider in
        provider.delete(prediction) { [self] outcome in
          if case .unanswered(let reason) = outcome {
            react(.deletionUnanswered(prediction.id, reason: reason))
          } else {
            record(prediction.id, .deletionAnswered(outcome), by: writer(of: prediction))
          }
        }
      }
    case .record(let id, .downloadGivenUp(let reason, let isFinal, _)):
      if let prediction = state.withLock({ $0.live[id]?.prediction }) {
        giveUp(prediction, reason: reason, isFinal: isFinal)
      }
    case .record(let id, let event):
      if let prediction = state.withLock({ $0.live[id]?.prediction }) {
        record(id, event, by: writer(of: prediction))
      }
    }
  }

  private func withProvider(of id: PredictionID, _ body: @escaping @Sendable (Prediction, any Provider) -> Void) {
    let found = state.withLock { state -> (Prediction, any Provider)? in
      guard let prediction = state.live[id]?.prediction, let provider = state.providers[prediction.account] else {
        return nil
      }
      return (prediction, provider)
    }
    guard let (prediction, provider) = found else { return }
    guard prediction.input == nil else { return body(prediction, provider) }
    // Only predictions that were over lack their input: the download is tried again.
    reading { [self] in
      var prediction = prediction
      prediction.input = (try? store.input(of: id)) ?? nil
      body(prediction, provider)
    }
  }

  func writer(of prediction: Prediction) -> Writer {
    Writer(owner: owner, epoch: prediction.epoch)
  }

  func wakeDrain() {
    state.signal { _ in }
  }
}
