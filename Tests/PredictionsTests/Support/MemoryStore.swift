import Predictions
import Threads

/// A database in memory that several stores (processes) may share.
///
/// Rows change by the same `Prediction.applying` as in the real store. Commits can be delayed, made to fail, and made
/// to report a failure although they were written, as a disk may do.
final class MemoryTable: Sendable {
  /// The kinds of commits.
  enum Write: Hashable, Sendable { case insert, claim, change, recover, delete }

  /// How a commit fails.
  enum Fault: Sendable {
    /// Nothing was written.
    case lost
    /// It was written, and a failure is reported.
    case unconfirmed
  }

  struct State {
    var rows: [PredictionID: Prediction] = [:]
    var keys: [String: PredictionID] = [:]
    /// Recorded POSTs: at most one for each prediction.
    var sends: Set<PredictionID> = []
    var changes: [TableChange] = []
    var dead: Set<String> = []
    /// Addresses of uploaded files, by account and digest.
    var uploads: [String: [[UInt8]: String]] = [:]
    var held: Set<Write> = []
    /// How many claims have come to the front of a store's queue.
    var claimsBegun = 0
    var faults: [Write: [Fault]] = [:]
    /// Which changes the faults of `.change` are for.
    var faulty: @Sendable (PredictionEvent) -> Bool = { _ in true }
    /// Runs once, just after a prediction was read.
    var afterRead: (id: PredictionID, action: @Sendable () -> Void)?
    /// Runs once, between the commit of the next insert and its completion.
    var afterInsert: (@Sendable (PredictionID) -> Void)?
    /// Runs once, just before the next change is queued.
    var beforeChange: (@Sendable () -> Void)?
  }

  let state = Protected(State())
  let journal: Journal
  let time: ManualTime

  init(journal: Journal, time: ManualTime) {
    self.journal = journal
    self.time = time
  }

  /// Delays commits of a kind until `release`.
  func hold(_ write: Write) { state.withLock { _ = $0.held.insert(write) } }

  func release(_ write: Write) { state.signal { _ = $0.held.remove(write) } }

  /// Makes the next commits of a kind fail.
  func fail(_ write: Write, _ faults: [Fault], when: @escaping @Sendable (PredictionEvent) -> Bool = { _ in true }) {
    state.withLock { state in
      state.faults[write] = faults
      state.faulty = when
    }
  }

  /// Marks a process as exited.
  func kill(_ owner: String) { state.withLock { _ = $0.dead.insert(owner) } }

  /// A row as it is now.
  func row(_ id: PredictionID) -> Prediction? { state.withLock { $0.rows[id] } }

  /// Commits the changes of the body, or fails as requested by `fail`.
  func commit<Value: Sendable>(
    _ write: Write, _ event: PredictionEvent? = nil, _ body: (inout State) -> Result<Value, StoreError>
  ) -> Result<Value, StoreError> {
    _ = state.wait { $0.held.contains(write) ? nil : true }
    return state.signal { state -> Result<Value, StoreError> in
      let failed = Result<Value, StoreError>.failure(.failed(message: "The disk failed.", hint: nil))
      guard var faults = state.faults[write], !faults.isEmpty, event.map(state.faulty) ?? true else {
        return body(&state)
      }
      let fault = faults.removeFirst()
      state.faults[write] = faults
      if fault == .unconfirmed { _ = body(&state) }
      journal.note("failed commit")
      return failed
    }
  }
}

extension MemoryTable.State {
  /// Writes a row, and the line in the log of changes.
  mutating func save(_ prediction: Prediction) {
    rows[prediction.id] = prediction
    note(prediction.id, isDeleted: false)
  }

  mutating func note(_ id: PredictionID, isDeleted: Bool) {
    changes.append(TableChange(number: Int64(changes.count + 1), id: id, isDeleted: isDeleted))
  }
}

/// The store of one process.
final class MemoryStore: PredictionStore {
  let owner: String
  let table: MemoryTable
  private let queue = WorkQueue()
  private let seen = Protected(0)

  init(_ table: MemoryTable, owner: String = "me") {
    self.table = table
    self.owner = owner
  }

  // MARK: - Reading

  func prediction(_ id: PredictionID) -> Prediction? {
    let row = table.row(id)
    let action = table.state.withLock { state -> (@Sendable () -> Void)? in
      guard state.afterRead?.id == id else { return nil }
      defer { state.afterRead = nil }
      return state.afterRead?.action
    }
    action?()
    return row
  }

