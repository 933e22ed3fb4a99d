internal import JSON
internal import Threads

/// How a request becomes a row.
extension PredictionEngine {
  /// The outcome of an accepted request.
  public struct Accepted: Sendable {
    /// The prediction, committed.
    public let snapshot: PredictionSnapshot
    /// Whether this request made it; otherwise its idempotency key named an existing one, or it repeats another request.
    public let isNew: Bool
    /// Whether it repeats a request of the same agent; see `RepeatedRequest`.
    public let isRepeated: Bool

    /// An accepted request.
    public init(snapshot: PredictionSnapshot, isNew: Bool, isRepeated: Bool = false) {
      self.snapshot = snapshot
      self.isNew = isNew
      self.isRepeated = isRepeated
    }
  }

  /// The longest input of one request, in bytes of JSON.
  public static let inputLimit = 48_000_000
  /// Longer inputs are hashed and checked on a separate thread; in bytes.
  static let heavyInput = 256 << 10
  /// How long the end of a read waits for commits, in milliseconds. Later commits are answered when they are done.
  static let commitPatience: Int64 = 20
  /// With more writes in progress, nothing is read before they are committed.
  static let replyWriteLimit = 1_000

  /// Accepts a prediction. The completion runs after the commit or its failure, on another thread. Nothing need be
  /// committed before `settle`, so that requests that arrived together share one commit. Requests are accepted in the
  /// order of their arrival.
  ///
  /// - Parameter isLate: whether the read is over in which the request arrived, so that no `settle` follows. It is then
  ///   committed by itself, on another thread.
  /// - Throws: errors that are known before anything is written; later ones go to the completion.
  public func submit(
    _ request: PredictionRequest, isLate: Bool = false,
    completion: @escaping @Sendable (Result<Accepted, SubmitError>) -> Void
  ) throws(SubmitError) {
    let bytes = JSONValue.object(request.input).byteEstimate
    guard bytes <= Self.inputLimit else {
      throw .invalid(
        path: "input",
        message: "input has about \(bytes) bytes; \(Self.inputLimit) are allowed. Nothing was sent.")
    }
    let isReady = outputs.isReady(request.outputDirectory ?? defaults.outputDirectory)
    guard isLate || bytes > Self.heavyInput || !isReady || state.withLock({ $0.arriving > 0 }) else {
      return try accept(request, completion: completion)
    }
    arrive { [self] in
      do throws(SubmitError) {
        try accept(request, completion: completion)
        store.flush()
      } catch {
        completion(.failure(error))
      }
    }
  }

