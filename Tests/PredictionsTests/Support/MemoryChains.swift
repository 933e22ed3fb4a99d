import Predictions

/// Predictions that wait for outputs of others, in memory.
extension MemoryTable.State {
  /// A row with those of its targets that are not finished.
  func shown(_ row: Prediction) -> Prediction {
    var row = row
    row.waitsFor = []
    for reference in row.targets where rows[reference.target]?.status.isTerminal == false {
      if row.waitsFor.last != reference.target { row.waitsFor.append(reference.target) }
    }
    return row
  }

  func verdict(on row: Prediction, at now: Int64) -> ChainPolicy.Verdict {
    row.isChained ? ChainPolicy.verdict(on: row, at: now) { rows[$0] } : .ready
  }

  func chainRefusal(of new: Prediction) -> InsertOutcome? {
    guard new.isChained else { return nil }
    if let missing = new.targets.map(\.target).first(where: { rows[$0] == nil }) { return .targetMissing(missing) }
    func depth(_ row: Prediction) -> Int {
      guard row.isChained else { return 0 }
      return 1 + (row.targets.compactMap { rows[$0.target] }.map(depth).max() ?? 0)
    }
    return depth(new) > ChainPolicy.depthLimit ? .tooDeep : nil
  }

  func dependants(of ids: [PredictionID]) -> [Prediction] {
    rows.values.filter { row in row.isChained && row.targets.contains { ids.contains($0.target) } }
      .sorted { $0.id < $1.id }
  }

  /// All rows that wait for a prediction, directly or not.
  func chain(of id: PredictionID) -> [Prediction] {
    var found: [Prediction] = []
    var level = dependants(of: [id])
    while !level.isEmpty {
      found += level
      level = dependants(of: level.map(\.id)).filter { next in !found.contains { $0.id == next.id } }
    }
    return found
  }

  mutating func follow(accounts: Set<String>, at now: Int64) throws -> ChainRound {
    var round = ChainRound()
    for row in rows.values.filter(\.isChained).sorted(by: { $0.id < $1.id }) {
      guard let attended = row.attendedAt, now - attended < ChainPolicy.patience else {
        round.ended.append(try row.applying(.interrupted, by: nil, at: now))
        save(round.ended[round.ended.count - 1])
        continue
      }
      if accounts.contains(row.account), now - attended > ChainPolicy.renewal { rows[row.id]?.attendedAt = now }
    }
    while round.ended.count < ChainPolicy.batch {
      let failed =
        rows.values.filter(\.isChained).sorted { $0.id < $1.id }.compactMap { row in
          let isOver = row.targets.contains { reference in
            guard let status = rows[reference.target]?.status else { return true }
            return [.failed, .cancelled, .unknown].contains(status)
          }
          guard isOver, case .fails(let failure) = verdict(on: row, at: now) else { return nil }
          return (row: row, failure: failure)
        } as [(row: Prediction, failure: PredictionFailure)]
      if failed.isEmpty { break }
      for next in failed.prefix(ChainPolicy.batch - round.ended.count) {
        round.ended.append(try next.row.applying(.targetFailed(next.failure), by: nil, at: now))
        save(round.ended[round.ended.count - 1])
      }
    }
    round.hasMore = round.ended.count >= ChainPolicy.batch
    let chained = rows.values.filter(\.isChained)
    round.ready = Set(
      chained.filter { row in row.targets.allSatisfy { rows[$0.target]?.status == .completed } }.map(\.account))
    round.isWaiting = !chained.isEmpty
    return round
  }
}
