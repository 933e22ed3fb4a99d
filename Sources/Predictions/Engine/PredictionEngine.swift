internal import JSON
internal import Threads

/// Keeps predictions moving: takes orders, asks the scheduler what to do, does it, commits what came of it, and tells
/// whoever waits.
///
/// Order everywhere: **commit, then the side effect, then commit, then say so**. The lock guards only memory: no store,
/// provider or caller is ever called with it held. Store completions arrive in commit order from one thread, and every
/// event that comes late or twice is told by the row it finds.
public final class PredictionEngine: Sendable {
  /// What the lock guards.
  struct State {
    var live = LiveCache()
    var slots: [String: ProviderSlot] = [:]
    var providers: [String: any Provider] = [:]
    var defaults: Defaults
    var scheduler: Scheduler
    var waiters = Waiters()
    var posts = PostTable()
    var downloads: Downloads
    var previews = Previews()
    var uploads = Uploads()
    var pendingRecords = PendingRecords()
    /// The newest id that was given.
    var lastID: PredictionID?
    var replyWrites = ReplyWrites()
    /// Requests that wait in `arrivals` or are being worked on there.
    var arriving = 0
    var recovery = RecoveryRuns()
    var isStopping = false
    /// What is known of what things cost.
    var prices = QuoteCache()
    /// The queued predictions whose price was asked for in vain, by account, and why.
    var unpriced: [String: [PredictionID: String]] = [:]
    /// The pauses of accounts, as the store had them last; `nil` before they were read.
    var pauses: [String: AccountPause]?
    /// When a paused account was last asked what it has, on the steady clock.
    var balanceAskedAt: [String: Int64] = [:]
    /// What is known of what models there are.
    var modelCache = ModelCache()
    /// When an account's catalogue was last asked for the default model in vain, on the steady clock.
    var catalogueFailedAt: [String: Int64] = [:]
    /// The schema that an order was last checked against.
    var lastSchema: (bytes: [UInt8], schema: InputSchema)?
    var periodicTasks: PeriodicTasks
    var didWarnAboutUnknownAccounts = false
    /// Whether the log says that queued predictions wait for the provider's history.
    var didWarnAboutSearches = false
    var alarm = Alarm()
  }

  let state: Protected<State>
  private let uncheckedStore: any PredictionStore
  private let uncheckedOutputs: any OutputStore
  private let uncheckedPreviews: any PreviewStore
  private let uncheckedInputs: any InputStore
  private let uncheckedNotice: @Sendable (String) -> Void
  /// This process, as rows name it.
  let owner: String
  let time: any TimeSource
  let limits: AccountLimits
  let files = WorkQueue()
  /// Reads what is uploaded.
  let uploads = WorkQueue()
  /// Takes requests in the order of arrival, where one of them takes long; see PredictionEngine+Submit.
  let arrivals = WorkQueue()
  /// Who is notified of every change; see PredictionEngine+Changes.
  let watcher = Protected<Watcher?>(nil)
  /// How often the alarm was moved; with a lock of its own, so that moving it wakes only the clock's thread.
  let alarmMoves = Protected(0)

  /// How long after its acceptance a prediction is sent whose accepting process has exited, where no history can tell
  /// whether it was sent before.
  static let unsearchedLifetime: Int64 = 600_000
  /// How far back a provider's history is searched.
  static let historyReach: Int64 = 7 * 86_400_000

  /// An engine that does nothing yet: work begins with the first call that names a prediction.
  ///
  /// - Parameters:
  ///   - retention: how long predictions are kept that are over, in milliseconds; `nil` is no limit.
  ///   - savesAtOnce: of how many predictions outputs are saved at once, fetched from elsewhere and made here each.
  ///   - seed: where the scheduler's jitter begins.
  ///   - notice: takes sentences for the log; never a prompt, never a key.
  public init(
    store: any PredictionStore, outputs: any OutputStore, previews: any PreviewStore, inputs: any InputStore,
    time: any TimeSource, limits: AccountLimits, defaults: Defaults, retention: Int64? = nil, savesAtOnce: Int = 4,
    seed: UInt64, notice: @escaping @Sendable (String) -> Void
  ) {
    uncheckedStore = store
    uncheckedOutputs = outputs
    uncheckedPreviews = previews
    uncheckedInputs = inputs
    uncheckedNotice = notice
    owner = store.owner
    self.time = time
    self.limits = limits
    state = Protected(
      State(
        defaults: defaults, scheduler: Scheduler(seed: seed), downloads: Downloads(atOnce: savesAtOnce),
        periodicTasks: PeriodicTasks(retention: retention.map { Retention(lifetime: $0, now: time.now) })))
  }

  // MARK: - Calls out of the engine

  /// Stops a debug build where this thread holds the engine's lock: stores, providers and callers are called without it.
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

  /// Writes a sentence to the log.
  func notice(_ sentence: String) {
    assertUnlocked()
    uncheckedNotice(sentence)
  }

  /// Answers waits that have ended.
  func answer(_ ended: [(Waiters.Waiter, WaitOutcome)]) {
    assertUnlocked()
    for (waiter, outcome) in ended { waiter.completion(outcome) }
  }

