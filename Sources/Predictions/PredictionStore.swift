/// The durable store of predictions.
///
/// Reads run on the caller's thread and see committed rows. Writes run on the store's thread, share commits, and call
/// their completions **after** the commit (or its failure), in the order of the calls, on the store's thread. Every
/// write runs `Prediction.applying` on the row inside the transaction, so of two processes with conflicting changes
/// only one wins.
public protocol PredictionStore: ChangeLog {
  /// The name of this process in rows. It is alive exactly as long as its lock file is locked. Does not change.
  var owner: String { get }

  /// 16 random bytes, made with the store and the same for every process that uses it; `Account.name` hashes them, so that
  /// the name of an account does not tell its key.
  var salt: [UInt8] { get }

  /// Whether a read may wait for another machine. Then no thread reads that others wait for.
  var isRemote: Bool { get }

  /// Whether other processes can tell that this one lives, so that they leave its work alone. Takes microseconds.
  var isSeenAlive: Bool { get }

  /// One prediction, with its input unless that has moved to a file; `nil` where there is no such prediction.
  func prediction(_ id: PredictionID) throws(StoreError) -> Prediction?

  /// The input of a prediction, from the database or a file: `prediction` omits long inputs of predictions that are
  /// over.
  func input(of id: PredictionID) throws(StoreError) -> [UInt8]?

  /// A page of predictions without `input` and `metadata`, newest first.
  func list(_ query: ListQuery) throws(StoreError) -> ListPage

  /// Whether any process, this one included, has committed anything since the last call. Takes microseconds.
  func hasChanged() -> Bool

  /// Sets what is called whenever another process may have committed something. Only a store on a server hears of that. The body runs on
  /// the thread that listens, and must not wait. A later body replaces it.
  func whenOthersCommit(_ body: @escaping @Sendable () -> Void)

  /// The pauses of all accounts, including past ones.
  func pauses() throws(StoreError) -> [String: AccountPause]

  /// Records for all processes and for a day that the provider's catalogue lists the default model.
  func noteModel(_ model: String, of account: String, completion: @escaping @Sendable () -> Void)

