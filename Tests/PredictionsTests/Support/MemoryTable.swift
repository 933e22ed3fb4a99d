import Predictions
import PredictionsTestSupport
import Threads

/// A database in memory, which several stores (processes) may share.
///
/// It decides nothing itself: `Prediction.applying`, `ClaimPolicy` and `AdoptionPolicy` do, as in the real one. Commits
/// can be held back, made to fail, and made to fail although they were written, as a disk may do it.
final class MemoryTable: Sendable {
  /// What a commit is for.
  enum Write: Hashable, Sendable { case insert, claim, change, recover, delete, follow }

  /// How a commit goes wrong.
  enum Fault: Sendable {
    /// Nothing was written.
    case lost
    /// It was written, and the caller got an error.
    case unconfirmed
  }

  struct State {
    var rows: [PredictionID: Prediction] = [:]
    var keys: [String: Key] = [:]
    /// The records of POSTs, at most one for each prediction. They outlive the predictions.
    var sends: [PredictionID: MemorySend] = [:]
    var accounts: [String: Account] = [:]
    var changes: [TableChange] = []
    /// When each process that has written began.
    var owners: [String: Int64] = [:]
    /// Processes that have exited.
    var dead: Set<String> = []
    /// Addresses of uploaded files, by account and digest, with the time when they expire.
    var uploads: [String: [[UInt8]: (address: String, expiresAt: Int64)]] = [:]
    /// How long jobs took, oldest first.
    var durations: [(account: String, model: String, took: JobDuration)] = []
    var held: Set<Write> = []
    /// How many claims have come to the front of a store's queue.
    var claimsBegun = 0
    var faults: [Write: [Fault]] = [:]
    /// Which changes the faults of `.change` are for.
    var faulty: @Sendable (PredictionEvent) -> Bool = { _ in true }
    /// What happens once, just after a prediction was read.
    var afterRead: (id: PredictionID, action: @Sendable () -> Void)?
    /// What happens once, between the commit of the next insert and its completion.
    var afterInsert: (@Sendable (PredictionID) -> Void)?
    /// What happens once, just before the next change takes its place among the commits.
    var beforeChange: (@Sendable () -> Void)?
  }

  /// An idempotency key, also of a deleted prediction.
  struct Key {
    let id: PredictionID
    let fingerprint: [UInt8]
  }

  struct Account {
    var pause: AccountPause?
    var sighting: ModelSighting?
    /// The start of the day on which users granted agents more, and what.
    var grants: (day: Int64, sum: AgentGrants)?
  }

  let state = Protected(State())
  let journal: Journal
  let time: ManualTime

  init(journal: Journal, time: ManualTime) {
    self.journal = journal
    self.time = time
  }

  /// Holds commits of a kind back until `release`.
  func hold(_ write: Write) { state.withLock { _ = $0.held.insert(write) } }

  func release(_ write: Write) { state.signal { _ = $0.held.remove(write) } }

  /// Lets the next commits of a kind go wrong.
  func fail(_ write: Write, _ faults: [Fault], when: @escaping @Sendable (PredictionEvent) -> Bool = { _ in true }) {
    state.withLock { state in
      state.faults[write] = faults
      state.faulty = when
    }
  }

  /// Ends a process as a crash does.
  func kill(_ owner: String) { state.withLock { _ = $0.dead.insert(owner) } }

  /// Takes a prediction's adopted id away, as the late reply of another one does.
  func displace(_ id: PredictionID) { state.withLock { $0.displace(id, at: time.now.wall) } }

  /// A row as it is now.
  func row(_ id: PredictionID) -> Prediction? { state.withLock { $0.rows[id] } }

  /// Commits what the body does, unless a fault is planned. Where the body throws, nothing is changed.
  func commit<Value: Sendable>(
    _ write: Write, _ event: PredictionEvent? = nil, _ body: (inout State) throws -> Value
  ) -> Result<Value, StoreError> {
    _ = state.wait { $0.held.contains(write) ? nil : true }
    return state.signal { state -> Result<Value, StoreError> in
      let failed = Result<Value, StoreError>.failure(.failed(message: "The disk failed.", hint: nil))
      guard var faults = state.faults[write], !faults.isEmpty, event.map(state.faulty) ?? true else {
        return attempt(&state, body)
      }
      let fault = faults.removeFirst()
      state.faults[write] = faults
      if fault == .unconfirmed { _ = attempt(&state, body) }
      journal.note("failed commit")
      return failed
    }
  }

  private func attempt<Value>(
    _ state: inout State, _ body: (inout State) throws -> Value
  ) -> Result<Value, StoreError> {
    var next = state
    do {
      let value = try body(&next)
      state = next
      return .success(value)
    } catch let error as TransitionError {
      return .failure(.illegal(error))
    } catch let error as StoreError {
      return .failure(error)
    } catch {
      return .failure(.failed(message: "\(error)", hint: nil))
    }
  }
}

extension MemoryTable.State {
  /// Writes a row, and the line in the log of changes, where it differs.
  mutating func save(_ prediction: Prediction) {
    guard rows[prediction.id] != prediction else { return }
    rows[prediction.id] = prediction
    note(prediction.id, isDeleted: false)
  }

  /// Deletes rows; the records of their POSTs and their keys stay.
  mutating func remove(_ predictions: [Prediction]) {
    for prediction in predictions {
      rows[prediction.id] = nil
      note(prediction.id, isDeleted: true)
    }
  }

  private mutating func note(_ id: PredictionID, isDeleted: Bool) {
    changes.append(TableChange(number: Int64(changes.count + 1), id: id, isDeleted: isDeleted))
  }

  /// Whether the process that accepted a prediction has exited.
  func isOrphan(_ prediction: Prediction, for owner: String) -> Bool {
    guard let acceptor = prediction.acceptor else { return true }
    return acceptor != owner && (dead.contains(acceptor) || owners[acceptor] == nil)
  }
}
