internal import JSON
public import JSONRPC
public import Predictions
public import Threads

/// Answers requests: finds the method, reads its params, calls the engine and renders the result.
///
/// Fast methods run on the reading thread in order of arrival; calls that wait are accepted there and answered later. Where the
/// predictions are on a server, calls that may read them run behind each other on another thread (`Turns`).
public final class Service: RequestHandler {
  private struct State {
    var connection: Connection?
    var shutdownState = ShutdownState.none
    /// The settings of this client, where the program is shared.
    var own = ClientSettings()
  }

  private let state = Protected(State())
  let opened: Lazy<Result<PredictionEngine, StoreError>>
  private let methods: MethodTable
  let renderedPredictions = Protected(RenderedPredictions())
  let host: ServiceHost
  let maxMessageBytes: Int
  let mcp = MCPSession()
  /// Requests for the roots of the host.
  let roots = Protected(MCPRoots())
  let adoptions = MCPAdoptions()
  /// Answers questions that tools ask before they spend.
  let user: MCPUser
  /// Reads images into replies, one at a time: a large file must not delay the threads that read, save and commit, and the
  /// replies that a slow reader has not taken must not fill the memory.
  let pictures = WorkQueue()
  /// `nil` where the predictions are on this machine.
  let turns: Turns?
  let time: any TimeSource
  let subscriptions: Subscriptions

  /// A service for an engine. Without an engine, every call about predictions is answered with its error.
  ///
  /// - Parameters:
  ///   - engine: made by the first call that needs it, so that a process that only reports its capabilities opens nothing.
  ///   - maxMessageBytes: the longest message, unless a request asks for more.
  public init(
    engine: Lazy<Result<PredictionEngine, StoreError>>, host: ServiceHost, time: any TimeSource,
    maxMessageBytes: Int = 65_536
  ) {
    opened = engine
    self.host = host
    self.time = time
    user = MCPUser(time: time)
    methods = MethodTable(providers: host.providers)
    self.maxMessageBytes = maxMessageBytes
    turns = host.calls.map { Turns(on: $0) }
    subscriptions = Subscriptions(time: time)
  }

  /// A service for an engine that is open.
  public convenience init(
    engine: Result<PredictionEngine, StoreError>, host: ServiceHost, time: any TimeSource,
    maxMessageBytes: Int = 65_536
  ) {
    self.init(
      engine: Lazy { engine }, host: host, time: time, maxMessageBytes: maxMessageBytes)
  }

  /// Joins the service to the connection whose requests it answers.
  public func attach(_ connection: Connection) {
    state.withLock { $0.connection = connection }
    subscriptions.attach(connection)
    turns?.attach(connection)
  }

  /// Whether the client sent `shutdown` and `exit`.
  public var shutdownState: ShutdownState { state.withLock { $0.shutdownState } }

  // MARK: - Requests

