internal import JSON
public import Threads

/// Runs predictions: accepts requests, lets the scheduler decide what is done next, does it, commits the outcome, and
/// answers waits and subscriptions.
///
/// The order everywhere: **commit, then the side effect, then commit, then publish**. The lock guards only memory: no
/// store, provider or caller is called with it held (`assertUnlocked`). Store completions arrive in commit order on one
/// thread. Late and duplicate events are detected by the row inside the transaction.
public final class PredictionEngine: Sendable {
  /// The state that the lock guards. Most of it is in structs with private storage, each in its own file.
  struct State {
    var live = LiveCache()
    var slots: [String: ProviderSlot] = [:]
    var providers: [String: any Provider] = [:]
    var defaults: Defaults
    var scheduler: Scheduler
    var waiters = Waiters()
    var attention = Attention()
    var posts = PostTable()
    var downloads: Downloads
    var outputSources = OutputSources()
    var previews = Previews()
    var uploads = Uploads()
    var pendingRecords = PendingRecords()
    var bills = Bills()
    var recentNotices = RecentNotices()
    var chains = Chains()
    /// The newest id of a prediction of this process.
    var lastID: PredictionID?
    var replyWrites = ReplyWrites()
    /// How many calls wait in `arrivals` or run there.
    var arriving = 0
    var recovery = RecoveryRuns()
    var isStopping = false
    var prices = QuoteCache()
    /// Queued predictions whose price could not be learned, by account, and why.
    var unpriced: [String: [PredictionID: String]] = [:]
    /// The pauses of accounts as they were last read; `nil` before the first time.
    var pauses: [String: AccountPause]?
    /// When the balance of a paused account was last requested, on the steady clock.
    var balanceAskedAt: [String: Int64] = [:]
    var modelCache = ModelCache()
    /// Requests for the models of an account that are under way.
    var modelRequests = SharedRequests<Result<[Model], ProviderError>>()
    /// When an account's catalogue last failed to answer about the default model, on the steady clock.
    var catalogueFailedAt: [String: Int64] = [:]
    /// The schema that an input was last checked against.
    var lastSchema: (bytes: [UInt8], schema: InputSchema)?
    var periodicTasks: PeriodicTasks
    var didWarnAboutUnknownAccounts = false
    /// Whether the log says already that queued predictions wait for the provider's history.
    var didWarnAboutSearches = false
    var alarm = Alarm()
  }

  let state: Protected<State>
  private let uncheckedStore: any PredictionStore
  private let uncheckedOutputs: any OutputStore
  private let uncheckedPreviews: any PreviewStore
  private let uncheckedInputs: any InputStore
  private let uncheckedReplies: (any ReplyStore)?
  private let uncheckedNotice: @Sendable (String) -> Void
  /// This process, as rows name it.
  let owner: String
  let time: any TimeSource
  let limits: AccountLimits
  /// Fields of an input that work with one provider only, and its name.
  let ownFields: [(field: String, provider: String)]
  /// Where output files are written, hashed and named; providers read stored replies and write downloads on it as well.
  public let files = WorkQueue()
  /// Reads files to upload.
  let uploads = WorkQueue()
  /// Reads the store where it is on a server; see `reading`.
  let reads = WorkQueue()
  /// Runs calls in the order of their arrival, behind one that takes long; see `afterAccepted`.
  let arrivals = WorkQueue()
  /// Notified of every change; see `whenChanged`.
  let watchers = Protected(Watchers())
  /// How often the alarm was moved; with a lock of its own, so that moving it wakes only the clock's thread.
  let alarmMoves = Protected(0)

  /// How long after its acceptance a prediction is sent whose accepting process has exited, at a provider without a
  /// history that would show an earlier POST; in milliseconds.
  static let unsearchedLifetime: Int64 = 600_000

