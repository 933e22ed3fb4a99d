internal import Threads

/// The bill of what this process has finished.
extension PredictionEngine {
  /// Plans the request for the bill where a commit of this process has ended a prediction.
  func awaitBill(after change: Change) {
    let prediction = change.after
    guard change.before.phase != nil, prediction.awaitsBill, let remoteID = prediction.remoteID else { return }
    let now = time.now.steady
    state.withLock { state in
      guard let provider = state.providers[prediction.account], provider.bills != nil else { return }
      state.bills.add(
        .init(id: prediction.id, remoteID: remoteID), of: prediction.account, pace: provider.pace, now: now)
      arm(&state, now: now)
    }
  }

  /// Looks for predictions of earlier processes that ended before they could ask for their bill.
  func lookForOlderBills() {
    let (providers, isStopping) = state.withLock { ($0.providers, $0.isStopping) }
    guard !isStopping else { return }
    let now = time.now
    for (account, provider) in providers where provider.bills != nil {
      let pauses = provider.pace == .near ? Bills.nearPauses : Bills.pauses
      let moments = now.wall - Bills.searchAge...now.wall - pauses[0]
      let found = (try? store.unbilled(in: account, endedIn: moments, atMost: Bills.searchLimit)) ?? []
      guard !found.isEmpty else { continue }
      state.withLock { state in
        state.bills.addOlder(found.map { .init(id: $0.id, remoteID: $0.remoteID) }, of: account, now: now.steady)
        arm(&state, now: now.steady)
      }
    }
  }

  /// Requests the bills that are due.
  func askForBills(_ due: [(account: String, items: [Bills.Item])]) {
    for (account, items) in due {
      guard let provider = state.withLock({ $0.providers[account] }), let bills = provider.bills else { continue }
      bills.bills(of: items.map(\.remoteID)) { [self] result in
        let known = (try? result.get()) ?? [:]
        let now = time.now.steady
        for var item in items {
          if let micros = known[item.remoteID] {
            record(item.id, .billed(micros), by: nil)
          } else {
            item.tries += 1
            state.withLock { [item] state in
              state.bills.add(item, of: account, pace: provider.pace, now: now)
              arm(&state, now: now)
            }
          }
        }
      }
    }
  }
}
