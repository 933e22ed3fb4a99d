internal import Threads

/// What is learned from how long jobs took, and what is expected of those at hand.
extension PredictionEngine {
  /// Reads how long jobs like this one took, where that is not known or others have ended since. Called while the provider works
  /// on it, never before its POST.
  func learn(_ prediction: Prediction, at provider: any Provider) {
    // What is drawn in this process is not worth an estimate.
    guard !provider.isEmbedded else { return }
    let id = prediction.id
    let begun = time.now.steady
    let (known, isFresh) = state.withLock { state -> (JobTopic?, Bool) in
      guard let known = state.scheduler.polls.topic(of: id) else { return (nil, false) }
      return (known, !state.scheduler.polls.isNeeded(known, now: begun))
    }
    if isFresh { return }
    guard let kind = known?.kind ?? prediction.jobKind else { return }
    let topic = JobTopic(account: prediction.account, model: prediction.model, kind: kind)
    guard state.withLock({ $0.scheduler.polls.isNeeded(topic, now: begun) }) else { return learn(id, topic, nil) }
    reading { [self] in
      let durations = (try? store.durations(of: topic.account, model: topic.model)) ?? []
      learn(id, topic, PollSchedule(kind: durations.filter { $0.kind == kind }, model: durations))
    }
  }

  private func learn(_ id: PredictionID, _ topic: JobTopic, _ schedule: PollSchedule?) {
    let now = time.now
    state.withLock { state in
      state.scheduler.learn(id, topic, schedule, now: now)
      arm(&state, now: now.steady)
    }
  }

  /// How long the job of a prediction took whose final answer has just arrived.
  func duration(of id: PredictionID, _ result: RemoteResult) -> JobDuration? {
    var inference: Int64?
    if case .completed(_, _, let milliseconds, _) = result { inference = milliseconds }
    let now = time.now.steady
    return state.withLock { [inference] in $0.scheduler.polls.duration(of: id, inference: inference, now: now) }
  }

  /// What is expected of a prediction that this process polls; `nil` for any other. Takes microseconds.
  public func expectation(of id: PredictionID) -> Expectation? {
    let now = time.now.steady
    return state.withLock { $0.scheduler.polls.expectation(of: id, now: now) }
  }
}