  /// Records the balance of an account that pauses for missing credit, and ends the pause if the balance is enough.
  ///
  /// - Parameters:
  ///   - pause: the pause as it was read; nothing happens if the account has another pause by now.
  ///   - isOver: whether the pause ends.
  func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool,
    completion: @escaping @Sendable () -> Void)

  /// The cost of an account's POSTs of today (UTC).
  func ledger(of account: String) throws(StoreError) -> Ledger

  /// The requests of agents today on an account, sent and queued.
  func agentUse(of account: String) throws(StoreError) -> AgentUse

  /// What users have granted agents beyond their caps today (UTC) on an account.
  func agentGrants(of account: String) throws(StoreError) -> AgentGrants

  /// Records one more grant for all processes and for the rest of the day.
  ///
  /// - Parameters:
  ///   - grants: all of the day with it; nothing happens where there are as many already.
  ///   - day: the first millisecond of the day; nothing happens on another day.
  func grantAgents(
    _ grants: AgentGrants, on account: String, day: Int64,
    completion: @escaping @Sendable (Result<Void, StoreError>) -> Void)

  /// The address of a file that was uploaded for an account, by its SHA-256; `nil` where none is stored or it has
  /// expired.
  func upload(of digest: [UInt8], for account: String) throws(StoreError) -> String?

  /// Stores the address of a file for all processes, for `lifetime` milliseconds. The completion is called in any case.
  func keepUpload(
    of digest: [UInt8], for account: String, as address: String, lifetime: Int64,
    completion: @escaping @Sendable () -> Void)

  /// How long the newest jobs of an account and a model took, newest first; at most `JobDuration.kept`.
  func durations(of account: String, model: String) throws(StoreError) -> [JobDuration]

  /// The address of the first output of an account's newest completed prediction with this model; `nil` where none of the
  /// newest few has one.
  func lastOutput(of account: String, model: String) throws(StoreError) -> String?

  /// Whether predictions wait for outputs of this one. Takes microseconds.
  func isAwaited(_ id: PredictionID) throws(StoreError) -> Bool

  /// Ends a batch of the predictions that wait for outputs which cannot come any more, and those that no process could serve
  /// for `ChainPolicy.patience`; notes that this process could serve the others of its accounts.
  ///
  /// - Parameter accounts: the accounts of this process.
  func follow(accounts: Set<String>, completion: @escaping @Sendable (Result<ChainRound, StoreError>) -> Void)

  /// Shows other processes that this one makes progress. Needs no commit.
  func touch()

  /// Inserts a new prediction, or finds the one that its idempotency key names. Not committed before `flush` or a later
  /// write, so that all requests of one read share one commit.
  ///
  /// - Parameters:
  ///   - queueLimit: how many predictions of the account may be queued. With 0 only the key is looked up.
  ///   - rule: of an agent's request without a key: an earlier prediction for an equal request is found by it, in the same
  ///     transaction. `nil` where it is to be a new one.
  func insert(
    _ prediction: Prediction, queueLimit: Int, repeating rule: RepeatedRequest?,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void)

  /// Applies one event to a prediction. A change that is not allowed is `.illegal` and writes nothing.
  func change(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<Change, StoreError>) -> Void)

  /// Applies a cancellation to one prediction, and cancels all that wait for it, directly or not, in the same transaction.
  func cancelChain(
    of id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<ChainCancellation, StoreError>) -> Void)

  /// Claims the account's oldest queued prediction for this process, if the limits allow: it may be sent from then on.
  ///
  /// - Parameter isWanted: asked inside the transaction; where it is `false`, nothing is claimed.
  func claim(
    _ request: ClaimRequest, isWanted: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (Result<ClaimOutcome, StoreError>) -> Void)

  /// Takes over unfinished predictions of processes that have exited, for the accounts that this process serves.
  ///
  /// - Parameters:
  ///   - accounts: each account, and whether its provider has a history to search.
  ///   - awaited: predictions that a client waits for. These are also taken from a living process that has made no
  ///     progress for a minute, unless it may still be sending them.
  func recover(
    accounts: [String: Bool], awaited: [PredictionID],
    completion: @escaping @Sendable (Result<Recovery, StoreError>) -> Void)

  /// Deletes predictions, all or none.
  func delete(
    _ ids: [PredictionID], completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void)

  /// Deletes a batch of the predictions that a request selects and that may be deleted for their age.
  func prune(_ request: PruneRequest, completion: @escaping @Sendable (Result<PruneBatch, StoreError>) -> Void)

  /// Predictions of an account that have ended, that its provider knows, and of which no bill is known; the newest first. Looks at
  /// the newest few thousand rows.
  ///
  /// - Parameter moments: when they ended, in milliseconds since 1970; all were accepted after the first of them.
  func unbilled(
    in account: String, endedIn moments: ClosedRange<Int64>, atMost limit: Int
  ) throws(StoreError) -> [(id: PredictionID, remoteID: String)]

  /// Whether a prediction of this account has this remote id, or had it when it was deleted.
  func isTaken(_ remoteID: String, in account: String) throws(StoreError) -> Bool

  /// When the POST of a prediction may have been sent; `nil` where there is no record of one.
  func sendTime(of id: PredictionID) throws(StoreError) -> SendTime?

  /// For the end of the process: removes deleted content from the store's log, if no other process uses the store.
  /// Writes fail afterwards.
  func leave()

  /// Waits until all earlier writes have been committed or have failed, and their completions have run. Must not be
  /// called from a completion.
  ///
  /// - Parameter milliseconds: how long at most; `nil` is without a limit.
  /// - Returns: false where the time was up before.
  @discardableResult
  func flush(atMost milliseconds: Int64?) -> Bool
}

extension PredictionStore {
  /// `false`: it is on this machine.
  public var isRemote: Bool { false }

  /// `true`: the kernel tells it.
  public var isSeenAlive: Bool { true }

