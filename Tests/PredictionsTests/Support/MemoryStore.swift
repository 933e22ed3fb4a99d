import Encoding
import JSON
import Predictions
import PredictionsTestSupport
import Threads

/// One process's view of a database in memory.
final class MemoryStore: PredictionStore {
  let owner: String
  let salt = [UInt8](repeating: 7, count: 16)
  let table: MemoryTable
  private let queue = WorkQueue()
  private let seen = Protected(0)
  private let startedAt: Int64

  init(_ table: MemoryTable, owner: String = "me") {
    self.table = table
    self.owner = owner
    startedAt = table.time.now.wall
  }

  /// As a store on a server: whether it is one, whether others see this process, and how often a row was read.
  let remote = Protected((isRemote: false, isSeenAlive: true, reads: 0))
  var isRemote: Bool { remote.withLock { $0.isRemote } }
  var isSeenAlive: Bool { remote.withLock { $0.isSeenAlive } }

  private var now: Int64 { table.time.now.wall }

  // MARK: - Reading

  func prediction(_ id: PredictionID) -> Prediction? {
    remote.withLock { $0.reads += 1 }
    let row = table.state.withLock { state in state.rows[id].map { state.shown($0) } }
    let action = table.state.withLock { state -> (@Sendable () -> Void)? in
      guard state.afterRead?.id == id else { return nil }
      defer { state.afterRead = nil }
      return state.afterRead?.action
    }
    action?()
    return row
  }

  func input(of id: PredictionID) -> [UInt8]? { table.row(id)?.input }

  func listed(_ id: PredictionID) -> Prediction? { prediction(id)?.lean }