  func input(of id: PredictionID) -> [UInt8]? { table.row(id)?.input }

  func listed(_ id: PredictionID) -> Prediction? {
    var row = table.row(id)
    row?.input = nil
    row?.metadata = nil
    return row
  }

  func list(_ query: ListQuery) -> ListPage {
    let rows = table.state.withLock { $0.rows.values.sorted { $0.id > $1.id } }.prefix(query.limit)
    return ListPage(predictions: Array(rows), cursors: rows.map(\.id.description), nextCursor: nil)
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
      let newest = ChangeCursor(table: 1, number: Int64(state.changes.count))
      return TableChanges(newest: newest, changes: state.changes.filter { $0.number > cursor?.number ?? .max })
    }
  }

  func pauses() -> [String: AccountPause] { [:] }

  func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool,
    completion: @escaping @Sendable () -> Void
  ) {
    completion()
  }

  func noteModel(_ model: String, of account: String, completion: @escaping @Sendable () -> Void) { completion() }

  func ledger(of account: String) -> Ledger { Ledger() }

  func agentUse(of account: String) -> AgentUse { AgentUse() }

  func touch() {}

  func upload(of digest: [UInt8], for account: String) -> String? {
    table.state.withLock { $0.uploads[account]?[digest] }
  }

  // MARK: - Writing

  func insert(
    _ prediction: Prediction, queueLimit: Int,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void
  ) {
    queue.async { [table] in
      let result = table.commit(.insert) { state -> Result<InsertOutcome, StoreError> in
        if let key = prediction.storedKey, let known = state.keys[key] {
          guard let row = state.rows[known] else {
            return .success(.conflict(known, deleted: true, difference: nil))
          }
          return .success(
            row.fingerprint == prediction.fingerprint
              ? .existing(row) : .conflict(known, deleted: false, difference: "input"))
        }
        guard state.rows.values.count(where: { $0.phase == .queued }) < queueLimit else {
          return .success(.queueFull)
        }
        if let key = prediction.storedKey { state.keys[key] = prediction.id }
        state.save(prediction)
        table.journal.note("committed created")
        return .success(.inserted(prediction))
      }
      let action = table.state.withLock { state -> (@Sendable (PredictionID) -> Void)? in
        defer { state.afterInsert = nil }
        return state.afterInsert
      }
      action?(prediction.id)
      completion(result)
    }
  }

  func change(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<Change, StoreError>) -> Void
  ) {
    table.state.withLock { state in
      defer { state.beforeChange = nil }
      return state.beforeChange
    }?()
    queue.async { [table] in
      completion(
        table.commit(.change, event) { state in
          guard let before = state.rows[id] else { return .failure(.notFound) }
          do throws(TransitionError) {
            let after = try before.applying(event, by: writer, at: table.time.now.wall)
            if after != before { state.save(after) }
            table.journal.note("committed \(event.name)")
            return .success(Change(before: before, after: after))
          } catch {
            return .failure(.illegal(error))
          }
        })
    }
  }

  func claim(
    _ request: ClaimRequest, isWanted: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (Result<ClaimOutcome, StoreError>) -> Void
  ) {
    queue.async { [self] in
      table.state.signal { $0.claimsBegun += 1 }
      completion(
        table.commit(.claim) { state in
          guard isWanted() else { return .success(.nothingQueued) }
          let rows = state.rows.values.filter { $0.account == request.account }
          let queued = rows.filter { row in
            row.phase == .queued
              && (request.orphans != .searched(now: false) || row.acceptor.map { !state.dead.contains($0) } ?? false)
              && (row.uploads != .awaited || request.mayUpload || request.uploaded.contains { $0.id == row.id })
          }
          guard let oldest = queued.min(by: { $0.id < $1.id }) else { return .success(.nothingQueued) }
          let busy = rows.count { $0.phase == .sending || $0.phase == .polling }
          if let limit = request.maxConcurrency, busy >= limit { return .success(.denied(retryAfter: 1_000)) }
          let isOrphan = oldest.acceptor.map { $0 != owner && state.dead.contains($0) } ?? true
          if isOrphan, case .searched = request.orphans { return .success(.needsSearch(oldest)) }
          if isOrphan, case .sentWithin(let limit) = request.orphans,
            table.time.now.wall - oldest.createdAt > limit,
            let ended = try? oldest.applying(.interrupted, by: nil, at: table.time.now.wall)
          {
            state.save(ended)
            return .success(.refused(ended))
          }
          if oldest.uploads == .awaited, !request.uploaded.contains(where: { $0.id == oldest.id }) {
            return .success(.needsUpload(oldest))
          }
          guard
            let claimed = try? oldest.applying(
              .claimed, by: Writer(owner: owner, epoch: oldest.epoch), at: table.time.now.wall),
            state.sends.insert(oldest.id).inserted
          else { return .failure(.failed(message: "A second send of \(oldest.id).", hint: nil)) }
          state.save(claimed)
          table.journal.note("committed claimed")
          return .success(.claimed(claimed))
        })
    }
  }

  func keepUpload(
    of digest: [UInt8], for account: String, as address: String, lifetime: Int64,
    completion: @escaping @Sendable () -> Void
  ) {
    queue.async { [table] in
      table.state.signal { $0.uploads[account, default: [:]][digest] = address }
      completion()
    }
  }

  func recover(
    accounts: [String: Bool], awaited: [PredictionID],
    completion: @escaping @Sendable (Result<Recovery, StoreError>) -> Void
  ) {
    queue.async { [self] in
      completion(
        table.commit(.recover) { state in
          var taken: [Prediction] = []
          let now = table.time.now.wall
          for row in state.rows.values.sorted(by: { $0.id < $1.id }) {
            guard let canLook = accounts[row.account], row.phase != nil, row.phase != .queued else { continue }
            let isLeft = row.owner.map(state.dead.contains) ?? (row.phase != .looking || row.nextAt ?? 0 <= now)
            guard isLeft,
              let next = try? row.applying(
                .takenOver(canLook: canLook), by: Writer(owner: owner, epoch: row.epoch), at: now)
            else { continue }
            state.save(next)
            taken.append(next)
          }
          let rows = state.rows.values
          return .success(
            Recovery(
              taken: taken, ended: [], queuedAccounts: Set(rows.filter { $0.phase == .queued }.map(\.account)),
              sending: rows.filter { $0.phase == .sending && $0.owner == owner }.map(\.id)))
        })
    }
  }

  func delete(
    _ ids: [PredictionID], completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void
  ) {
    queue.async { [table] in
      completion(
        table.commit(.delete) { state in
          if let missing = ids.first(where: { state.rows[$0] == nil }) { return .success(.notFound(missing)) }
          let unfinished = ids.filter { state.rows[$0]!.phase != nil }
          guard unfinished.isEmpty else { return .success(.unfinished(unfinished)) }
          let gone = ids.compactMap { state.rows.removeValue(forKey: $0) }
          for id in ids { state.note(id, isDeleted: true) }
          return .success(.deleted(gone, scrubbed: true))
        })
    }
  }

  /// In batches of two.
  func prune(_ request: PruneRequest, completion: @escaping @Sendable (Result<PruneBatch, StoreError>) -> Void) {
    queue.async { [table] in
      completion(
        table.commit(.delete) { state in
          let old = state.rows.values.filter { row in
            row.createdAt < request.acceptedBefore && row.mayBePruned
              && request.keptTags.allSatisfy { !row.tags.contains($0) }
              && request.after.map { row.id.sequence > $0.sequence } ?? true
          }.sorted { $0.id.sequence < $1.id.sequence }
          let batch = Array(old.prefix(2))
          for row in batch {
            state.rows[row.id] = nil
            state.note(row.id, isDeleted: true)
          }
          return .success(PruneBatch(deleted: batch, last: old.count > 2 ? batch.last?.id : nil, scrubbed: true))
        })
    }
  }

  func leave() {}

  func isTaken(_ remoteID: String, in account: String) -> Bool {
    table.state.withLock { state in
      state.rows.values.contains { $0.account == account && $0.remoteID == remoteID }
    }
  }

  func sendTime(of id: PredictionID) -> SendTime? {
    table.row(id)?.startedAt.map { SendTime(sentAt: $0) }
  }

  func flush(atMost milliseconds: Int64?) -> Bool {
    let done = Protected(false)
    queue.async { done.signal { $0 = true } }
    return done.wait(atMost: milliseconds) { $0 ? true : nil } ?? false
  }
}

extension PredictionEvent {
  /// Its name in a journal.
  fileprivate var name: String {
    String(describing: self).split(separator: "(").first.map(String.init) ?? ""
  }
}
