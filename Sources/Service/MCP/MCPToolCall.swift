internal import JSON
internal import JSONRPC
internal import Predictions

/// A `tools/call` with its arguments.
struct MCPToolCall: Sendable {
  /// The form of the reply.
  enum Way: Sendable {
    /// The result, after waiting for it.
    case result
    /// A task of the protocol itself (2025-11-25).
    case coreTask
    /// A task of the extension.
    case extensionTask
  }

  let call: MCPCall
  let way: Way
  let arguments: MethodParameters

  private var service: Service { call.service }

  /// `tools/call`.
  @Sendable static func handle(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard let name = call.params["name"]?.string else { throw .invalidParams("name", "name is missing") }
    guard let tool = MCPTool.named(name) else {
      let names = MCPTool.all.map(\.name).joined(separator: ", ")
      throw .invalidParams("name", "there is no tool \"\(name.prefix(64))\"", hint: "There are \(names).")
    }
    var way = Way.result
    if call.revision.hasCoreTasks, call.params["task"]?.object != nil {
      guard tool.isTaskCapable else { throw .methodNotFound }
      way = .coreTask
    } else if call.context.hasTasksExtension, tool.isTaskCapable {
      way = .extensionTask
    }
    let given = call.params["arguments"] ?? .null
    guard given.isNull || given.object != nil else {
      throw .invalidParams("arguments", "arguments must be an object, not \(given.kind)")
    }
    do throws(RPCError) {
      try tool.body(
        MCPToolCall(call: call, way: way, arguments: try MethodParameters(given, of: tool.parameters, strict: true)))
    } catch {
      refuse(call, error, way: way)
    }
  }

  /// Reports an error to the model, where other arguments may help, otherwise to the client.
  static func refuse(_ call: MCPCall, _ error: RPCError, way: Way = .result) {
    // A client that asked for a task expects a task or an error, and there is no task.
    if way == .coreTask { return call.error(error) }
    if error.code == ErrorKind.invalidParams.code, !call.revision.tellsModelOfBadArguments { return call.error(error) }
    let result = MCPToolResult(text: error.sentence, isError: true)
    call.result { result.write(to: &$0, for: call.revision) }
  }

  private func answer(_ snapshot: PredictionSnapshot?, isInline: Bool = false, isToBringIt: Bool = true) {
    guard let snapshot else { return Self.refuse(call, .notFound("of that id any more")) }
    call.withRoom(for: snapshot, isInline: isInline) { [call] room in
      let result = call.service.toolResult(snapshot, room: room, isToBringIt: isToBringIt)
      call.result { result.write(to: &$0, for: call.revision) }
    }
  }

  // MARK: - The tools

  func generate() throws(RPCError) {
    let timeout = try arguments[MCPTool.Parameters.timeout]
    let isInline = try arguments[MCPTool.Parameters.inline]
    let engine = try service.engine()
    try order { accepted in
      let snapshot = accepted.snapshot
      let id = snapshot.prediction.id
      if isInline, way != .result { service.mcp.keepInline(id) }
      switch way {
      case .coreTask: MCPTask.begin(snapshot, for: call, in: engine)
      case .extensionTask: call.result(type: "task") { MCPTask(snapshot).write(to: &$0, in: .extended) }
      // Finished already, because the key was known. This thread writes the database and must not wait.
      case .result where snapshot.isSettled: answer(snapshot, isInline: isInline)
      case .result:
        guard call.hold(accepted, in: engine) else { return }
        do throws(StoreError) {
          try call.wait(for: id, atMost: timeout, in: engine) { latest in
            answer((latest ?? snapshot).with(warnings: snapshot.warnings), isInline: isInline)
          }
        } catch {
          answer(snapshot)
        }
      }
    }
  }

  func submit() throws(RPCError) {
    try order { answer($0.snapshot) }
  }