  func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    var filters = query
    (filters.limit, filters.cursor) = (0, nil)
    let suffix = " \(filters)"
    var end = Int64.max
    if let cursor = query.cursor {
      guard cursor.hasSuffix(suffix), let place = Int64(cursor.dropLast(suffix.count)) else { throw .badCursor }
      end = place
    }
    let rows = table.state.withLock { state in
      state.rows.values.filter { $0.id.sequence < end && query.matches($0) }
        .sorted { $0.id.sequence > $1.id.sequence }.map { state.shown($0) }
    }
    let found = rows.prefix(min(max(query.limit, 1), 500)).map(\.lean)
    let cursors = found.map { "\($0.id.sequence)\(suffix)" }
    return ListPage(
      predictions: found, cursors: cursors, nextCursor: found.count < rows.count ? cursors.last : nil)
  }

  func hasChanged() -> Bool {
    let count = table.state.withLock { $0.changes.count }
    return seen.withLock { seen in
      defer { seen = count }
      return seen != count
    }
  }

  func changes(after cursor: ChangeCursor?) -> TableChanges {
    table.state.withLock { state in
      var found = TableChanges(newest: ChangeCursor(table: 1, number: Int64(state.changes.count)))
      guard let cursor else { return found }
      found.isComplete = cursor.table == 1 && cursor.number <= found.newest.number
      guard found.isComplete else { return found }
      var newest: [PredictionID: TableChange] = [:]
      for change in state.changes where change.number > cursor.number { newest[change.id] = change }
      found.changes = newest.values.sorted { $0.number < $1.number }
      return found
    }
  }

  func pauses() -> [String: AccountPause] { table.state.withLock { $0.accounts.compactMapValues(\.pause) } }

  func ledger(of account: String) -> Ledger { table.state.withLock { $0.ledger(of: account, at: now) } }

  func agentUse(of account: String) -> AgentUse { table.state.withLock { $0.agentUse(of: account, at: now) } }

  func agentGrants(of account: String) -> AgentGrants {
    table.state.withLock { state in
      state.accounts[account]?.grants.flatMap { $0.day == Money.startOfDay(now) ? $0.sum : nil } ?? AgentGrants()
    }
  }

  func grantAgents(
    _ grants: AgentGrants, on account: String, day: Int64,
    completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    note({ completion(.success(())) }) { [self] state in
      guard day == Money.startOfDay(now) else { return }
      if let known = state.accounts[account]?.grants, known.day == day, known.sum.count >= grants.count { return }
      state.accounts[account, default: .init()].grants = (day, grants)
    }
  }

  func upload(of digest: [UInt8], for account: String) -> String? {
    table.state.withLock { state in
      state.uploads[account]?[digest].flatMap { $0.expiresAt > now ? $0.address : nil }
    }
  }

  func unbilled(
    in account: String, endedIn moments: ClosedRange<Int64>, atMost limit: Int
  ) -> [(id: PredictionID, remoteID: String)] {
    let rows = table.state.withLock { state in
      state.rows.values.filter { row in
        row.account == account && row.awaitsBill && row.finishedAt.map { moments.contains($0) } ?? false
          && row.createdAt >= moments.lowerBound
      }
    }
    return rows.sorted { $0.id.sequence > $1.id.sequence }.prefix(limit).map {
      (id: $0.id, remoteID: $0.remoteID ?? "")
    }
  }

  func isTaken(_ remoteID: String, in account: String) -> Bool {
    table.state.withLock { state in
      state.sends.values.contains { $0.account == account && $0.remoteID == remoteID }
    }
  }

  func sendTime(of id: PredictionID) -> SendTime? { table.state.withLock { $0.sends[id]?.time } }

  func durations(of account: String, model: String) -> [JobDuration] {
    let all = table.state.withLock { $0.durations.filter { $0.account == account && $0.model == model } }
    return all.suffix(JobDuration.kept).reversed().map(\.took)
  }

  func lastOutput(of account: String, model: String) -> String? {
    table.state.withLock { state in
      let rows = state.rows.values.filter { $0.account == account && $0.model == model && $0.status == .completed }
      return rows.max { $0.id < $1.id }?.outputs.first
    }
  }

  func isAwaited(_ id: PredictionID) -> Bool { table.state.withLock { !$0.dependants(of: [id]).isEmpty } }

  func touch() {}

  func leave() {}

  // MARK: - Writing

  /// Hands a commit to the store's thread.
  private func write<Value: Sendable>(
    _ kind: MemoryTable.Write, _ event: PredictionEvent? = nil,
    completion: @escaping @Sendable (Result<Value, StoreError>) -> Void,
    _ body: @escaping @Sendable (inout MemoryTable.State) throws -> Value
  ) {
    queue.async { [self] in
      completion(
        table.commit(kind, event) { state in
          if state.owners[owner] == nil { state.owners[owner] = startedAt }
          return try body(&state)
        })
    }
  }

  /// Hands over a write that does not fail.
  private func note(
    _ completion: @escaping @Sendable () -> Void, _ body: @escaping @Sendable (inout MemoryTable.State) -> Void
  ) {
    queue.async { [table] in
      table.state.signal { body(&$0) }
      completion()
    }
  }

  func insert(
    _ prediction: Prediction, queueLimit: Int, repeating rule: RepeatedRequest?,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void
  ) {
    write(
      .insert,
      completion: { [table] result in
        let action = table.state.withLock { state -> (@Sendable (PredictionID) -> Void)? in
          defer { state.afterInsert = nil }
          return state.afterInsert
        }
        action?(prediction.id)
        completion(result)
      },
      { [self] state in
        if let key = prediction.storedKey, let known = state.keys[key] {
          guard let row = state.rows[known.id] else { return .conflict(known.id, deleted: true, difference: nil) }
          return known.fingerprint == prediction.fingerprint
            ? .existing(row) : .conflict(known.id, deleted: false, difference: row.difference(to: prediction))
        }
        if let rule,
          let earlier = rule.answer(
            among: state.rows.values.filter { RepeatedRequest.isSame($0, prediction) }.sorted { $0.id > $1.id }, at: now
          )
        {
          return .repeated(earlier)
        }
        let queued = state.rows.values.count { $0.account == prediction.account && $0.isUnsent }
        guard queued < queueLimit else { return .queueFull }
        if let caps = prediction.caps,
          let refusal = caps.refusal(
            images: prediction.images, price: prediction.estimateMicros ?? 0,
            after: state.agentUse(of: prediction.account, at: now), reset: "00:00 UTC")
        {
          return .overBudget(refusal)
        }
        if let refusal = state.chainRefusal(of: prediction) { return refusal }
        if let key = prediction.storedKey {
          state.keys[key] = MemoryTable.Key(id: prediction.id, fingerprint: prediction.fingerprint)
        }
        state.save(prediction)
        table.journal.note("committed created")
        return .inserted(state.shown(prediction))
      })
  }

  func change(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<Change, StoreError>) -> Void
  ) {
    table.state.withLock { state in
      defer { state.beforeChange = nil }
      return state.beforeChange
    }?()
    write(.change, event, completion: completion) { [self] state in
      guard let before = state.rows[id] else { throw StoreError.notFound }
      let after = try before.applying(event, by: writer, at: now)
      if let send = before.sendChange(by: event) {
        try state.note(send, of: before, at: table.time, by: owner)
      }
      if let (length, reason) = event.pause {
        let last = state.accounts[before.account]?.pause
        state.accounts[before.account, default: .init()].pause = AccountPause.after(
          last, because: reason, for: length, at: now)
      }
      if after.costMicros != before.costMicros { state.sends[id]?.cost = after.costMicros }
      if let took = event.took { state.durations.append((before.account, before.model, took)) }
      state.save(after)
      table.journal.note("committed \(event.name)")
      return Change(before: before, after: after)
    }
  }

  func claim(
    _ request: ClaimRequest, isWanted: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (Result<ClaimOutcome, StoreError>) -> Void
  ) {
    queue.async { [table] in table.state.signal { $0.claimsBegun += 1 } }
    write(.claim, completion: completion) { [self] state in
      guard isWanted() else { return .nothingQueued }
      let policy = ClaimPolicy(request)
      let queued = state.rows.values.filter {
        $0.account == request.account && $0.isUnsent && state.verdict(on: $0, at: now) != .waits
      }.sorted { $0.id.sequence < $1.id.sequence }
      let candidates = queued.map { (row: $0, isOrphan: state.isOrphan($0, for: owner)) }
      guard var next = candidates.first(where: { policy.mayBeNext($0.row, isOrphan: $0.isOrphan) }) else {
        return .nothingQueued
      }
      if case .fails(let failure) = state.verdict(on: next.row, at: now) {
        let ended = try next.row.applying(.targetFailed(failure), by: nil, at: now)
        state.save(ended)
        return .refused(ended)
      }
      let decision = policy.decision(
        on: next.row, isOrphan: next.isOrphan, at: now, reset: "00:00 UTC",
        facts: MemoryFacts(account: request.account, state: state, now: now))
      switch decision {
      case .hold(let outcome): return outcome
      case .end(let event):
        let ended = try next.row.applying(event, by: nil, at: now)
        state.save(ended)
        return .refused(ended)
      case .claim:
        if let sent = policy.sentInput(of: next.row) { next.row.sent = sent }
        let claimed = try next.row.applying(.claimed, by: Writer(owner: owner, epoch: next.row.epoch), at: now)
        try state.note(.opened, of: next.row, at: table.time, by: owner)
        state.save(claimed)
        table.journal.note("committed claimed")
        return .claimed(claimed)
      }
    }
  }

  func cancelChain(
    of id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<ChainCancellation, StoreError>) -> Void
  ) {
    write(.change, event, completion: completion) { [self] state in
      guard let before = state.rows[id] else { throw StoreError.notFound }
      let after = try before.applying(event, by: writer, at: now)
      if let send = before.sendChange(by: event) {
        try state.note(send, of: before, at: table.time, by: owner)
      }
      var cancelled: [Prediction] = []
      for row in state.chain(of: id) {
        cancelled.append(try row.applying(.cancelAsked(deleteRemote: false, sendable: true), by: nil, at: now))
      }
      for row in [after] + cancelled { state.save(row) }
      return ChainCancellation(change: Change(before: before, after: after), cancelled: cancelled)
    }
  }

  func follow(accounts: Set<String>, completion: @escaping @Sendable (Result<ChainRound, StoreError>) -> Void) {
    write(.follow, completion: completion) { [self] state in try state.follow(accounts: accounts, at: now) }
  }

  func noteModel(_ model: String, of account: String, completion: @escaping @Sendable () -> Void) {
    note(completion) { [self] state in
      state.accounts[account, default: .init()].sighting = ModelSighting(model: model, at: now)
    }
  }

  func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool,
    completion: @escaping @Sendable () -> Void
  ) {
    note(completion) { [self] state in
      guard state.accounts[account]?.pause == pause else { return }
      state.accounts[account]?.pause?.balance = micros
      if isOver { state.accounts[account]?.pause?.until = now }
    }
  }

  func keepUpload(
    of digest: [UInt8], for account: String, as address: String, lifetime: Int64,
    completion: @escaping @Sendable () -> Void
  ) {
    note(completion) { [self] state in
      state.uploads[account, default: [:]][digest] = (address, now + lifetime)
    }
  }

  func recover(
    accounts: [String: Bool], awaited: [PredictionID],
    completion: @escaping @Sendable (Result<Recovery, StoreError>) -> Void
  ) {
    write(.recover, completion: completion) { [self] state in
      let now = now
      var (taken, ended): ([Prediction], [Prediction]) = ([], [])
      let living = state.owners.filter { !state.dead.contains($0.key) }.values.min() ?? now
      let hasChains = state.rows.values.contains(where: \.isChained)
      for row in state.rows.values.sorted(by: { $0.id < $1.id }) where row.phase != nil {
        if row.phase == .queued {
          guard row.createdAt < min(living, now - 3_600_000) else { continue }
          ended.append(try row.applying(.interrupted, by: nil, at: now))
          state.save(ended[ended.count - 1])
          continue
        }
        let isLeft = row.owner.map(state.dead.contains) ?? (row.phase != .looking || row.isSearchDue(at: now))
        guard isLeft, let canLook = accounts[row.account] else { continue }
        taken.append(
          try row.applying(.takenOver(canLook: canLook), by: Writer(owner: owner, epoch: row.epoch), at: now))
        if let send = state.sends[row.id], send.outcome == nil, send.time.untilAt == nil {
          state.sends[row.id]?.time.untilAt = min(now, send.time.sentAt + 120_000)
        }
        state.save(taken[taken.count - 1])
      }
      let day: Int64 = 86_400_000
      state.sends = state.sends.filter { id, send in
        state.rows[id]?.phase != nil || send.time.sentAt >= now - (send.outcome == nil ? 30 : 8) * day
      }
      let rows = state.rows.values
      return Recovery(
        taken: taken, ended: ended, queuedAccounts: Set(rows.filter { $0.phase == .queued }.map(\.account)),
        sending: rows.filter { $0.phase == .sending && $0.owner == owner }.map(\.id), hasChains: hasChains)
    }
  }

  func delete(
    _ ids: [PredictionID], completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void
  ) {
    write(.delete, completion: completion) { state in
      if let missing = ids.first(where: { state.rows[$0] == nil }) { return .notFound(missing) }
      var seen: Set<PredictionID> = []
      let rows = ids.filter { seen.insert($0).inserted }.compactMap { state.rows[$0] }
      let unfinished = rows.filter { !$0.mayBeDeleted }
      guard unfinished.isEmpty else { return .unfinished(unfinished.map(\.id)) }
      let waiting = state.dependants(of: rows.map(\.id))
      guard waiting.isEmpty else { return .awaited(by: waiting.map(\.id)) }
      state.remove(rows)
      return .deleted(rows, scrubbed: true)
    }
  }

  /// In batches of two.
  func prune(_ request: PruneRequest, completion: @escaping @Sendable (Result<PruneBatch, StoreError>) -> Void) {
    write(.delete, completion: completion) { state in
      let old = state.rows.values.filter { row in
        row.createdAt < request.acceptedBefore && row.mayBePruned && state.dependants(of: [row.id]).isEmpty
          && request.keptTags.allSatisfy { !row.tags.contains($0) }
          && request.after.map { row.id.sequence > $0.sequence } ?? true
      }.sorted { $0.id.sequence < $1.id.sequence }
      let batch = Array(old.prefix(2))
      state.remove(batch)
      return PruneBatch(deleted: batch, last: old.count > 2 ? batch.last?.id : nil, scrubbed: true)
    }
  }

  func flush(atMost milliseconds: Int64?) -> Bool {
    let done = Protected(false)
    queue.async { done.signal { $0 = true } }
    return done.wait(atMost: milliseconds) { $0 ? true : nil } ?? false
  }
}

