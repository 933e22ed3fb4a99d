internal import Encoding
internal import JSON
public import JSONRPC
public import Predictions
public import Threads

/// Answers requests: finds the method, reads its params, asks the engine, renders what it says.
///
/// Fast methods run inline on the reading thread in arrival order; what waits is handed off after it was accepted.
public final class Service: RequestHandler {
  private struct State {
    var connection: Connection?
    var shutdownState = ShutdownState.none
    var rendered: [PredictionID: (revision: Int64, bytes: [UInt8])] = [:]
    var renderedBytes = 0
  }

  private let state = Protected(State())
  private let opened: Lazy<Result<PredictionEngine, StoreError>>
  private let methods: MethodTable
  let host: ServiceHost
  let maxMessageBytes: Int
  let mcp = MCPSession()
  /// Reads pictures into replies, one at a time: a large file takes its time, others wait behind the threads that reading,
  /// saving and committing have, and what a slow reader leaves lying must not become gigabytes.
  let pictures = WorkQueue()
  let time: any TimeSource
  let subscriptions: Subscriptions

  /// A service over an engine, or over the reason why there is none: then everything about predictions is answered
  /// with that reason, and the process lives.
  ///
  /// - Parameters:
  ///   - engine: made by the first call that needs it, so that a process that is only asked what it is touches nothing.
  ///   - maxMessageBytes: no message is longer unless the client asked for more.
  public init(
    engine: Lazy<Result<PredictionEngine, StoreError>>, host: ServiceHost, time: any TimeSource,
    methods: MethodTable = .standard, maxMessageBytes: Int = 65_536
  ) {
    opened = engine
    self.host = host
    self.time = time
    self.methods = methods
    self.maxMessageBytes = maxMessageBytes
    subscriptions = Subscriptions(time: time)
  }

  /// A service over an engine that is there already.
  public convenience init(
    engine: Result<PredictionEngine, StoreError>, host: ServiceHost, time: any TimeSource,
    methods: MethodTable = .standard, maxMessageBytes: Int = 65_536
  ) {
    self.init(
      engine: Lazy { engine }, host: host, time: time, methods: methods,
      maxMessageBytes: maxMessageBytes)
  }

  /// Joins the service to the connection whose requests it answers.
  public func attach(_ connection: Connection) {
    state.withLock { $0.connection = connection }
    subscriptions.attach(connection)
  }

  /// What the client said about the end.
  public var shutdownState: ShutdownState { state.withLock { $0.shutdownState } }

  // MARK: - Requests

  /// See `RequestHandler`.
  public func handle(_ request: Request, reply: consuming Reply) {
    if shutdownState != .none { return reply.error(.shuttingDown) }
    guard let method = methods[request.method], !method.isNotification else {
      if request.method == "$/cancelRequest" {
        // Vim's spelling: the id of the request to cancel stands where a request's own id would. No answer is expected.
        reply.silence()
        if let id = request.id?.value { cancelRequest(id) }
        return
      }
      return reply.error(.methodNotFound)
    }
    let params: MethodParameters
    do throws(RPCError) {
      params = try MethodParameters(request.params, of: method.parameters, strict: method.isStrict)
    } catch {
      return reply.error(error)
    }
    switch method.body {
    case .now(let body):
      do throws(RPCError) {
        switch try body(self, params) {
        case .empty: reply.result { $0.raw("{}") }
        case .null: reply.result { $0.null() }
        case .json(let bytes): reply.result { $0.raw(bytes) }
        }
      } catch {
        reply.error(error)
      }
    case .later(let body): answerLater(reply, params, body)
    case .mcp(let revisions, let body): handleMCP(request, params, reply, in: revisions, body)
    case .notification: reply.error(.methodNotFound)
    }
  }

  private func answerLater(
    _ reply: consuming Reply, _ params: MethodParameters,
    _ body: (Service, MethodParameters, PendingCall) throws(RPCError) -> Void
  ) {
    let box = Protected<PendingCall?>(nil)
    let pending = reply.later { [opened] _ in
      guard let engine = try? opened.valueIfMade?.get(), let call = box.withLock({ $0 }) else { return }
      call.cancel(in: engine)
    }
    let call = PendingCall(pending)
    box.withLock { $0 = call }
    do throws(RPCError) {
      try body(self, params, call)
    } catch {
      call.error(error)
    }
  }