  /// Does nothing: it does not hear of others.
  public func whenOthersCommit(_ body: @escaping @Sendable () -> Void) {}

  /// Waits without a limit.
  public func flush() { flush(atMost: nil) }

  /// Inserts a prediction that repeats no other.
  public func insert(
    _ prediction: Prediction, queueLimit: Int,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void
  ) { insert(prediction, queueLimit: queueLimit, repeating: nil, completion: completion) }
}

/// The process that writes, and the epoch under which it took the prediction.
public struct Writer: Sendable, Equatable {
  /// The process, as in `PredictionStore.owner`.
  public var owner: String
  /// The epoch that it knows.
  public var epoch: Int64

  /// A writer.
  public init(owner: String, epoch: Int64) {
    self.owner = owner
    self.epoch = epoch
  }
}

/// The outcome of an insert.
public enum InsertOutcome: Sendable, Equatable {
  /// The prediction as it was inserted; its id may have been changed where another one had its key.
  case inserted(Prediction)
  /// The idempotency key names this prediction, with the same content.
  case existing(Prediction)
  /// The idempotency key names a prediction with other content, or a deleted one. `difference`: the path of a field in
  /// which the two differ.
  case conflict(PredictionID, deleted: Bool, difference: String?)
  /// This prediction was made for an equal request of the same agent; see `RepeatedRequest`.
  case repeated(Prediction)
  /// Too many predictions are queued.
  case queueFull
  /// A cap for agents is reached; see `Prediction.caps`.
  case overBudget(BudgetRefusal)
  /// It names an output of this prediction, which was deleted meanwhile.
  case targetMissing(PredictionID)
  /// More predictions than `ChainPolicy.depthLimit` would wait for each other.
  case tooDeep
}

/// A committed change; both rows are equal where nothing changed.
public struct Change: Sendable, Equatable {
  /// The row before.
  public var before: Prediction
  /// The row now.
  public var after: Prediction

  /// A change.
  public init(before: Prediction, after: Prediction) {
    self.before = before
    self.after = after
  }
}

/// The conditions of a claim, decided inside the transaction for all processes together.
public struct ClaimRequest: Sendable, Equatable {
  /// The account whose queue is meant.
  public var account: String
  /// How many predictions may be in progress at once; `nil` for no limit.
  public var maxConcurrency: Int?
  /// How many predictions may be sent in 60 seconds; `nil` for no limit.
  public var maxPerMinute: Int?
  /// The most to spend in a day (UTC), in millionths of a dollar; `nil` for no limit.
  public var maxSpendMicros: Int64?
  /// Whether that limit refuses predictions without a known price.
  public var isSpendingStrict: Bool
  /// Whether the provider quotes prices.
  public var hasPrices: Bool
  /// Whether the default model is used without looking it up in the catalogue.
  public var skipsLookup: Bool
  /// Predictions whose price could not be learned, and why.
  public var unpriced: [PredictionID: String]
  /// Predictions whose files this process has uploaded.
  public var uploaded: [UploadedInput]
  /// Whether this process can upload files now; otherwise predictions that need it are skipped.
  public var mayUpload: Bool
  /// Whether the provider knows what a POST needs.
  public var isPrepared: Bool
  /// What to do with predictions whose accepting process has exited.
  public var orphans: OrphanRule

  /// A request.
  public init(
    account: String, maxConcurrency: Int?, maxPerMinute: Int?, maxSpendMicros: Int64? = nil,
    isSpendingStrict: Bool = false, hasPrices: Bool = true, skipsLookup: Bool = true,
    unpriced: [PredictionID: String] = [:], uploaded: [UploadedInput] = [], mayUpload: Bool = false,
    isPrepared: Bool = true, orphans: OrphanRule = .sent
  ) {
    self.isSpendingStrict = isSpendingStrict
    self.hasPrices = hasPrices
    self.skipsLookup = skipsLookup
    self.unpriced = unpriced
    self.orphans = orphans
    self.uploaded = uploaded
    self.mayUpload = mayUpload
    self.isPrepared = isPrepared
    self.account = account
    self.maxConcurrency = maxConcurrency
    self.maxPerMinute = maxPerMinute
    self.maxSpendMicros = maxSpendMicros
  }
}

