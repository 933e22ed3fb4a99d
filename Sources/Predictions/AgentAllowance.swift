internal import Threads

/// How much an agent may write to the disk in an hour, whatever it costs: a model in a loop must not fill the disk.
/// Pure.
struct AgentAllowance: Sendable, Equatable {
  /// The time that counts, in milliseconds.
  static let window: Int64 = 3_600_000
  /// How many bytes its files may have together.
  static let maxBytes: Int64 = 2_000_000_000

  /// How many files it may make.
  var maxFiles: Int

  /// Why an agent may not make new predictions now; `nil` where it may.
  ///
  /// - Parameters:
  ///   - recent: its predictions of the last hour. One that may still get files counts as one file at least.
  ///   - pending: how many of its requests are not committed yet.
  func excess(of recent: [Prediction], pending: Int) -> SubmitError? {
    let files = recent.reduce(pending) { $0 + max($1.files.count, $1.status.isTerminal ? 0 : 1) }
    let bytes = recent.reduce(Int64(0)) { $1.files.reduce($0) { $0 + $1.bytes } }
    return files >= maxFiles || bytes >= Self.maxBytes ? .agentFull(files: maxFiles) : nil
  }
}

extension PredictionEngine {
  /// Why an agent's request cannot become a new prediction now; `nil` where it can, and for plain clients. Committed
  /// predictions are counted in the store, for all processes; requests that are not committed yet, in this process.
  func agentProblem(of request: PredictionRequest) -> SubmitError? {
    guard let maxFiles = limits.maxAgentFiles, let agent = request.agent else { return nil }
    var query = ListQuery(limit: 500)
    query.agent = Agent(id: agent)
    query.createdAfter = time.now.wall - AgentAllowance.window
    // If the store cannot be read, the insert fails too, with the reason.
    guard let recent = try? store.list(query).predictions else { return nil }
    let pending = state.withLock { $0.replyWrites.count(of: agent) }
    return AgentAllowance(maxFiles: maxFiles).excess(of: recent, pending: pending)
  }
}
