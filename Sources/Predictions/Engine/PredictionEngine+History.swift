internal import Threads

extension PredictionEngine {
  func look(for prediction: Prediction, at provider: any Provider) {
    guard let history = provider.searchableHistory else {
      return react(.looked(prediction.id, .unavailable(reason: "This provider keeps no history.")))
    }
    reading { [self] in look(for: prediction, in: history) }
  }

  private func look(for prediction: Prediction, in history: any ProviderHistory) {
    let window: ClosedRange<Int64>
    do throws(StoreError) {
      let sent = try store.sendTime(of: prediction.id) ?? SendTime(sentAt: prediction.startedAt ?? prediction.createdAt)
      window = sent.window(at: time.now, boot: time.boot, within: history.historyWindow)
    } catch {
      return react(.looked(prediction.id, .unavailable(reason: error.message)))
    }
    history.search(for: prediction, window: window) { [self] outcome in
      reading { [self] in react(.looked(prediction.id, withoutOurs(outcome, of: prediction.account))) }
    }
  }

  /// Searches for a queued prediction that was accepted by a process that has exited: the database may be a restored
  /// copy without the record of its POST.
  func search(for prediction: Prediction, at provider: any Provider) {
    let id = prediction.id
    guard let history = provider.searchableHistory else {
      return react(.searched(id, .unavailable(reason: "This provider keeps no history.")))
    }
    let now = time.now.wall
    // An acceptance in the future means that the clock was set back: then the whole history is searched.
    let margins = history.historyWindow
    let since = prediction.createdAt > now ? now - margins.reach : prediction.createdAt - margins.before
    history.search(for: prediction, window: since...now + margins.after) { [self] outcome in
      reading { [self] in
        let outcome = withoutOurs(outcome, of: prediction.account)
        if case .unavailable(let reason) = outcome { warnAboutSearches(reason) }
        react(.searched(id, outcome))
        wakeDrain()
      }
    }
  }

  private func warnAboutSearches(_ reason: String) {
    let mustTell = state.withLock { state in
      defer { state.didWarnAboutSearches = true }
      return !state.didWarnAboutSearches
    }
    if mustTell {
      notice(
        "Queued predictions of a process that has exited are sent when the provider's history can be searched: \(reason)"
      )
    }
  }

  /// The outcome without items that belong to another prediction already.
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
}