  /// See `RequestHandler`.
  public func handle(notification: Request) {
    guard let method = methods[notification.method], case .notification(let body) = method.body else { return }
    let params = notification.params
    if let params = try? MethodParameters(params, of: method.parameters, strict: false) { body(self, params) }
  }

  /// See `RequestHandler`.
  public func refusal(requestsInFlight limit: Int) -> RPCError { .tooManyInFlight(limit: limit) }

  /// See `RequestHandler`: what came in one read is committed together before it is answered.
  public func settle() {
    if let engine = try? opened.valueIfMade?.get() { engine.settle() }
  }

  // MARK: - What methods need

  func engine() throws(RPCError) -> PredictionEngine {
    do throws(StoreError) {
      return try opened.value.get()
    } catch {
      throw .storage(error)
    }
  }

  /// Sends a notification that belongs to no request; it follows every reply given before.
  func notify(_ method: String, params: (inout JSONWriter) -> Void) {
    state.withLock { $0.connection }?.notify(method, params: params)
  }

  func cancelRequest(_ id: JSONValue) {
    state.withLock { $0.connection }?.cancel(id)
  }

  /// Ends all waiting and refuses what comes after. Nothing is lost: predictions go on in the table.
  public func shutDown() {
    state.withLock { $0.shutdownState = .shutDown }
    subscriptions.end()
    mcp.endWaits()
    if let engine = try? opened.valueIfMade?.get() { engine.stop() }
  }

  /// The client asks nothing more: what it asked is answered, and nothing else is told any more.
  public func inputEnded() {
    subscriptions.end()
    mcp.endWaits()
  }

  func exit() {
    let connection = state.withLock { state in
      state.shutdownState = state.shutdownState == .shutDown ? .shutDownAndExited : .exited
      return state.connection
    }
    connection?.stopReading()
  }

  func configure(_ settings: ClientSettings) { host.configure(settings) }

  func watch(_ process: Int64) { host.watch(process) }

  /// The answer to `initialize`.
  func capabilities() -> [UInt8] {
    let engine = try? opened.value.get()
    let provider = engine.flatMap { $0.defaults.problem == nil ? $0.defaults.provider : nil }
    var json = JSONWriter()
    json.beginObject()
    json.name("capabilities")
    json.beginObject()
    json.name("experimental")
    json.beginObject()
    json.name("imagewire")
    json.beginObject()
    json.name("provider")
    if let provider { json.value(provider) } else { json.null() }
    json.name("model")
    if let model = provider.flatMap({ engine?.defaultModel(of: $0) }) { json.value(model) } else { json.null() }
    json.name("max_message_bytes")
    json.value(maxMessageBytes)
    json.name("methods")
    json.beginArray()
    for method in methods.methods where method.isDescribed { json.value(method.name) }
    json.endArray()
    json.endObject()
    json.endObject()
    json.endObject()
    json.name("serverInfo")
    json.beginObject()
    json.name("name")
    json.value("imagewire")
    json.name("version")
    json.value(host.version)
    json.endObject()
    json.endObject()
    return json.bytes
  }

  /// The answer to `rpc.discover`.
  func description() -> [UInt8] {
    OpenRPCDocument(methods, version: host.version).openRPC.serialized
  }

  // MARK: - Rendering

  /// What a reply has around its result: the envelope, the longest id allowed, a header.
  static let envelopeBytes = 1_200
  /// How many renderings are kept.
  private static let keptCount = 256
  /// From how many bytes on they are dropped.
  private static let keptBytes = 8 << 20

