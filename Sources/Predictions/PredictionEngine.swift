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
    var live: [PredictionID: PredictionSnapshot] = [:]
    var slots: [String: ProviderSlot] = [:]
    var providers: [String: any Provider] = [:]
    var defaults: Defaults
    var scheduler: Scheduler
    var waiters = Waiters()
    /// POSTs that were handed to a provider and have no outcome yet.
    var posts: [PredictionID: Post] = [:]
    /// Outputs being saved that exist nowhere else (made here, or come as bytes).
    var savesHere: Set<PredictionID> = []
    /// Outputs that came as bytes, by index, until they are saved.
    var bytes: [PredictionID: [Int: [UInt8]]] = [:]
    /// Commits that failed with the disk and are tried again.
    var unrecorded: [Unrecorded] = []
    var retryRecordsAt: Int64?
    /// Writes that a reply of the current read waits for.
    var owedReplies = 0
    /// Events whose commit is under way.
    var uncommittedRecords = 0
    var hasBegun = false
    var isRecovering = false
    var isStopping = false
    /// When the store was last asked whether another process changed anything.
    var checkedAt: Int64 = .min / 2
    var recoverForeignAt: Int64 = 0
    var armed: Int64?
    var isClockStarted = false
  }

  /// A POST under way.
  struct Post: Sendable {
    var claimedAt: Int64
    var hasStarted = false
    var isRevoked = false
  }

  struct Unrecorded: Sendable {
    var id: PredictionID
    var event: PredictionEvent
    var writer: Writer?
  }

  let state: Guarded<State>
  let store: any PredictionStore
  let outputs: any OutputStore
  let time: any TimeSource
  let limits: AccountLimits
  let notice: @Sendable (String) -> Void
  let files = WorkQueue()
  /// Who is told of every change; see PredictionEngine+Changes.
  let watcher = Guarded<(@Sendable () -> Void)?>(nil)
  /// Counts up whenever the alarm was moved; its own lock, so that moving it wakes only the clock.
  let alarm = Guarded(0)

  /// How long a terminal prediction that another process could change is believed without asking.
  static let freshness: Int64 = 100
  /// How many predictions are remembered that nobody works on.
  static let rememberedCount = 4_096
  /// A claim this old is not sent any more: the process was asleep, and another may have judged it.
  static let claimLifetime: Int64 = 30_000

  /// An engine that does nothing yet: work begins with the first call that names a prediction.
  ///
  /// - Parameters:
  ///   - seed: where the scheduler's jitter begins.
  ///   - notice: takes sentences for the log; never a prompt, never a key.
  public init(
    store: any PredictionStore, outputs: any OutputStore, time: any TimeSource, limits: AccountLimits,
    defaults: Defaults, seed: UInt64, notice: @escaping @Sendable (String) -> Void
  ) {
    self.store = store
    self.outputs = outputs
    self.time = time
    self.limits = limits
    self.notice = notice
    state = Guarded(State(defaults: defaults, scheduler: Scheduler(seed: seed)))
  }

  // MARK: - Providers and defaults

  /// Puts a provider in its slot, or says why it cannot be used. What was left unfinished for it goes on.
  public func install(_ slot: ProviderSlot, as name: String) {
    let mustRecover = state.withLock { state in
      state.slots[name] = slot
      guard case .ready(let provider) = slot else { return false }
      state.providers[provider.account] = provider
      state.scheduler.add(account: provider.account, pace: provider.pace)
      return state.hasBegun
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

  // MARK: - Submit

  /// Accepts a prediction. The completion runs once it is committed (or could not be), from the store's thread; until
  /// `settle` nothing need be committed, so that what came together shares one commit.
  ///
  /// - Throws: what can be known before anything is written.
  public func submit(
    _ request: PredictionRequest,
    completion: @escaping @Sendable (Result<PredictionSnapshot, SubmitError>) -> Void
  ) throws(SubmitError) {
    begin()
    let (slots, defaults) = state.withLock { ($0.slots, $0.defaults) }
    let name = request.provider ?? defaults.provider
    let provider: any Provider
    switch slots[name] {
    case .ready(let ready)?: provider = ready
    case .unconfigured(let hint)?: throw .notConfigured(provider: name, hint: hint)
    case nil:
      let known = slots.keys.sorted().joined(separator: ", ")
      throw .invalid(path: "provider", message: "There is no provider \"\(name)\"; there are \(known).")
    }
    if !provider.isEmbedded, request.input["sandbox"] != nil {
      throw .invalid(
        path: "input.sandbox", message: "Only the provider \"sandbox\" takes this member; \"\(name)\" would be paid.")
    }
    let directory = request.outputDirectory ?? defaults.outputDirectory
    do throws(OutputError) {
      try outputs.prepare(directory)
    } catch {
      throw .folder(error, isDefault: request.outputDirectory == nil)
    }
    let model = request.model ?? defaults.model ?? provider.defaultModel
    var generator = SystemRandomNumberGenerator()
    let prediction = Prediction(
      id: PredictionID(at: time.now.wall, using: &generator), provider: name, model: model,
      input: JSONValue.object(request.input).serialized,
      metadata: request.metadata.map { JSONValue.object($0).serialized }, tags: request.tags,
      idempotencyKey: request.idempotencyKey,
      fingerprint: Fingerprint.of(provider: name, model: model, input: request.input), account: provider.account,
      outputDirectory: directory, outputName: request.outputName)
    state.withLock { $0.owedReplies += 1 }
    store.insert(prediction, queueLimit: limits.maxQueued) { [self] result in
      state.withLock { $0.owedReplies -= 1 }
      switch result {
      case .success(.inserted(let prediction)):
        let snapshot = publish(prediction)
        completion(.success(snapshot))
        react(.queued(account: prediction.account))
      case .success(.existing(let prediction)): completion(.success(publish(prediction)))
      case .success(.conflict(let id, let deleted)): completion(.failure(.conflict(id, deleted: deleted)))
      case .success(.queueFull): completion(.failure(.queueFull(limit: limits.maxQueued)))
      case .failure(let error): completion(.failure(.storage(error)))
      }
    }
  }

  /// Waits until everything accepted so far is committed and answered.
  public func settle() {
    if state.withLock({ $0.owedReplies > 0 }) { store.flush() }
  }

  // MARK: - Look

  /// A prediction as it stands; `nil` where there is none.
  public func snapshot(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot? {
    begin()
    let now = time.now.steady
    var (known, mustCheck) = state.withLock { state -> (PredictionSnapshot?, Bool) in
      guard let snapshot = state.live[id] else { return (nil, false) }
      if state.scheduler.isWorking(on: id) { return (snapshot, false) }
      if now - state.checkedAt < Self.freshness { return (snapshot, false) }
      state.checkedAt = now
      return (snapshot, true)
    }
    if mustCheck, store.hasChanged() {
      forgetForeign()
      known = nil
      mustCheck = false
    }
    if let known {
      if known.prediction.phase == .looking { react(.asked(id)) }
      return known
    }
    guard let prediction = try store.prediction(id) else { return nil }
    return state.withLock { state in remember(prediction, in: &state) }
  }

  /// A page of the table.
  public func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    begin()
    settle()
    return try store.list(query)
  }

  /// The provider's result URL for a prediction, where there is one.
  public func resultURL(of prediction: Prediction) -> String? {
    state.withLock { resultURL(of: prediction, in: $0) }
  }

  /// The whole of a saved file; `nil` where it is gone or is not what was saved any more.
  public func contents(of file: OutputFile) -> [UInt8]? {
    try? outputs.contents(of: file)
  }

  // MARK: - Wait

  /// Waits until one or all of these are settled. Answers at once where they are; otherwise from another thread.
  ///
  /// - Parameters:
  ///   - milliseconds: how long at most; 0 answers at once.
  ///   - onProgress: called now and then while waiting, with the first prediction.
  /// - Returns: a name by which the wait can be ended; `nil` where it was answered at once.
  @discardableResult
  public func wait(
    for ids: [PredictionID], mode: WaitMode = .all, atMost milliseconds: Int64,
    onProgress: (@Sendable (PredictionSnapshot) -> Void)? = nil,
    completion: @escaping @Sendable (WaitOutcome) -> Void
  ) throws(StoreError) -> WaitID? {
    for id in ids {
      guard let snapshot = try snapshot(id) else { throw .notFound }
      resume(snapshot.prediction)
    }
    let now = time.now.steady
    let (waitID, answer, mustRecover) = state.withLock { state -> (WaitID?, WaitOutcome?, Bool) in
      let isFulfilled = mode.isFulfilled(ids) { state.live[$0]?.isSettled ?? true }
      if isFulfilled || milliseconds <= 0 || state.isStopping {
        return (nil, outcome(ids, isFulfilled: isFulfilled, in: state), false)
      }
      let waitID = state.waiters.add(
        .init(
          ids: ids, mode: mode, deadline: now + milliseconds, tick: onProgress == nil ? nil : now + 1_000,
          onProgress: onProgress, completion: completion))
      let isForeign = ids.contains { id in !state.scheduler.isWorking(on: id) && state.live[id]?.isSettled == false }
      arm(&state, now: now)
      return (waitID, nil, isForeign)
    }
    if let answer { completion(answer) }
    if mustRecover { recover() }
    return waitID
  }

  /// Ends a wait; its completion is not called any more.
  ///
  /// - Returns: whether it was still waiting.
  public func endWait(_ id: WaitID) -> Bool {
    state.withLock { $0.waiters.remove(id) != nil }
  }

  /// Somebody wants the result: what was put off is tried now, a given-up download once more.
  private func resume(_ prediction: Prediction) {
    if prediction.status == .completed, prediction.phase == nil, prediction.failure?.kind == .downloadFailed {
      // What follows reads the row's new state, so that the wait is not over before it has begun.
      let started = Guarded(false)
      record(prediction.id, .downloadAgain, by: Writer(owner: store.owner, epoch: prediction.epoch)) {
        started.signal { $0 = true }
      }
      _ = started.wait(atMost: 5_000) { $0 ? true : nil }
    } else if prediction.phase != nil {
      react(.asked(prediction.id))
    }
  }

  // MARK: - Cancel and delete

  /// Stops a prediction. Costs nothing before its POST; afterwards it says what may still be billed.
  public func cancel(
    _ id: PredictionID, deleteRemote: Bool,
    completion: @escaping @Sendable (Result<PredictionSnapshot, StoreError>) -> Void
  ) {
    begin()
    let (sendable, writer) = state.withLock { state -> (Bool, Writer?) in
      let writer = state.live[id].map { Writer(owner: store.owner, epoch: $0.prediction.epoch) }
      guard let post = state.posts[id], !post.hasStarted else { return (true, writer) }
      // From here on its `mayStart` says no: not a byte is written.
      state.posts[id]?.isRevoked = true
      return (false, writer)
    }
    state.withLock { $0.owedReplies += 1 }
    store.change(id, .cancelAsked(deleteRemote: deleteRemote, sendable: sendable), by: writer) { [self] result in
      state.withLock { $0.owedReplies -= 1 }
      switch result {
      case .success(let change):
        let snapshot = publish(change.after)
        if change.after != change.before { react(.changed(change.after)) }
        completion(.success(snapshot))
      case .failure(let error): completion(.failure(error))
      }
    }
  }

  /// Deletes predictions, all or none.
  ///
  /// - Parameter files: whether their files go too, where they are still what was saved.
  public func delete(
    _ ids: [PredictionID], files: Bool, completion: @escaping @Sendable (Result<DeleteOutcome, StoreError>) -> Void
  ) {
    begin()
    state.withLock { $0.owedReplies += 1 }
    store.delete(ids) { [self] result in
      state.withLock { state in
        state.owedReplies -= 1
        if case .success(.deleted(let gone)) = result { for prediction in gone { state.live[prediction.id] = nil } }
      }
      if files, case .success(.deleted(let gone)) = result {
        let kept = outputs.remove(gone.flatMap(\.files))
        for path in kept { notice("\(path) is no longer what was saved and was left in place.") }
      }
      tellWatcher()
      completion(result)
    }
  }
}
