internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// An MCP request in flight: a pending call with its revision, its params, its progress, and the prediction that it holds.
final class MCPCall: Sendable {
  let context: MCPRequestContext
  let params: JSONObject
  /// The id of the request, as it was written.
  let id: JSONValue
  let service: Service
  private let pending: PendingCall
  /// Of what decides the image that it makes; `nil` where it makes none. See `begin`.
  let digest = Protected<[UInt8]?>(nil)
  /// The prediction that it submitted and waits for, until the call is over.
  private let held = Protected<PredictionID?>(nil)

  init(_ context: MCPRequestContext, _ params: JSONObject, id: JSONValue, reply: PendingReply, service: Service) {
    self.context = context
    self.params = params
    self.id = id
    self.service = service
    pending = PendingCall(reply, cancellation: .atOnce)
  }

  var reply: PendingReply { pending.reply }

  var revision: MCPRevision { context.revision }

  /// Whether it is answered or cancelled.
  var isOver: Bool { pending.isOver }

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
    willAnswer()
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
    willAnswer()
    _ = reply.error(error)
    isAnswered()
  }

  /// Calls the body with the room for a prediction's files in the reply: at once where nothing of them is shown, otherwise on
  /// the thread that reads images and texts, one reply after another, as soon as the client has read enough.
  func withRoom(
    for snapshot: PredictionSnapshot, isInline: Bool, size: Int = MCPFileContents.copySize,
    _ body: @escaping @Sendable (MCPRoom) -> Void
  ) {
    guard isInline || snapshot.prediction.visibleFiles.contains(where: \.kind.isText) else {
      // An answer may tell what is left of the caps for agents.
      return service.mayRead { body(.none) }
    }
    service.pictures.async { [reply] in
      let bytes = min(Service.pictureLimit, reply.waitForRoom())
      body(MCPRoom(pictureBytes: isInline ? bytes : 0, pictureSize: size, readsTexts: true))
    }
  }

  /// The client may make the call again as soon as it has read the answer.
  private func willAnswer() {
    let ids = service.mcp.images { $0.end(ObjectIdentifier(self)) }
    if !ids.isEmpty { withdraw(ids, in: service.engineIfOpen) }
  }

  private func isAnswered() {
    pending.end(by: .completed)
    service.mcp.remove(self)
    if let id = held.take() { _ = service.mcp.images { $0.release(id, digest: nil, isAnswered: true) } }
  }

  // MARK: - Holding its prediction

  /// Records that it makes an image.
  ///
  /// - Parameter digest: of what decides the image, and of the agent.
  func begin(digest: [UInt8]) {
    self.digest.withLock { $0 = digest }
    service.mcp.images { $0.begin(ObjectIdentifier(self), digest: digest, now: service.time.now.steady) }
  }

  /// Holds the prediction that this call submitted until the reply. If the call is cancelled before, the prediction is
  /// withdrawn.
  ///
  /// - Returns: false where the call was cancelled before the prediction was committed.
  func hold(_ accepted: PredictionEngine.Accepted, in engine: PredictionEngine) -> Bool {
    let id = accepted.snapshot.prediction.id
    withdraw(
      service.mcp.images { $0.hold(id, by: ObjectIdentifier(self), isNew: accepted.isNew) }, in: engine)
    held.withLock { $0 = id }
    guard pending.isOver else { return true }
    // Cancelled before, or meanwhile: then `end` may have taken it.
    if let id = held.take() { withdraw(released(id), in: engine) }
    return false
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
    guard pending.waits(waits, in: engine, answer: { _ in answerNow() }) else { return }
    service.mcp.add(self)
    // Answered or cancelled meanwhile on another thread.
    if pending.isOver { service.mcp.remove(self) }
  }

  /// Ends the call, unless it is over. The end of input answers it with the current state, after the prediction that it
  /// holds is withdrawn; a cancellation has no answer.
  func end(by event: CallState.Event, in engine: PredictionEngine?) {
    let (decides, answer) = pending.end(by: event, in: engine)
    guard decides else { return }
    let finish: @Sendable () -> Void = { [pending] in if event == .inputEnded { answer?(pending) } }
    var ids = service.mcp.images { $0.end(ObjectIdentifier(self)) }
    if let id = held.take() { ids += released(id) }
    // The answer comes after them.
    guard let engine, let last = ids.popLast() else { return finish() }
    withdraw(ids, in: engine)
    engine.withdraw(last, completion: finish)
  }

  /// Records that it does not wait any more, without an answer; the predictions to withdraw.
  private func released(_ id: PredictionID) -> [PredictionID] {
    let digest = digest.withLock { $0 }
    return service.mcp.images { $0.release(id, digest: digest, isAnswered: false) }
  }

  private func withdraw(_ ids: [PredictionID], in engine: PredictionEngine?) {
    for id in ids { engine?.withdraw(id) {} }
  }
}