/// What to do with a queued prediction whose accepting process has exited. In a restored copy of the database such a
/// prediction may be queued although it was sent, and no counter in the database can tell.
public enum OrphanRule: Sendable, Equatable {
  /// It is sent: it costs nothing.
  case sent
  /// It is searched for in the provider's history first, and skipped where this process cannot search `now`.
  case searched(now: Bool)
  /// There is no history to search: it is sent within so many milliseconds of its acceptance, and fails afterwards.
  case sentWithin(Int64)
}

/// A queued prediction whose files are uploaded.
public struct UploadedInput: Sendable, Equatable {
  /// The prediction.
  public var id: PredictionID
  /// The input to be recorded as sent, with the files' addresses in their places; `nil` where they have none.
  public var sent: [UInt8]?

  /// A prediction and its input.
  public init(id: PredictionID, sent: [UInt8]?) {
    self.id = id
    self.sent = sent
  }
}

/// The outcome of a claim.
public enum ClaimOutcome: Sendable, Equatable {
  /// This prediction is claimed: this process sends it now.
  case claimed(Prediction)
  /// The queue is empty.
  case nothingQueued
  /// No free slot, or too many sent in the last minute. Ask again after this many milliseconds, or when one finishes.
  case denied(retryAfter: Int64)
  /// The account pauses. `next` waits for the end of the pause.
  case paused(AccountPause, next: Prediction)
  /// Its model is the default one, and the provider's catalogue has not listed it within a day.
  case needsLookup(Prediction)
  /// Its files must be uploaded first, and this process can upload them now.
  case needsUpload(Prediction)
  /// The provider's history must be searched first: see `OrphanRule.searched`.
  case needsSearch(Prediction)
  /// A spending limit holds, and its price must be asked first.
  case needsPrice(Prediction)
  /// It may be sent once the provider knows what a POST needs: see `Provider.prepare`.
  case needsPreparation
  /// This prediction was not sent and has failed: it would have cost more than allowed, or waited too long.
  case refused(Prediction)
}

/// Work taken over from processes that have exited.
public struct Recovery: Sendable, Equatable {
  /// Unfinished predictions that this process has taken over.
  public var taken: [Prediction]
  /// Predictions that were ended because they were queued for over an hour.
  public var ended: [Prediction]
  /// Accounts with queued predictions.
  public var queuedAccounts: Set<String>
  /// Predictions that this process has claimed, by the rows.
  public var sending: [PredictionID]
  /// Whether predictions wait for outputs of others.
  public var hasChains: Bool

  /// A recovery.
  public init(
    taken: [Prediction], ended: [Prediction], queuedAccounts: Set<String>, sending: [PredictionID] = [],
    hasChains: Bool = false
  ) {
    self.hasChains = hasChains
    self.taken = taken
    self.ended = ended
    self.queuedAccounts = queuedAccounts
    self.sending = sending
  }
}

/// The outcome of a deletion.
public enum DeleteOutcome: Sendable, Equatable {
  /// All were deleted; their last state. `scrubbed`: whether their content has also left the store's log, which happens
  /// at the latest when the last process that uses the store ends.
  case deleted([Prediction], scrubbed: Bool)
  /// Nothing was deleted: this prediction does not exist.
  case notFound(PredictionID)
  /// Nothing was deleted: these are not finished.
  case unfinished([PredictionID])
  /// Nothing was deleted: these wait for outputs of what was to be deleted.
  case awaited(by: [PredictionID])
}

/// Why the store could not be read or written.
public enum StoreError: Error, Sendable, Equatable {
  /// The prediction does not exist.
  case notFound
  /// The change is not allowed in the prediction's state; nothing was written.
  case illegal(TransitionError)
  /// The cursor is not one of this store, or belongs to another query.
  case badCursor
  /// The disk or the database failed: what happened, and what to do. Whether the row was written is not known.
  case failed(message: String, hint: String?)
}
