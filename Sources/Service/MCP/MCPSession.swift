internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// The MCP state of a connection: the handshake, waiting calls and tasks.
final class MCPSession: Sendable {
  private struct State {
    var revision = MCPRevision.november2025
    var clientName = ""
    var waiting: [ObjectIdentifier: MCPCall] = [:]
    var isAtEnd = false
    var inlineTasks: Set<PredictionID> = []
    var held: [PredictionID: Holding] = [:]
    var named: Set<PredictionID> = []
    var begun: [ObjectIdentifier: Begun] = [:]
  }

  /// A call that makes an image and is not answered: what it asks for, and since when, in milliseconds of the steady clock.
  private struct Begun {
    var digest: [UInt8]
    var at: Int64
  }

  /// Milliseconds within which an equal call is a second request of its own: a model that calls twice at once wants two.
  private static let together: Int64 = 2_000
  /// More ids are forgotten: then an equal request gets the earlier image once more, and is told so.
  private static let mostNamed = 10_000

  /// How many unanswered calls wait for a prediction, and whether the client has its id from another call.
  private struct Holding {
    var calls = 0
    var isTheirs = false
  }

  private let state = Protected(State())

  /// The revision of the handshake; without a handshake, the last one that has it.
  var revision: MCPRevision {
    get { state.withLock { $0.revision } }
    set { state.withLock { $0.revision = newValue } }
  }

  /// `clientInfo.name` of the handshake; empty without one.
  var clientName: String {
    get { state.withLock { $0.clientName } }
    set { state.withLock { $0.clientName = newValue } }
  }

  /// Records a waiting call. After the end of input the call is answered at once.
  func add(_ call: MCPCall) {
    let isAtEnd = state.withLock { state in
      if !state.isAtEnd { state.waiting[ObjectIdentifier(call)] = call }
      return state.isAtEnd
    }
    if isAtEnd { call.end(by: .inputEnded, in: try? call.service.engine()) }
  }

  func remove(_ call: MCPCall) {
    state.withLock { state in
      state.waiting[ObjectIdentifier(call)] = nil
      state.begun[ObjectIdentifier(call)] = nil
    }
  }

  /// Records that a call is about to be answered: the client may make it again as soon as it has read the answer.
  func end(_ call: MCPCall) { state.withLock { $0.begun[ObjectIdentifier(call)] = nil } }

  // MARK: - Repeated calls

  /// Records a call that makes an image, until it is answered or cancelled.
  ///
  /// - Parameter digest: of what decides the image, and of the agent.
  /// - Returns: how many equal ones began just before and are open: each of them is a request of its own.
  func begin(_ call: MCPCall, digest: [UInt8], now: Int64) -> Int {
    call.digest.withLock { $0 = digest }
    return state.withLock { state in
      let others = state.begun.values.count { $0.digest == digest && now - $0.at < Self.together }
      state.begun[ObjectIdentifier(call)] = Begun(digest: digest, at: now)
      return others
    }
  }

  /// Whether the input has ended.
  var isAtEnd: Bool { state.withLock { $0.isAtEnd } }

  /// Records that the client named a prediction: it has its id, so an equal request is for another one.
  func name(_ id: PredictionID) {
    state.withLock { state in
      if state.named.count >= Self.mostNamed { state.named = [] }
      state.named.insert(id)
    }
  }

  /// The predictions that the client has named.
  var named: Set<PredictionID> { state.withLock { $0.named } }

  /// Answers all waiting calls at the end of input: hosts wait only two seconds for the process to exit.
  func endWaits() {
    let calls = state.withLock { state in
      state.isAtEnd = true
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for call in calls { call.end(by: .inputEnded, in: try? call.service.engine()) }
  }

  /// Records that a call waits for the prediction that it submitted.
  ///
  /// - Parameter isNew: whether this call created the prediction.
  func hold(_ id: PredictionID, isNew: Bool) {
    state.withLock { state in
      state.held[id, default: Holding()].calls += 1
      if isNew { state.held[id]?.isTheirs = true }
    }
  }

  /// Records that a call no longer waits.
  ///
  /// - Parameters:
  ///   - isAnswered: whether the client has the id now.
  ///   - digest: of the call, where it makes an image.
  /// - Returns: whether to withdraw the prediction: no call has given its id to the client, and none that is equal is open,
  ///   which may be about to hold it.
  func release(_ id: PredictionID, isAnswered: Bool, digest: [UInt8]?) -> Bool {
    state.withLock { state in
      guard var holding = state.held[id] else { return false }
      holding.calls -= 1
      if isAnswered { holding.isTheirs = false }
      let isAwaited = digest != nil && state.begun.values.contains { $0.digest == digest }
      let isDone = holding.calls <= 0 && !(isAwaited && holding.isTheirs)
      state.held[id] = isDone ? nil : holding
      return isDone && holding.isTheirs
    }
  }

  /// Marks a task whose result includes its image, for the lifetime of the process.
  func keepInline(_ id: PredictionID) { state.withLock { _ = $0.inlineTasks.insert(id) } }

  func isInline(_ id: PredictionID) -> Bool { state.withLock { $0.inlineTasks.contains(id) } }
}

extension Service {
  /// Handles an MCP request, if its revision has the method.
  func handleMCP(
    _ request: Request, _ params: MethodParameters, _ reply: consuming Reply, in revisions: ClosedRange<MCPRevision>,
    _ body: (Service, MCPCall) throws(RPCError) -> Void
  ) {
    guard let id = request.id?.value, !id.isNull else { return reply.error(.invalidRequest) }
    let context: MCPRequestContext
    do throws(RPCError) {
      context = try MCPRequestContext(params.object, negotiated: mcp.revision)
      guard revisions.contains(context.revision) else { throw .methodNotFound }
    } catch {
      return reply.error(error)
    }
    struct Cell { weak var call: MCPCall? }
    let cell = Protected(Cell())
    let pending = reply.later { [self] pending in
      // MCP: a request that was cancelled is not answered.
      pending.silence()
      guard let call = cell.withLock({ $0.call }) else { return }
      mcp.remove(call)
      call.end(by: .cancelled, in: try? engine())
    }
    let call = MCPCall(context, params.object, id: id, reply: pending, service: self)
    cell.withLock { $0.call = call }
    do throws(RPCError) {
      try body(self, call)
    } catch {
      call.error(error)
    }
  }
}
