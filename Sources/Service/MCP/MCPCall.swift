internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// One MCP request in flight: in which revision it speaks, what it was given, and its answer.
///
/// Whoever is first answers: the work, the client that cancels (then there is silence), or the end of input.
final class MCPCall: Sendable {
  private struct State {
    var waits: [WaitID] = []
    /// What it ordered and waits for.
    var held: PredictionID?
    /// Answered, cancelled, or at the end of input.
    var isOver = false
    /// Answers with how it stands now.
    var answerNow: (@Sendable () -> Void)?
  }

  let context: MCPRequestContext
  let params: JSONObject
  /// The request's own id, as it was spelled.
  let id: JSONValue
  let service: Service
  let reply: PendingReply
  private let state = Protected(State())

  init(_ context: MCPRequestContext, _ params: JSONObject, id: JSONValue, reply: PendingReply, service: Service) {
    self.context = context
    self.params = params
    self.id = id
    self.reply = reply
    self.service = service
  }

  var revision: MCPRevision { context.revision }

  /// For progress; 0 is a token like any other.
  var progressToken: JSONValue? {
    guard let token = params["_meta"]?["progressToken"], token.string != nil || token.int64 != nil else { return nil }
    return token
  }

  // MARK: - Answering

  /// Answers with an object of these members, and what the revision wants around them.
  ///
  /// - Parameters:
  ///   - lasts: milliseconds for which the answer holds, for what MCP calls cacheable.
  ///   - isPrivate: whether it holds for this user only.
  ///   - introducing: whether it tells all about this server.
  func result(
    lasts: Int64? = nil, isPrivate: Bool = false, introducing: Bool = false, type: StaticString = "complete",
    meta: ((inout JSONWriter) -> Void)? = nil, _ members: (inout JSONWriter) -> Void
  ) {
    let isStateless = revision.isStateless
    _ = reply.result { json in
      json.beginObject()
      if isStateless {
        json.name("resultType")
        json.value("\(type)")
      }
      members(&json)
      if isStateless, let lasts {
        json.name("ttlMs")
        json.value(lasts)
        json.name("cacheScope")
        json.value(isPrivate ? "private" : "public")
      }
      if isStateless || meta != nil {
        json.name("_meta")
        json.beginObject()
        meta?(&json)
        if isStateless {
          json.name("io.modelcontextprotocol/serverInfo")
          service.writeServerInfo(to: &json, for: revision, isFull: introducing)
        }
        json.endObject()
      }
      json.endObject()
    }
    isAnswered()
  }

  func error(_ error: RPCError) {
    _ = reply.error(error)
    isAnswered()
  }

  /// Calls the body with how many bytes of pictures the answer may bring: at once with 0 where none are wanted, else on the
  /// thread that reads pictures, one answer after the other, as soon as there is room for it.
  func withRoom(forPictures areWanted: Bool, _ body: @escaping @Sendable (_ pictureBytes: Int) -> Void) {
    guard areWanted else { return body(0) }
    service.pictures.async { [reply] in body(min(Service.pictureLimit, reply.waitForRoom())) }
  }

  private func isAnswered() {
    let held = state.withLock { state in
      state.isOver = true
      state.answerNow = nil
      return state.held.take()
    }
    service.mcp.remove(self)
    if let held { _ = service.mcp.release(held, isAnswered: true) }
  }

  // MARK: - Holding what it ordered

  /// Holds the prediction that this call ordered until it is answered. Cancelled before that, the call takes it back.
  ///
  /// - Returns: false where the call was cancelled before the prediction was committed.
  func hold(_ accepted: PredictionEngine.Accepted, in engine: PredictionEngine) -> Bool {
    let id = accepted.snapshot.prediction.id
    service.mcp.hold(id, isNew: accepted.isNew)
    let isOver = state.withLock { state in
      if !state.isOver { state.held = id }
      return state.isOver
    }
    if isOver, service.mcp.release(id, isAnswered: false) { engine.withdraw(id) {} }
    return !isOver
  }

  // MARK: - Waiting

  /// Waits for a prediction, telling how it goes where the client wants to know.
  ///
  /// - Parameter answer: called once with how it stands; `nil` where it was deleted.
  func wait(
    for id: PredictionID, atMost milliseconds: Int64, in engine: PredictionEngine,
    answer: @escaping @Sendable (PredictionSnapshot?) -> Void
  ) throws(StoreError) {
    var report: (@Sendable (PredictionSnapshot) -> Void)?
    if let progress = MCPProgress(self) {
      report = { [reply] snapshot in
        _ = reply.notify("notifications/progress") { json in progress.write(snapshot, to: &json) }
      }
    }
    if let report, let snapshot = try engine.snapshot(id), !snapshot.isSettled { report(snapshot) }
    let wait = try engine.wait(for: [id], atMost: milliseconds, onProgress: report) { outcome in
      answer(outcome.snapshots.first)
    }
    if let wait { remains([wait], in: engine) { answer((try? engine.snapshot(id)) ?? nil) } }
  }

  /// Remembers what is waited for, and what to answer when the input ends.
  func remains(_ waits: [WaitID], in engine: PredictionEngine, answerNow: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.waits += waits
      state.answerNow = answerNow
    }
    service.mcp.add(self)
    // Answered or cancelled in the meantime, on another thread.
    if state.withLock({ $0.isOver }) {
      service.mcp.remove(self)
      end(in: engine, answering: false)
    }
  }

  /// The client gave up, or the input is at its end.
  func end(in engine: PredictionEngine?, answering: Bool) {
    let (waits, answerNow, held) = state.withLock { state in
      state.isOver = true
      defer { (state.waits, state.answerNow, state.held) = ([], nil, nil) }
      return (state.waits, state.answerNow, state.held)
    }
    for wait in waits { _ = engine?.endWait(wait) }
    // A reply that was given is given; a second one is dropped.
    let answer: @Sendable () -> Void = { if answering { answerNow?() } }
    if let held, service.mcp.release(held, isAnswered: false) {
      engine?.withdraw(held, completion: answer)
    } else {
      answer()
    }
  }
}
