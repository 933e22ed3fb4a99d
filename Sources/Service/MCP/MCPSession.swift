internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// The MCP state of a connection: the handshake, waiting calls and tasks.
final class MCPSession: Sendable {
  private struct State {
    var revision = MCPRevision.november2025
    var clientName = ""
    var capabilities = MCPClientCapabilities()
    var waiting: [ObjectIdentifier: MCPCall] = [:]
    var isAtEnd = false
    var inlineTasks: Set<PredictionID> = []
    var leftTasks: Set<PredictionID> = []
    var images = MCPImageCalls<ObjectIdentifier>()
    var named: Set<PredictionID> = []
  }

  /// More ids are forgotten: then an equal request gets the earlier image once more, and is told so.
  private static let mostNamed = 10_000

  private let state = Protected(State())

  /// Submits requests after their read: one after another, so that of equal ones each gets an image of its own.
  let orders = WorkQueue()

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

  /// The capabilities of the handshake; none without one.
  var capabilities: MCPClientCapabilities {
    get { state.withLock { $0.capabilities } }
    set { state.withLock { $0.capabilities = newValue } }
  }

  /// Records a waiting call. After the end of input the call is answered at once.
  func add(_ call: MCPCall) {
    let isAtEnd = state.withLock { state in
      if !state.isAtEnd { state.waiting[ObjectIdentifier(call)] = call }
      return state.isAtEnd
    }
    if isAtEnd { call.end(by: .inputEnded, in: call.service.engineIfOpen) }
  }

  func remove(_ call: MCPCall) {
    state.withLock { $0.waiting[ObjectIdentifier(call)] = nil }
  }

  // MARK: - Repeated calls

  /// Changes and asks the record of the calls that make images.
  func images<Value>(_ body: (inout MCPImageCalls<ObjectIdentifier>) -> Value) -> Value {
    state.withLock { body(&$0.images) }
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
    for call in calls { call.end(by: .inputEnded, in: call.service.engineIfOpen) }
  }

  /// Marks a task whose result includes its image, for the lifetime of the process.
  func keepInline(_ id: PredictionID) { state.withLock { _ = $0.inlineTasks.insert(id) } }

  /// Records that the client cancelled a task whose image another call of it still waits for, or, with `false`, that it asked
  /// for that image as a task again.
  func leave(_ id: PredictionID, _ isLeft: Bool = true) {
    state.withLock { state in
      if isLeft { state.leftTasks.insert(id) } else { state.leftTasks.remove(id) }
    }
  }

  func isLeft(_ id: PredictionID) -> Bool { state.withLock { $0.leftTasks.contains(id) } }

  func isInline(_ id: PredictionID) -> Bool { state.withLock { $0.inlineTasks.contains(id) } }
}

extension Service {
  /// Handles an MCP request, if its revision has the method.
  func handleMCP(
    _ request: Request, _ params: MethodParameters, _ reply: consuming Reply, of revisions: ClosedRange<MCPRevision>,
    in turns: Turns?, _ body: @escaping @Sendable (Service, MCPCall) throws(RPCError) -> Void
  ) {
    guard let id = request.id?.value, !id.isNull else { return reply.error(.invalidRequest) }
    let context: MCPRequestContext
    do throws(RPCError) {
      context = try MCPRequestContext(params.object, negotiated: mcp.revision)
      guard revisions.contains(context.revision) else { throw .methodNotFound }
    } catch {
      return reply.error(error)
    }
    struct Cell {
      weak var call: MCPCall?
      var hasBegun = false
    }
    let cell = Protected(Cell())
    let pending = reply.later { [self] pending in
      let cancel: @Sendable () -> Void = { [self] in
        // MCP: a request that was cancelled is not answered.
        pending.silence()
        guard let call = cell.withLock({ $0.call }) else { return }
        mcp.remove(call)
        call.end(by: .cancelled, in: engineIfOpen)
      }
      // A retry that arrived before the cancellation, and waits for its turn, may come to hold its prediction. Otherwise the POST is
      // forbidden at once.
      if let turns, turns.hasCallOfAgent, cell.withLock({ $0.hasBegun }) {
        turns.add(bytes: 0, cancel)
      } else {
        cancel()
      }
    }
    let call = MCPCall(context, params.object, id: id, reply: pending, service: self)
    cell.withLock { $0.call = call }
    if let turns {
      turns.add(bytes: params.byteEstimate, isOfAgent: true) { [self] in
        cell.withLock { $0.hasBegun = true }
        if !call.isOver { perform(call, body) }
      }
    } else {
      perform(call, body)
    }
  }

  private func perform(_ call: MCPCall, _ body: (Service, MCPCall) throws(RPCError) -> Void) {
    do throws(RPCError) {
      try body(self, call)
    } catch {
      call.error(error)
    }
  }
}