  /// See `RequestHandler`.
  public func handle(_ request: Request, reply: consuming Reply) {
    if shutdownState != .none { return reply.error(.shuttingDown) }
    guard let method = methods[request.method], !method.isNotification else {
      if request.method == "$/cancelRequest" {
        // Vim's spelling: the id of the request to cancel is in the place of a request's own id. No answer is expected.
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
    guard let turns else {
      // The usual case, in which each call more would cost.
      guard case .now(let body) = method.body else { return handle(request, by: method, params, reply, in: nil) }
      return answer(reply, params, body)
    }
    switch method.turn {
    case .inOrder: break
    case .atOnce(let isAtOnce): if isAtOnce(self, params) { return handle(request, by: method, params, reply, in: nil) }
    case .fromMemory(let answer): if let answer = answer(self, params) { return reply.result { answer.write(to: &$0) } }
    }
    handle(request, by: method, params, reply, in: turns)
  }

  /// - Parameter turns: where the call waits for its turn; `nil` for now.
  private func handle(
    _ request: Request, by method: Method, _ params: MethodParameters, _ reply: consuming Reply, in turns: Turns?
  ) {
    switch method.body {
    case .now(let body):
      if let turns { return answer(reply.later(), params, in: turns, body) }
      answer(reply, params, body)
    case .later(let body): answerLater(reply, params, in: turns, body)
    case .mcp(let revisions, let body): handleMCP(request, params, reply, of: revisions, in: turns, body)
    case .notification: reply.error(.methodNotFound)
    }
  }

  @inline(__always)
  private func answer(
    _ reply: consuming Reply, _ params: MethodParameters,
    _ body: (Service, MethodParameters) throws(RPCError) -> Answer
  ) {
    do throws(RPCError) {
      switch try body(self, params) {
      case .empty: reply.result { $0.raw("{}") }
      case .null: reply.result { $0.null() }
      case .json(let bytes): reply.result { $0.raw(bytes) }
      }
    } catch {
      reply.error(error)
    }
  }

  private func answer(
    _ pending: PendingReply, _ params: MethodParameters, in turns: Turns,
    _ body: @escaping @Sendable (Service, MethodParameters) throws(RPCError) -> Answer
  ) {
    turns.add(bytes: params.byteEstimate) { [self] in
      do throws(RPCError) {
        let answer = try body(self, params)
        pending.result { answer.write(to: &$0) }
      } catch {
        pending.error(error)
      }
    }
  }

  private func answerLater(
    _ reply: consuming Reply, _ params: MethodParameters, in turns: Turns?,
    _ body: @escaping @Sendable (Service, MethodParameters, PendingCall) throws(RPCError) -> Void
  ) {
    let box = Protected<PendingCall?>(nil)
    let pending = reply.later { [opened, later = self.turns] _ in
      guard let call = box.withLock({ $0 }) else { return }
      guard let answer = call.end(by: .cancelled, in: try? opened.valueIfMade?.get()).answer else { return }
      // It may have to read a long input.
      if let later { later.add(bytes: 0) { answer(call) } } else { answer(call) }
    }
    let call = PendingCall(pending, cancellation: .whileWaiting)
    box.withLock { $0 = call }
    if let turns {
      turns.add(bytes: params.byteEstimate) { [self] in perform(call, params, body) }
    } else {
      perform(call, params, body)
    }
  }

  private func perform(
    _ call: PendingCall, _ params: MethodParameters,
    _ body: (Service, MethodParameters, PendingCall) throws(RPCError) -> Void
  ) {
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

  /// See `RequestHandler`: the answer to a question.
  public func handle(response: Response) {
    if hearRoots(response) { return }
    guard let id = response.id.value.string else { return }
    // The calls that asked go on.
    mayRead { [user] in user.answer(id, response.result) }
  }

  /// See `RequestHandler`.
  public func refusal(requestsInFlight limit: Int) -> RPCError { .tooManyInFlight(limit: limit) }

  /// See `RequestHandler`: the requests of one read are committed together before they are answered. For a server the commit is begun
  /// behind them, and not waited for.
  public func settle() {
    guard let turns else {
      engineIfOpen?.settle()
      return
    }
    turns.settle { [self] in engineIfOpen?.commit() }
    engineIfOpen?.waitForRoom()
  }

  // MARK: - For methods

  /// Runs a body that may read predictions: in its turn where they are on a server, otherwise at once.
  func mayRead(_ body: @escaping @Sendable () -> Void) {
    if let turns { turns.add(bytes: 0, body) } else { body() }
  }

  func engine() throws(RPCError) -> PredictionEngine {
    do throws(StoreError) {
      return try opened.value.get()
    } catch {
      throw .storage(error)
    }
  }

  /// The engine, if a call has needed it. Does not wait.
  var engineIfOpen: PredictionEngine? { try? opened.valueIfMade?.get() }

  /// Sends a notification that belongs to no request; it follows all earlier replies.
  func notify(_ method: String, params: (inout JSONWriter) -> Void) {
    state.withLock { $0.connection }?.notify(method, params: params)
  }

  /// Sends a request to the client; `handle(response:)` gets the answer.
  func request(_ method: String, id: String, params: (inout JSONWriter) -> Void) {
    state.withLock { $0.connection }?.request(method, id: id, params: params)
  }

  func cancelRequest(_ id: JSONValue) {
    state.withLock { $0.connection }?.cancel(id)
  }

  /// Ends all waits and refuses later requests. Predictions stay in the database.
  public func shutDown() {
    refuseLaterRequests()
    end()
  }

  /// The method `shutdown`: the same, behind the calls before it.
  func shutDownInOrder() {
    refuseLaterRequests()
    mayRead { [self] in end() }
  }

  private func refuseLaterRequests() { state.withLock { $0.shutdownState = .shutDown } }

  private func end() {
    endWaits()
    if isShared {
      state.withLock { $0.connection }?.cancelAll()
    } else {
      engineIfOpen?.stop()
    }
  }

  /// For the end of the connection of a shared program: nothing waits any more, and connection and service let go of each other.
  public func leave() {
    inputEnded()
    turns?.attach(nil)
    state.withLock { $0.connection.take() }?.cancelAll()
  }

  /// Ends all waits and subscriptions after the end of input; pending requests are answered. Waits until all calls have had their turn.
  public func inputEnded() {
    turns?.finish()
    endWaits()
  }

  /// Ends all waits and subscriptions.
  public func endWaits() {
    subscriptions.end()
    mcp.endWaits()
    adoptions.endWaits()
    user.inputEnded()
  }

  func exit() {
    let connection = state.withLock { state in
      state.shutdownState = state.shutdownState == .shutDown ? .shutDownAndExited : .exited
      return state.connection
    }
    connection?.stopReading()
  }

  /// Whether other clients use this process too.
  var isShared: Bool { host.ownsKey != nil }

  /// Takes the settings of the client.
  ///
  /// - Throws: -32602 for a key that is not the program's own, where the program is shared.
  func configure(_ settings: ClientSettings) throws(RPCError) {
    guard let ownsKey = host.ownsKey else { return host.configure(settings) }
    for provider in host.providers {
      guard let key = settings.keys[provider.name], !ownsKey(provider.name, key) else { continue }
      throw .invalidParams(
        "configuration.\(provider.keyField)", "this imagewire is shared and has another key, or none. Nothing was sent",
        hint: "Leave out the key: the process that listens has the keys of all its clients.")
    }
    state.withLock { state in
      state.own.provider = settings.provider ?? state.own.provider
      state.own.model = settings.model ?? state.own.model
      state.own.outputDirectory = settings.outputDirectory ?? state.own.outputDirectory
    }
  }

  /// A request with the settings of the client where it names none.
  func withClientSettings(_ request: PredictionRequest) -> PredictionRequest {
    guard isShared else { return request }
    let own = state.withLock { $0.own }
    var request = request
    request.provider = request.provider ?? own.provider
    request.model = request.model ?? own.model
    request.outputDirectory = request.outputDirectory ?? own.outputDirectory
    return request
  }

  /// The provider that a request names, else that of the client's settings.
  func provider(_ name: String?) -> String? { name ?? (isShared ? state.withLock { $0.own.provider } : nil) }

  /// The process of another machine or container may have the same number, so a shared program watches none.
  func watch(_ process: Int64) { if !isShared { host.watch(process) } }

  /// The answer to `initialize`.
  func capabilities() -> [UInt8] {
    let engine = try? opened.value.get()
    let own = state.withLock { $0.own }
    let provider = own.provider ?? engine.flatMap { $0.defaults.problem == nil ? $0.defaults.provider : nil }
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
    let model = own.model ?? provider.flatMap { engine?.defaultModel(of: $0) }
    json.name("model")
    if let model { json.value(model) } else { json.null() }
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
}
