/// The durable table of predictions.
///
/// Reads happen on the caller's thread and see what was committed. Writes are handed to a thread of the store's own,
/// share commits, and answer by completions **after** the commit (or after it failed), in the order they were handed
/// over, from the store's thread. Every write runs `Prediction.applying` on the row as it is inside the transaction, so
/// two processes on one table can never both win.
public protocol PredictionStore: ChangeLog {
  /// This process, as rows name it: alive exactly as long as its lock file is locked.
  var owner: String { get }

  /// One prediction, whole but for an input that has left the table; `nil` where there is none.
  func prediction(_ id: PredictionID) throws(StoreError) -> Prediction?

  /// The input of a prediction, wherever it is kept: `prediction` leaves out what is long and belongs to one that is over.
  func input(of id: PredictionID) throws(StoreError) -> [UInt8]?

  /// A page of predictions without `input` and `metadata`, newest first.
  func list(_ query: ListQuery) throws(StoreError) -> ListPage

  /// Whether anything was committed since the last call by anybody, this process included. Costs microseconds.
  func hasChanged() -> Bool

  /// The pauses of all accounts, also those that are over.
  func pauses() throws(StoreError) -> [String: AccountPause]

  /// Notes that the provider's catalogue lists the default model now, for a day and for all processes.
  func noteModel(_ model: String, of account: String, completion: @escaping @Sendable () -> Void)

  /// Notes the balance of an account that pauses because it had too little, and ends the pause where that is enough.
  ///
  /// - Parameters:
  ///   - pause: as it was read; where the account's pause is another one by now nothing happens.
  ///   - isOver: whether the pause ends.
  func noteBalance(
    _ micros: Int64, of account: String, during pause: AccountPause, isOver: Bool,
    completion: @escaping @Sendable () -> Void)

  /// What an account's POSTs of today (UTC) say about money.
  func ledger(of account: String) throws(StoreError) -> Ledger

  /// What agents have asked for today on an account: what was sent, and what was accepted and not sent yet.
  func agentUse(of account: String) throws(StoreError) -> AgentUse

  /// What stands for a file that was uploaded for an account, by its SHA-256; `nil` where none is kept any more.
  func upload(of digest: [UInt8], for account: String) throws(StoreError) -> String?

  /// Keeps what stands for a file, for any process, for so many milliseconds. The completion comes in any case.
  func keepUpload(
    of digest: [UInt8], for account: String, as address: String, lifetime: Int64,
    completion: @escaping @Sendable () -> Void)

  /// Shows others that this process is not only alive but getting on. Costs no commit.
  func touch()

  /// Records a new prediction, or finds the one its idempotency key already names. Waits for `flush` or a later write
  /// before it is committed, so that all that came in one read share one commit.
  ///
  /// - Parameter queueLimit: how many of the account may be queued.
  func insert(
    _ prediction: Prediction, queueLimit: Int,
    completion: @escaping @Sendable (Result<InsertOutcome, StoreError>) -> Void)

  /// Applies one event to a prediction. A change that is not allowed is `.illegal` and writes nothing.
  func change(
    _ id: PredictionID, _ event: PredictionEvent, by writer: Writer?,
    completion: @escaping @Sendable (Result<Change, StoreError>) -> Void)

  /// Takes the account's oldest queued prediction for this process, if its limits allow: from here on it may be sent.
  ///
  /// - Parameter isWanted: asked inside the transaction; where it is `false`, nothing is claimed.
  func claim(
    _ request: ClaimRequest, isWanted: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (Result<ClaimOutcome, StoreError>) -> Void)

  /// Takes over what processes that are gone left unfinished, for the accounts that this process can serve.
  ///
  /// - Parameters:
  ///   - accounts: each account, and whether its provider has a history to look in.
  ///   - awaited: predictions that somebody waits for. These are also taken from a process that is alive but has not
  ///     got on for a minute, unless it may still be sending them.
  func recover(
    accounts: [String: Bool], awaited: [PredictionID],
    completion: @escaping @Sendable (Result<Recovery, StoreError>) -> Void)

  /// Deletes predictions, all or none.
  func delete(
    _ ids: [PredictionID], completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void)