  func get() throws(RPCError) {
    let id = try arguments[MCPTool.Parameters.id]
    let timeout = try arguments[MCPTool.Parameters.timeout]
    let isInline = try arguments[MCPTool.Parameters.inline]
    let agent = try call.agent()
    do throws(StoreError) {
      _ = try agent.snapshot(id)
      try call.wait(for: id, atMost: timeout, in: agent.engine) { answer($0, isInline: isInline) }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  func cancel() throws(RPCError) {
    let id = try arguments[MCPTool.Parameters.id]
    let agent = try call.agent()
    do throws(StoreError) {
      try agent.cancel(id) { result in
        switch result {
        case .success(let snapshot): answer(snapshot, isToBringIt: false)
        case .failure(let error): Self.refuse(call, .storage(error, id: id.description))
        }
      }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  func list() throws(RPCError) {
    var query = ListQuery(limit: try arguments[MCPTool.Parameters.limit])
    query.status = try arguments[MCPTool.Parameters.status]
    query.text = try arguments[MCPTool.Parameters.text]
    query.cursor = try arguments[MCPTool.Parameters.cursor]
    let agent = try call.agent()
    agent.list(query) { [call] result in
      switch result {
      case .success(let page):
        let result = call.service.toolResult(page, agent.engine)
        call.result { result.write(to: &$0, for: call.revision) }
      case .failure(let error): Self.refuse(call, .storage(error))
      }
    }
  }

  /// Accepts a prediction; it is on disk before the body runs.
  private func order(_ body: @escaping @Sendable (PredictionEngine.Accepted) -> Void) throws(RPCError) {
    let request = try SubmitParameters.request(arguments)
    let folders = service.folders
    if let folder = request.outputDirectory, !folders.contains(folder) {
      throw .invalidParams(
        "output_dir", "output_dir must be inside \(folders.names.joined(separator: " or "))",
        hint: "Leave it out, or have imagewire started with --allow-output.")
    }
    let agent = try call.agent()
    do throws(SubmitError) {
      try agent.submit(request) { [way, call] result in
        switch result {
        case .success(let accepted): body(accepted)
        case .failure(let error): Self.refuse(call, .submit(error), way: way)
        }
      }
    } catch {
      throw .submit(error)
    }
  }
}

extension Service {
  /// The result of `list_predictions`, cut before the message limit.
  fileprivate func toolResult(_ page: ListPage, _ engine: PredictionEngine) -> MCPToolResult {
    let folders = folders
    var next = page.nextCursor
    var json = JSONWriter()
    var text: [SafeText] = []
    json.beginObject()
    json.name("predictions")
    json.beginArray()
    for (index, prediction) in page.predictions.enumerated() {
      let snapshot = engine.snapshot(of: prediction)
      let bytes = structured(snapshot, within: folders, isListed: true)
      // The text repeats it in a shorter form, so the structured content may take about half of the message.
      if index > 0, (json.bytes.count + bytes.count) * 2 > maxMessageBytes {
        next = page.cursors[index - 1]
        break
      }
      json.raw(bytes)
      text.append(
        prediction.summary(files: prediction.visibleFiles.map(\.path).filter(folders.contains), isListed: true))
    }
    json.endArray()
    json.name("next_cursor")
    if let next { json.value(next) } else { json.null() }
    json.endObject()
    if text.isEmpty { text = ["No predictions."] }
    let shown = page.predictions.prefix(text.count)
    if let label = shown.first?.sandboxLabel, shown.allSatisfy(\.isFree) { text.insert(label, at: 0) }
    if let last = page.predictions.first, let warning = engine.agentWarning(for: last) {
      text.append(SafeText(warning))
    }
    if let next { text.append("More: list_predictions with {\"cursor\":\"\(next)\"}.") }
    return MCPToolResult(text: .joined(text, separator: "\n"), structured: json.bytes)
  }
}

extension RPCError {
  /// The error and its hint for a model.
  var sentence: SafeText {
    let hint = data.flatMap { try? JSONValue(parsing: $0) }?["hint"]?.string
    // Only the user can change a setting; without this sentence a model tries other arguments.
    let advice = code == ErrorKind.providerNotConfigured.code ? "Tell the user: no other arguments will help." : nil
    return SafeText(sentences(plainMessage, hint, advice))
  }
}