  /// An idle engine: work begins with the first call that names a prediction.
  ///
  /// - Parameters:
  ///   - retention: the age at which finished predictions are deleted, in milliseconds; `nil` for no limit.
  ///   - replies: the replies that could not be read, where other versions may have kept some.
  ///   - savesAtOnce: how many predictions' outputs are saved at once: so many remote ones, and so many local ones.
  ///   - providers: all providers of the program, also unusable ones.
  ///   - seed: of the scheduler's jitter.
  ///   - notice: writes a sentence to the log; the sentences contain no prompts and no keys.
  public init(
    store: any PredictionStore, outputs: any OutputStore, previews: any PreviewStore, inputs: any InputStore,
    replies: (any ReplyStore)? = nil, time: any TimeSource, limits: AccountLimits, defaults: Defaults,
    retention: Int64? = nil, savesAtOnce: Int = 4,
    providers: [ProviderDescriptor] = [], seed: UInt64, notice: @escaping @Sendable (String) -> Void
  ) {
    uncheckedStore = store
    uncheckedOutputs = outputs
    uncheckedPreviews = previews
    uncheckedInputs = inputs
    uncheckedReplies = replies
    uncheckedNotice = notice
    owner = store.owner
    self.time = time
    self.limits = limits
    ownFields = providers.flatMap { provider in provider.ownFields.sorted().map { ($0, provider.name) } }
    state = Protected(
      State(
        defaults: defaults, scheduler: Scheduler(seed: seed), downloads: Downloads(atOnce: savesAtOnce),
        periodicTasks: PeriodicTasks(retention: retention.map { Retention(lifetime: $0, now: time.now) })))
    store.whenOthersCommit { [weak self] in self?.hearOfCommit() }
  }

  // MARK: - Calls out of the engine

  /// Stops a debug build where this thread holds the engine's lock: stores, providers and callers are called without
  /// it.
  func assertUnlocked() { state.assertNotHeld() }

  var store: any PredictionStore {
    assertUnlocked()
    return uncheckedStore
  }

  var outputs: any OutputStore {
    assertUnlocked()
    return uncheckedOutputs
  }

  var previews: any PreviewStore {
    assertUnlocked()
    return uncheckedPreviews
  }

  var inputs: any InputStore {
    assertUnlocked()
    return uncheckedInputs
  }

  var replies: (any ReplyStore)? {
    assertUnlocked()
    return uncheckedReplies
  }

  /// Writes a sentence to the log; the same one once a minute at most.
  func notice(_ sentence: String) {
    let now = time.now.steady
    if state.withLock({ $0.recentNotices.mayWrite(sentence, at: now) }) { uncheckedNotice(sentence) }
  }

  /// Answers waits that have ended.
  func answer(_ ended: [(Waiters.Waiter, WaitOutcome)]) {
    assertUnlocked()
    for (waiter, outcome) in ended { waiter.completion(outcome) }
  }

  /// Counts a write that a reply of the current read waits for, from now until its completion; see `settle`.
  ///
  /// - Parameter agent: the agent whose request is being written; `nil` for other writes.
  /// - Returns: the completion to hand to the store.
  func countingReplyWrite<Value>(
    for agent: String? = nil, _ completion: @escaping @Sendable (Value) -> Void
  ) -> @Sendable (Value) -> Void {
    state.withLock { $0.replyWrites.begin(for: agent) }
    return { [self] value in
      state.withLock { $0.replyWrites.end(for: agent) }
      completion(value)
    }
  }

  // MARK: - Providers and defaults

  /// Sets the provider of a name, or why it cannot be used. Unfinished predictions of its account are continued.
  public func install(_ slot: ProviderSlot, as name: String) {
    let mustRecover = state.withLock { state in
      state.slots[name] = slot
      guard case .ready(let provider) = slot else { return false }
      state.providers[provider.account] = provider
      state.scheduler.add(account: provider.account, pace: provider.pace)
      return state.recovery.addProvider()
    }
    if mustRecover { recover() }
  }

  /// The values used where a request names none.
  public var defaults: Defaults {
    get { state.withLock { $0.defaults } }
    set { state.withLock { $0.defaults = newValue } }
  }

  /// The model of requests to this provider that name none.
  public func defaultModel(of provider: String) -> String? {
    state.withLock { state in
      if let model = state.defaults.model { return model }
      guard case .ready(let provider)? = state.slots[provider] else { return nil }
      return provider.defaultModel
    }
  }