  /// Deletes a batch of the predictions that a request names and that may be deleted for their age.
  func prune(_ request: PruneRequest, completion: @escaping @Sendable (Result<PruneBatch, StoreError>) -> Void)

  /// Whether a prediction of this account has this id at its provider, or had it when it was deleted.
  func isTaken(_ remoteID: String, in account: String) throws(StoreError) -> Bool

  /// When a prediction's POST was out; `nil` where there is no record of one.
  func sendTime(of id: PredictionID) throws(StoreError) -> SendTime?

  /// For the end of the process: lets deleted content leave the store's log, if no other process uses the store. Afterwards
  /// writes fail.
  func leave()

  /// Waits until everything handed over before has been committed or has failed, and its completions have run.
  /// Never called from a completion.
  ///
  /// - Parameter milliseconds: how long at most; `nil` is for ever.
  /// - Returns: false when the time was up before.
  @discardableResult
  func flush(atMost milliseconds: Int64?) -> Bool
}

extension PredictionStore {
  /// Waits for as long as it takes.
  public func flush() { flush(atMost: nil) }
}

/// Who writes, and the epoch under which it took the prediction.
public struct Writer: Sendable, Equatable {
  /// The process.
  public var owner: String
  /// The epoch it knows.
  public var epoch: Int64

  /// A writer.
  public init(owner: String, epoch: Int64) {
    self.owner = owner
    self.epoch = epoch
  }
}

/// What became of an insert.
public enum InsertOutcome: Sendable, Equatable {
  /// It is in the table; its id may have been moved on where another had its key.
  case inserted(Prediction)
  /// The idempotency key names this one, of the same content.
  case existing(Prediction)
  /// The idempotency key names one of other content, or a deleted one. `difference`: what the two do not share, as the
  /// path of a member.
  case conflict(PredictionID, deleted: Bool, difference: String?)
  /// Too many are queued.
  case queueFull
  /// Agents have ordered as much as they may; see `Prediction.caps`.
  case overBudget(BudgetRefusal)
}

/// A committed change; both sides are the same where there was nothing to change.
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

/// What must hold when a prediction is taken for sending; decided inside the transaction, for all processes together.
public struct ClaimRequest: Sendable, Equatable {
  /// Whose queue.
  public var account: String
  /// How many may be under way at once; `nil` is no limit.
  public var maxConcurrency: Int?
  /// How many may be sent in 60 seconds; `nil` is no limit.
  public var maxPerMinute: Int?
  /// What may be spent in a day (UTC), in millionths of a dollar; `nil` is no limit.
  public var maxSpendMicros: Int64?
  /// Whether that refuses what has no price.
  public var isSpendingStrict: Bool
  /// Whether the provider can be asked what things cost.
  public var hasPrices: Bool
  /// Whether the default model is not looked up before it is sent for.
  public var skipsLookup: Bool
  /// Those whose price this process asked for in vain, and why.
  public var unpriced: [PredictionID: String]
  /// Those whose files this process has uploaded.
  public var uploaded: [UploadedInput]
  /// Whether it could upload the next one's; otherwise those that wait for that are passed over.
  public var mayUpload: Bool
  /// What becomes of those whose accepting process has exited.
  public var orphans: OrphanRule

  /// A request.
  public init(
    account: String, maxConcurrency: Int?, maxPerMinute: Int?, maxSpendMicros: Int64? = nil,
    isSpendingStrict: Bool = false, hasPrices: Bool = true, skipsLookup: Bool = true,
    unpriced: [PredictionID: String] = [:], uploaded: [UploadedInput] = [], mayUpload: Bool = false,
    orphans: OrphanRule = .sent
  ) {
    self.isSpendingStrict = isSpendingStrict
    self.hasPrices = hasPrices
    self.skipsLookup = skipsLookup
    self.unpriced = unpriced
    self.orphans = orphans
    self.uploaded = uploaded
    self.mayUpload = mayUpload
    self.account = account
    self.maxConcurrency = maxConcurrency
    self.maxPerMinute = maxPerMinute
    self.maxSpendMicros = maxSpendMicros
  }
}

