internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// An MCP request in flight: its revision, its params and its reply.
///
/// The first of completion, cancellation (which has no reply) and the end of input decides; the others are ignored.
final class MCPCall: Sendable {
  private struct State {
    var waits: [WaitID] = []
    /// The prediction that it submitted and waits for.
    var held: PredictionID?
    /// Answered, cancelled, or at the end of input.
    var isOver = false
    /// Answers with the current state.
    var answerNow: (@Sendable () -> Void)?
  }

  let context: MCPRequestContext
  let params: JSONObject
  /// The id of the request, as it was written.
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

  /// The token for progress; 0 is a valid token.
  var progressToken: JSONValue? {
    guard let token = params["_meta"]?["progressToken"], token.string != nil || token.int64 != nil else { return nil }
    return token
  }

  // MARK: - Answering

  /// Answers with an object of these fields and those that the revision requires.
  ///
  /// - Parameters:
  ///   - lasts: how long a client may cache the result, in milliseconds.
  ///   - isPrivate: whether only this user may use the cached result.
  ///   - introducing: whether the result describes the server in full.
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

  /// Calls the body with the number of bytes that images may take in the reply: at once with 0 where none are requested,
  /// otherwise on the thread that reads images, one reply after another, as soon as the client has read enough.
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

  // MARK: - Holding its prediction

  /// Holds the prediction that this call submitted until the reply. If the call is cancelled before, the prediction is
  /// withdrawn.
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

  /// Waits for a prediction, with notifications of progress where the client sent a token.
  ///
  /// - Parameter answer: called once with its state; `nil` where it was deleted.
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

  /// Records the waits, and the answer for the end of input.
  func remains(_ waits: [WaitID], in engine: PredictionEngine, answerNow: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.waits += waits
      state.answerNow = answerNow
    }
    service.mcp.add(self)
    // Answered or cancelled meanwhile on another thread.
    if state.withLock({ $0.isOver }) {
      service.mcp.remove(self)
      end(in: engine, answering: false)
    }
  }

  /// Ends the call: the client cancelled it, or the input has ended.
  func end(in engine: PredictionEngine?, answering: Bool) {
    let (waits, answerNow, held) = state.withLock { state in
      state.isOver = true
      defer { (state.waits, state.answerNow, state.held) = ([], nil, nil) }
      return (state.waits, state.answerNow, state.held)
    }
    for wait in waits { _ = engine?.endWait(wait) }
    // After a first reply, a second one is dropped.
    let answer: @Sendable () -> Void = { if answering { answerNow?() } }
    if let held, service.mcp.release(held, isAnswered: false) {
      engine?.withdraw(held, completion: answer)
    } else {
      answer()
    }
  }
}