  /// The provider of a name, or the default one.
  func provider(named name: String?) throws(SubmitError) -> any Provider {
    let (slots, defaults) = state.withLock { ($0.slots, $0.defaults) }
    if name == nil, let problem = defaults.problem { throw .misconfigured(problem) }
    let name = name ?? defaults.provider
    switch slots[name] {
    case .ready(let ready)?: return ready
    case .broken(let reason)?: throw .misconfigured(reason)
    case .unconfigured(let hint)?: throw .notConfigured(provider: name, hint: hint)
    case nil:
      let known = slots.keys.sorted().joined(separator: ", ")
      throw .invalid(path: "provider", message: "Unknown provider \"\(name)\"; the providers are \(known).")
    }
  }

  /// The default models of all providers that can be used; that of the default provider first.
  public var usualModels: [String] {
    state.withLock { state in
      let first = state.defaults.provider
      let names = [first] + state.slots.keys.filter { $0 != first }.sorted()
      let models = names.compactMap { name -> String? in
        if name == first, let model = state.defaults.model { return model }
        guard case .ready(let provider)? = state.slots[name] else { return nil }
        return provider.defaultModel
      }
      return models.enumerated().filter { !models[..<$0.offset].contains($0.element) }.map(\.element)
    }
  }

  // MARK: - Cancel and delete

  /// Cancels a prediction. Free before its POST; afterwards the failure says that it may be billed.
  ///
  /// - Parameter chain: whether those that wait for its outputs, directly or not, are cancelled in the same commit.
  ///   Otherwise they fail, because their input cannot come any more. What was sent before goes on.
  public func cancel(
    _ id: PredictionID, deleteRemote: Bool, chain: Bool = false,
    completion: @escaping @Sendable (Result<PredictionSnapshot, StoreError>) -> Void
  ) {
    // Revoked at once, whatever the store does.
    let (sendable, writer) = revoke(id)
    beginPromptly()
    let event = PredictionEvent.cancelAsked(deleteRemote: deleteRemote, sendable: sendable)
    let committed = countingReplyWrite { [self] (result: Result<ChainCancellation, StoreError>) in
      switch result {
      case .success(let done):
        let change = done.change
        for prediction in done.cancelled { rowWasCommitted(prediction) }
        // The file may be another process's, which learns of the end only later.
        if change.before.preview != nil, change.after.preview == nil { previews.discard([id]) }
        completion(.success(rowWasCommitted(change.after, schedules: change.after != change.before)))
      case .failure(let error): completion(.failure(error))
      }
    }
    guard !chain else { return store.cancelChain(of: id, event, by: writer, completion: committed) }
    store.change(id, event, by: writer) { result in
      committed(result.map { ChainCancellation(change: $0, cancelled: []) })
    }
  }

  /// Withdraws the prediction of a cancelled call: it ends if it is not sent yet, and goes on if it may be.
  ///
  /// - Parameter completion: called when that is committed, on another thread.
  public func withdraw(_ id: PredictionID, completion: @escaping @Sendable () -> Void) {
    let (sendable, writer) = revoke(id)
    record(id, .withdrawn(sendable: sendable), by: writer, completion: completion)
  }

  /// Forbids the POST of a prediction where its first byte is not written yet.
  ///
  /// - Returns: whether it may be sent nevertheless, and the epoch under which this process knows the prediction.
  private func revoke(_ id: PredictionID) -> (sendable: Bool, writer: Writer?) {
    let (sendable, epoch) = state.withLock { ($0.posts.revoke(id), $0.live[id]?.prediction.epoch) }
    return (sendable, epoch.map { Writer(owner: owner, epoch: $0) })
  }

  /// Deletes predictions, all or none.
  ///
  /// - Parameters:
  ///   - files: whether their files are removed too, where they are unchanged.
  ///   - completion: gets the paths of files that were kept because they were changed.
  public func delete(
    _ ids: [PredictionID], files: Bool,
    completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>, _ kept: [String]) -> Void
  ) {
    begin()
    store.delete(
      ids,
      completion: countingReplyWrite { [self] result in
        guard case .success(.deleted(let deleted, _)) = result else { return completion(result, []) }
        forget(deleted, files: files) { completion(result, $0) }
      })
  }
}