/// What becomes of a queued prediction whose accepting process has exited. A restored copy of the table may show one as
/// queued that was sent, and no counter in the table can tell.
public enum OrphanRule: Sendable, Equatable {
  /// It is sent: nothing is paid for it.
  case sent
  /// It is searched for in the provider's history first, and passed over where this process cannot search `now`.
  case searched(now: Bool)
  /// There is no history to search: it is sent within so many milliseconds of its acceptance, and has failed afterwards.
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

/// What became of a claim.
public enum ClaimOutcome: Sendable, Equatable {
  /// This one is ours to send, now.
  case claimed(Prediction)
  /// The queue is empty.
  case nothingQueued
  /// Not now: slots or the minute. Ask again after this many milliseconds (sooner when one finishes).
  case denied(retryAfter: Int64)
  /// Not now: the account pauses. `next` waits for its end.
  case paused(AccountPause, next: Prediction)
  /// Nobody named its model, and whether the provider still has it is not known of today.
  case needsLookup(Prediction)
  /// Its turn has come but for its files, which this process may upload now.
  case needsUpload(Prediction)
  /// Its turn has come, and the provider's history must be searched first: see `OrphanRule.searched`.
  case needsSearch(Prediction)
  /// Money is limited, and this process has not asked yet what this one would cost.
  case needsPrice(Prediction)
  /// This one was not sent, and has failed: it would have cost more than allowed, or waited too long.
  case refused(Prediction)
}

/// What the dead left.
public struct Recovery: Sendable, Equatable {
  /// Unfinished predictions that are this process's now.
  public var taken: [Prediction]
  /// Predictions that ended because of it: queued for over an hour.
  public var ended: [Prediction]
  /// Accounts that have something queued.
  public var queuedAccounts: Set<String>
  /// What this process itself has taken for sending, as the table knows it.
  public var sending: [PredictionID]

  /// A recovery.
  public init(
    taken: [Prediction], ended: [Prediction], queuedAccounts: Set<String>, sending: [PredictionID] = []
  ) {
    self.taken = taken
    self.ended = ended
    self.queuedAccounts = queuedAccounts
    self.sending = sending
  }
}

/// What became of a delete.
public enum DeleteOutcome: Sendable, Equatable {
  /// All were deleted; this was their last state. `scrubbed`: whether their content has also left the store's log, which
  /// happens at the latest when the last process that uses the store ends.
  case deleted([Prediction], scrubbed: Bool)
  /// Nothing was deleted: there is no such prediction.
  case notFound(PredictionID)
  /// Nothing was deleted: these are not finished.
  case unfinished([PredictionID])
}

/// Which predictions to list.
public struct ListQuery: Sendable, Equatable {
  /// Only of this status.
  public var status: PredictionStatus?
  /// Only of this provider.
  public var provider: String?
  /// Only of this model.
  public var model: String?
  /// Only with this tag.
  public var tag: String?
  /// Only what this agent may see.
  public var agent: Agent?
  /// Only where the prompt has this, whatever the case.
  public var text: String?
  /// Only accepted at or after this: milliseconds since 1970.
  public var createdAfter: Int64?
  /// Only accepted before this: milliseconds since 1970.
  public var createdBefore: Int64?
  /// How many at most, 1 to 500.
  public var limit: Int
  /// Where the page before ended: `ListPage.nextCursor`.
  public var cursor: String?

  /// All, newest first.
  public init(limit: Int = 50) {
    self.limit = limit
  }
}

/// A page of predictions.
public struct ListPage: Sendable, Equatable {
  /// Newest first.
  public var predictions: [Prediction]
  /// What to ask for next, by row, so that a caller that shows fewer can go on from there: one for each prediction.
  public var cursors: [String]
  /// Where to go on; `nil` at the end. A page may be short, even empty, and still go on.
  public var nextCursor: String?

  /// A page.
  public init(predictions: [Prediction], cursors: [String], nextCursor: String?) {
    self.predictions = predictions
    self.cursors = cursors
    self.nextCursor = nextCursor
  }
}

/// Why the table could not be read or written.
public enum StoreError: Error, Sendable, Equatable {
  /// There is no such prediction.
  case notFound
  /// The change is not allowed from where the prediction stands; nothing was written.
  case illegal(TransitionError)
  /// The cursor is not one of ours, or belongs to another query.
  case badCursor
  /// The disk or the table failed: what happened, and what to do. Whether it was written is not known.
  case failed(message: String, hint: String?)
}