  /// A prediction as JSON. Encoded once a revision; the bytes are kept.
  func render(_ snapshot: PredictionSnapshot, isFull: Bool = false) -> [UInt8] {
    let id = snapshot.prediction.id
    let revision = snapshot.prediction.revision
    // What is no part of the row has no revision.
    let isKept = snapshot.waiting == nil && snapshot.warnings.isEmpty
    if !isFull, isKept, let kept = state.withLock({ $0.rendered[id] }), kept.revision == revision { return kept.bytes }
    var snapshot = snapshot
    // A long input of a finished prediction is not in memory, and is shown only where the message may be that long.
    if isFull || maxMessageBytes > LiveCache.longestInput, let engine = try? opened.value.get() {
      snapshot = (try? engine.whole(snapshot)) ?? snapshot
    }
    if isFull { return rendered(snapshot, PredictionEncodingOptions()) }
    let room = maxMessageBytes - Self.envelopeBytes
    var bytes: [UInt8] = []
    let isShort = (snapshot.prediction.input?.count ?? 0) <= room
    if isShort { bytes = rendered(snapshot, PredictionEncodingOptions()) }
    if !isShort || bytes.count > room { bytes = rendered(snapshot, PredictionEncodingOptions(omitsInput: true)) }
    guard isKept else { return bytes }
    let result = bytes
    state.withLock { state in
      if state.rendered.count >= Self.keptCount || state.renderedBytes > Self.keptBytes {
        state.rendered.removeAll(keepingCapacity: true)
        state.renderedBytes = 0
      }
      state.renderedBytes += result.count - (state.rendered[id]?.bytes.count ?? 0)
      state.rendered[id] = (revision, result)
    }
    return bytes
  }

  private func rendered(
    _ snapshot: PredictionSnapshot, _ options: PredictionEncodingOptions, reserving count: Int = 1_024
  ) -> [UInt8] {
    var json = JSONWriter(reserving: count)
    snapshot.write(to: &json, options)
    return json.bytes
  }

  /// Writes a prediction with its files' contents, as far as they fit; asked for, and so not bound by the message limit.
  ///
  /// A picture is read and encoded a piece at a time, straight into the reply: in memory it is there once.
  ///
  /// - Parameters:
  ///   - limit: how many bytes of files are shown, before base64.
  ///   - room: how many bytes the reply may have, as far as that is up to the files.
  func writeInline(
    _ snapshot: PredictionSnapshot, _ engine: PredictionEngine, atMost limit: Int64, room: Int,
    to json: inout JSONWriter
  ) {
    let limit = min(limit, Int64(room / 4 * 3))
    var options = PredictionEncodingOptions()
    options.contents = { file, text in
      engine.read(file, for: snapshot.prediction.origin) { Base64.encode($0.span, into: &text) }
    }
    var left = limit
    for (index, file) in snapshot.prediction.files.enumerated() where file.bytes <= left {
      left -= file.bytes
      options.inlined.insert(index)
    }
    json.reserve(Int((limit - left + 2) / 3 * 4) + 4_096)
    snapshot.write(to: &json, options)
  }

  /// `{done, predictions, more}`: in the order asked, cut before the message limit.
  func render(_ outcome: WaitOutcome, requested ids: [PredictionID]) -> [UInt8] {
    let byID = Dictionary(outcome.snapshots.map { ($0.prediction.id, $0) }) { first, _ in first }
    var json = JSONWriter()
    json.beginObject()
    json.name("done")
    json.value(outcome.isFulfilled)
    json.name("predictions")
    json.beginArray()
    var more: [PredictionID] = []
    var isFirst = true
    for (index, id) in ids.enumerated() {
      guard let snapshot = byID[id] else { continue }
      let bytes = rendered(snapshot, PredictionEncodingOptions(hasInput: false))
      // Each id that is still to come may be left out, and then takes its place in `more`.
      let room = maxMessageBytes - Self.envelopeBytes - 39 * (ids.count - index)
      // The first one always goes, so that whoever asks for the rest gets on.
      if isFirst || more.isEmpty && json.bytes.count + bytes.count <= room {
        json.raw(bytes)
        isFirst = false
      } else {
        more.append(id)
      }
    }
    json.endArray()
    json.name("more")
    json.beginArray()
    for id in more { json.value(id.description) }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  /// `{predictions, next_cursor}`, cut before the message limit.
  func render(_ page: ListPage) -> [UInt8] {
    let engine = try? opened.value.get()
    var json = JSONWriter()
    json.beginObject()
    json.name("predictions")
    json.beginArray()
    var next = page.nextCursor
    for (index, prediction) in page.predictions.enumerated() {
      let snapshot = engine?.snapshot(of: prediction) ?? PredictionSnapshot(prediction, resultURL: nil)
      let bytes = rendered(snapshot, PredictionEncodingOptions(hasInput: false))
      if index > 0, json.bytes.count + bytes.count + 300 > maxMessageBytes - Self.envelopeBytes {
        next = page.cursors[index - 1]
        break
      }
      json.raw(bytes)
    }
    json.endArray()
    json.name("next_cursor")
    if let next { json.value(next) } else { json.null() }
    json.endObject()
    return json.bytes
  }
}