  private func accept(
    _ request: PredictionRequest,
    completion: @escaping @Sendable (Result<Accepted, SubmitError>) -> Void
  ) throws(SubmitError) {
    let defaults = defaults
    let provider = try provider(named: request.provider)
    if let obstacle = provider.obstacle { throw .misconfigured(obstacle) }
    let name = provider.name
    let model = request.model ?? defaults.model ?? provider.defaultModel
    if let problem = foreignField(in: request.input, of: provider) {
      throw .invalid(path: problem.path, message: problem.message)
    }
    // A process that only submits must also show that the account pauses.
    if provider.isLimited, state.withLock({ $0.pauses == nil }) { refreshPauses() }
    let files = request.upload ? FileReferences.find(in: request.input) : []
    var warnings: [InputSchema.Problem] = []
    var refusal: SubmitError?
    var references: [OutputReferences.Found] = []
    do throws(SubmitError) {
      references = try outputReferences(of: request, at: provider)
      warnings = try check(request, model: model, at: provider)
      if request.upload {
        if request.origin == .mcp {
          try checkFilesOfAgent(files, for: provider)
        } else {
          try check(files, in: request.input, for: provider, hasReferences: !references.isEmpty)
        }
      } else if request.origin == .mcp {
        try refusePinnedFiles(in: request.input)
      }
    } catch {
      // The key may name a prediction that was accepted while the file existed, or before the model's fields were
      // known, and so may an equal request: the existing prediction is found before the request is refused.
      if !request.mayBeKnown { throw error }
      refusal = error
    }
    if let problem = request.refusal.map({ SubmitError.overBudget($0) }) ?? agentProblem(of: request) {
      if !request.mayBeKnown { throw problem }
      refusal = refusal ?? problem
    }
    let directory: String
    do throws(OutputError) {
      directory = try outputs.prepare(request.outputDirectory ?? defaults.outputDirectory, for: request.origin)
    } catch {
      throw .folder(error, isDefault: request.outputDirectory == nil)
    }
    var prediction = Prediction(
      id: nextID(), provider: name, model: model,
      input: JSONValue.object(request.input).serialized,
      metadata: request.metadata.map { JSONValue.object($0).serialized }, tags: request.tags,
      idempotencyKey: request.idempotencyKey,
      fingerprint: Fingerprint.of(
        provider: name, model: model, input: request.input, sendsFiles: !files.isEmpty),
      account: provider.account, outputDirectory: directory,
      outputName: request.outputName, maxCostMicros: request.maxCostMicros,
      allowsEstimates: request.allowsEstimates,
      estimateMicros: try estimate(for: request, model: model, from: provider, isChained: !references.isEmpty),
      origin: request.origin,
      agent: request.agent, usesDefaultModel: request.model == nil && defaults.model == nil,
      images: provider.isLimited ? RequestedImages.count(in: request.input) : 1, caps: caps(for: request, at: provider),
      uploads: files.isEmpty ? .none : .awaited)
    prediction.acceptor = owner
    if !references.isEmpty { prediction.wait(for: references.map(\.reference)) }
    let changeCount = state.withLock { $0.live.changeCount }
    let committed = countingReplyWrite(for: request.agent) {
      [self, refusal, warnings, references, id = prediction.id] (result: Result<InsertOutcome, StoreError>) in
      switch result {
      case .success(.inserted(let prediction)):
        let snapshot = rowWasCommitted(prediction, schedules: false)
        rereadIfChanged(prediction.id, since: changeCount)
        let now = state.withLock { shown(snapshot, $0.pauses) }
        completion(.success(Accepted(snapshot: now.with(warnings: warnings), isNew: true)))
        if prediction.isChained { noteChain() }
        react(.queued(account: prediction.account))
        beginLater()
      case .success(.existing(let known)), .success(.repeated(let known)):
        let isRepeated = if case .success(.repeated) = result { true } else { false }
        let snapshot = rowWasCommitted(known, schedules: false)
        rereadIfChanged(known.id, since: changeCount)
        let now = state.withLock { shown(snapshot, $0.pauses) }
        completion(.success(Accepted(snapshot: now, isNew: false, isRepeated: isRepeated)))
        begin()
        askAgain(snapshot)
      case .success(.conflict(let id, let deleted, let difference)):
        completion(.failure(.conflict(id, deleted: deleted, difference: difference)))
      case .success(.overBudget(let refusal)): completion(.failure(.overBudget(refusal)))
      case .success(.targetMissing(let id)):
        completion(.failure(.invalid(.missing(id), in: references.first { $0.reference.target == id })))
      case .success(.tooDeep): completion(.failure(.invalid(.tooDeep, in: references.first)))
      case .success(.queueFull): completion(.failure(refusal ?? .queueFull(limit: limits.maxQueued)))
      case .failure(let error):
        // The row may have been written nevertheless, and the client is told that it was not: it must not be sent.
        recordLater(.init(id: id, event: .interrupted, writer: nil))
        completion(.failure(.storage(error, id)))
      }
    }
    // With limit 0 only the idempotency key is looked up.
    store.insert(
      prediction, queueLimit: refusal == nil ? limits.maxQueued : 0,
      repeating: request.idempotencyKey == nil ? request.repeats : nil, completion: committed)
  }

  private func nextID() -> PredictionID {
    let id = PredictionID(at: time.now.wall)
    return state.withLock { state in
      let next = id.following(state.lastID)
      state.lastID = next
      return next
    }
  }

  // MARK: - The order of arrival

  /// Waits for the commit of all accepted requests, but not for long: a later call must not wait for a database that
  /// another process has locked. Only with more than `replyWriteLimit` writes in progress the wait has no limit, and
  /// reading stops.
  public func settle() {
    guard state.withLock({ $0.replyWrites.count > 0 }) else { return }
    if !store.flush(atMost: Self.commitPatience), state.withLock({ $0.replyWrites.count > Self.replyWriteLimit }) {
      store.flush()
    }
  }

  /// Begins to commit all accepted requests, and waits for nothing.
  public func commit() {
    if state.withLock({ $0.replyWrites.count > 0 }) { store.flush(atMost: 0) }
  }

  /// Waits while more than `replyWriteLimit` writes are in progress.
  public func waitForRoom() {
    if state.withLock({ $0.replyWrites.count > Self.replyWriteLimit }) { store.flush() }
  }

  /// Runs a body that must see all requests accepted before it: at once where all are committed, otherwise on another
  /// thread.
  public func afterAccepted(_ body: @escaping @Sendable () -> Void) {
    guard state.withLock({ $0.replyWrites.count > 0 || $0.arriving > 0 }) else { return body() }
    arrive { [self] in
      store.flush()
      body()
    }
  }

  private func arrive(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.arriving += 1 }
    arrivals.async { [self] in
      body()
      state.signal { $0.arriving -= 1 }
    }
  }
}