  /// Counts a write that a reply of the current read waits for, from now until its completion; see `settle`.
  ///
  /// - Parameter agent: whose request is being written, if it is an agent's.
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

  /// Puts a provider in its slot, or says why it cannot be used. What was left unfinished for it goes on.
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

  /// What holds where a request does not say.
  public var defaults: Defaults {
    get { state.withLock { $0.defaults } }
    set { state.withLock { $0.defaults = newValue } }
  }

  /// The model used where a request to this provider names none.
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
      throw .invalid(path: "provider", message: "There is no provider \"\(name)\"; there are \(known).")
    }
  }

  /// The models used where nobody names one, one for each provider that can be used; that of the default provider first.
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

  // MARK: - Look

  /// A prediction as it stands; `nil` where there is none.
  public func snapshot(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot? {
    let now = time.now.steady
    // The usual case takes the lock once: the prediction is in memory, and fresh.
    let usual = state.withLock { state in
      state.recovery.hasBegun && !state.live.isStale(now) ? state.live[id].map { shown($0, state.pauses) } : nil
    }
    if let usual {
      askAgain(usual)
      return usual
    }
    begin()
    if state.withLock({ $0.live.beginCheck(now) }) { noticeChanges() }
    if let known = state.withLock({ state in state.live[id].map { shown($0, state.pauses) } }) {
      askAgain(known)
      return known
    }
    // A change that is noted between the read and the lock is not noted again, so the row is read again.
    while true {
      let count = state.withLock { $0.live.changeCount }
      guard let prediction = try store.prediction(id) else { return nil }
      let read = state.withLock { $0.live.changeCount == count ? remember(prediction, in: &$0) : nil }
      guard let read else { continue }
      askAgain(read)
      return state.withLock { shown(read, $0.pauses) }
    }
  }

  /// The same prediction with its input, which is not kept in memory where it is long and the prediction is over.
  public func whole(_ snapshot: PredictionSnapshot) throws(StoreError) -> PredictionSnapshot {
    guard snapshot.prediction.input == nil, let input = try store.input(of: snapshot.prediction.id) else {
      return snapshot
    }
    var prediction = snapshot.prediction
    prediction.input = input
    return PredictionSnapshot(
      prediction, resultURL: snapshot.resultURL, waiting: snapshot.waiting, warnings: snapshot.warnings)
  }

  /// A page of the table as it is committed.
  public func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    begin()
    return try store.list(query)
  }

  /// A page of the table with all that was accepted before. The completion may run on another thread.
  public func list(
    _ query: ListQuery, completion: @escaping @Sendable (Result<ListPage, StoreError>) -> Void
  ) {
    afterAccepted { [self] in
      completion(Result { () throws(StoreError) in try list(query) })
    }
  }

  /// The provider's result URL for a prediction, where there is one.
  public func resultURL(of prediction: Prediction) -> String? {
    state.withLock { resultURL(of: prediction, in: &$0) }
  }

  /// The whole of a saved file; `nil` where it is gone or is not what was saved any more.
  ///
  /// - Parameter origin: the prediction's.
  public func contents(of file: OutputFile, for origin: PredictionOrigin?) -> [UInt8]? {
    try? outputs.contents(of: file, for: origin)
  }

  /// The whole of a saved file, a piece at a time; each but the last is `Base64.pieceBytes` long.
  ///
  /// - Returns: false where it is gone or is not what was saved any more; what came before is then worth nothing.
  public func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) -> Bool {
    (try? outputs.read(file, for: origin, piece)) != nil
  }

  // MARK: - Cancel and delete

  /// Stops a prediction. Costs nothing before its POST; afterwards it says what may still be billed.
  public func cancel(
    _ id: PredictionID, deleteRemote: Bool,
    completion: @escaping @Sendable (Result<PredictionSnapshot, StoreError>) -> Void
  ) {
    begin()
    let (sendable, writer) = revoke(id)
    store.change(
      id, .cancelAsked(deleteRemote: deleteRemote, sendable: sendable), by: writer,
      completion: countingReplyWrite { [self] result in
        switch result {
        case .success(let change):
          // The file may be another process's, which learns of the end only later.
          if change.before.preview != nil, change.after.preview == nil { previews.discard([id]) }
          completion(.success(rowWasCommitted(change.after, schedules: change.after != change.before)))
        case .failure(let error): completion(.failure(error))
        }
      })
  }

  /// Takes back what a cancelled call ordered: it ends where it is not sent yet, and goes on where it may be.
  ///
  /// - Parameter completion: runs when that is decided, from another thread.
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
  ///   - files: whether their files go too, where they are still what was saved.
  ///   - completion: gets the paths that were left because somebody changed the file.
  public func delete(
    _ ids: [PredictionID], files: Bool,
    completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>, _ kept: [String]) -> Void
  ) {
    begin()
    store.delete(
      ids,
      completion: countingReplyWrite { [self] result in
        var kept: [String] = []
        if case .success(.deleted(let deleted, _)) = result { kept = forget(deleted, files: files) }
        completion(result, kept)
      })
  }
}