extension ListQuery {
  /// Whether a row passes the filters.
  fileprivate func matches(_ row: Prediction) -> Bool {
    func isMissing<Value: Equatable>(_ wanted: Value?, _ found: Value) -> Bool { wanted != nil && wanted != found }
    if isMissing(status, row.status) || isMissing(provider, row.provider) || isMissing(model, row.model) {
      return false
    }
    if let tag, !row.tags.contains(tag) { return false }
    if let agent, !agent.owns(row) { return false }
    if let fileDigest, !row.files.contains(where: { $0.sha256 == fileDigest.hexadecimal }) { return false }
    if let text {
      let prompt = (try? JSONValue(parsing: row.input ?? []))?["prompt"]?.string ?? ""
      guard prompt.lowercased().contains(text.lowercased()) else { return false }
    }
    return row.createdAt >= createdAfter ?? .min && row.createdAt < createdBefore ?? .max
  }
}

extension Prediction {
  /// As a list has it.
  fileprivate var lean: Prediction {
    var row = self
    (row.input, row.metadata, row.sent) = (nil, nil, nil)
    return row
  }
}

extension PredictionEvent {
  /// Its name in a journal.
  fileprivate var name: String {
    String(describing: self).split(separator: "(").first.map(String.init) ?? ""
  }
}
