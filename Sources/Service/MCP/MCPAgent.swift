internal import JSONRPC
internal import Predictions

/// The view of one agent on the engine, through which MCP reaches predictions: it contains only predictions of this agent. An
/// id is not a secret, so knowing one gives no access to the predictions of people, programs and other agents.
struct MCPAgent: Sendable {
  let agent: Agent
  let engine: PredictionEngine

  /// A prediction of this agent's; `StoreError.notFound` for any other.
  func snapshot(_ id: PredictionID) throws(StoreError) -> PredictionSnapshot {
    guard let snapshot = try engine.snapshot(id), agent.owns(snapshot.prediction) else { throw .notFound }
    return snapshot
  }

  /// A page of this agent's predictions, as committed.
  func list(_ query: ListQuery) throws(StoreError) -> ListPage {
    try engine.list(own(query))
  }

  /// A page of this agent's predictions, with all that were accepted before this call. The completion may run on another
  /// thread.
  func list(_ query: ListQuery, completion: @escaping @Sendable (Result<ListPage, StoreError>) -> Void) {
    engine.list(own(query), completion: completion)
  }

  private func own(_ query: ListQuery) -> ListQuery {
    var query = query
    query.agent = agent
    return query
  }

  /// Accepts a prediction as this agent's; the completion runs once it is on disk. For `isLate` see the engine.
  func submit(
    _ request: PredictionRequest, isLate: Bool,
    completion: @escaping @Sendable (Result<PredictionEngine.Accepted, SubmitError>) -> Void
  ) throws(SubmitError) {
    var request = request
    request.origin = .mcp
    request.agent = agent.id
    try engine.submit(request, isLate: isLate, completion: completion)
  }

  /// Stops a prediction of this agent's.
  func cancel(
    _ id: PredictionID, completion: @escaping @Sendable (Result<PredictionSnapshot, StoreError>) -> Void
  ) throws(StoreError) {
    _ = try snapshot(id)
    engine.cancel(id, deleteRemote: false, completion: completion)
  }
}

extension MCPCall {
  /// The view of the agent that sent this request. Its name is in the request or in the handshake.
  func agent() throws(RPCError) -> MCPAgent {
    let engine = try service.engine()
    let name = context.clientName ?? service.mcp.clientName
    let directory = service.host.agentDirectories().first?.realPath ?? ""
    return MCPAgent(agent: Agent(clientName: name, outputDirectory: directory), engine: engine)
  }
}
