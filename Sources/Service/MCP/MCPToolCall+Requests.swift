internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

// The tools that make images, or say what one would cost.
extension MCPToolCall {
  private typealias Parameters = MCPTool.Parameters

  /// `generate_image` and `edit_image`.
  func generate(isEdit: Bool) throws(RPCError) {
    let timeout = try longestWait()
    let (view, inline) = (try arguments[Parameters.view], try arguments[Parameters.inline])
    let agent = try call.agent()
    var request = PredictionRequest(input: JSONObject())
    request.outputDirectory = try outputDirectory()
    request.outputName = try arguments[Parameters.outputName]
    request.idempotencyKey = try arguments[Parameters.key]
    request.maxCostMicros = try arguments[Parameters.maxCost]
    let again = try arguments[Parameters.again]
    if again, request.idempotencyKey != nil {
      throw .invalidParams("again", "again and idempotency_key exclude each other", hint: "The key decides alone.")
    }
    call.begin(digest: digest(of: agent))
    if !again { request.repeats = RepeatedRequest(named: service.mcp.named) }
    let images: [String]
    if isEdit { images = try arguments[Parameters.images] } else { images = try arguments[Parameters.references] ?? [] }
    let input = try flatInput(images: images, of: agent)
    request.upload = !input.files.isEmpty
    let model = try arguments[Parameters.model]
    // With a schema to ask for, the request may be complete only after the read in which it arrived.
    let isLate = input.needsSchema
    let choice = MCPModelChoice(
      engine: agent.engine, input: input, inputs: service.inputFolders, named: model, isEdit: isEdit,
      patience: min(max(timeout, 3_000), 10_000), isWanted: { !call.isOver })
    let begun = service.time.now.steady
    let isChosen = Protected(false)
    choice.begin { [self, request] result in
      isChosen.withLock { $0 = true }
      // Meanwhile nobody may want it any more.
      guard !call.isOver else { return }
      do throws(RPCError) {
        if isLate, service.mcp.isAtEnd { throw .inputEnded }
        var request = request
        (request.model, request.input) = try result.get()
        let order = MCPOrder(request, of: self, as: agent, isLate: isLate) {
          let left = max(0, timeout - (service.time.now.steady - begun))
          accept($0, timeout: left, view: view || inline, agent.engine)
        }
        try order.begin()
      } catch {
        refuse(error)
      }
    }
    // The end of input answers a call that waits for the list of models.
    if !isChosen.withLock({ $0 }) { call.remains([], in: agent.engine) { refuse(.inputEnded) } }
  }

  /// `submit_prediction`.
  func submit() throws(RPCError) {
    var request = try SubmitParameters.request(arguments)
    request.outputDirectory = try outputDirectory()
    let agent = try call.agent()
    try MCPOrder(request, of: self, as: agent, isLate: false) {
      answer($0.snapshot, isEarlier: true)
    }.begin()
  }

  /// `estimate_cost`.
  func estimate() throws(RPCError) {
    let agent = try call.agent()
    let (images, references) = (try arguments[Parameters.optionalImages], try arguments[Parameters.references])
    let input = try flatInput(images: (images ?? []) + (references ?? []), of: agent)
    let model = try arguments[Parameters.model]
    let choice = MCPModelChoice(
      engine: agent.engine, input: input, inputs: service.inputFolders, named: model, isEdit: images != nil,
      patience: 10_000, pinsFiles: false)
    choice.begin { [self] result in
      do throws(RPCError) {
        var request = PredictionRequest(input: JSONObject())
        request.upload = !input.files.isEmpty
        (request.model, request.input) = try result.get()
        let label = agent.engine.isFree(at: nil) ? Prediction.sandboxWords : nil
        try MCPEstimate(engine: agent.engine, request: request).begin { result in
          switch result {
          case .success(let estimate): answer(estimate, label: label)
          case .failure(let error): refuse(error)
          }
        }
      } catch {
        refuse(error)
      }
    }
  }

  // MARK: - The request

  private func outputDirectory() throws(RPCError) -> String? {
    guard let folder = try arguments[Parameters.outputDirectory] else { return nil }
    let folders = service.folders
    guard folders.contains(folder) else {
      throw .invalidParams(
        "output_dir", "output_dir must be inside \(folders.names.joined(separator: " or "))",
        hint: "Leave it out, or have imagewire started with --allow-output.")
    }
    return folder
  }

  private func flatInput(images: [String], of agent: MCPAgent) throws(RPCError) -> FlatInput {
    let prompt = try arguments[Parameters.prompt]
    guard prompt.utf8.contains(where: { $0 > 0x20 }) else { throw .invalidParams("prompt", "the prompt is empty") }
    var input = FlatInput(prompt: prompt)
    input.size = try arguments[Parameters.size]
    input.aspectRatio = try arguments[Parameters.aspectRatio]
    input.count = try arguments[Parameters.count].map(Int64.init)
    input.quality = try arguments[Parameters.quality]
    input.format = try arguments[Parameters.format]
    input.seed = try arguments[Parameters.seed]
    let (parameters, earlier) = (try arguments[Parameters.parameters], try arguments[Parameters.input])
    if parameters != nil, earlier != nil {
      throw .invalidParams("parameters", "parameters and input are the same; give one of them")
    }
    input.parameters = parameters ?? earlier ?? JSONObject()
    for name in images { input.images.append(try imageName(name, in: "images", of: agent).text) }
    if let mask = try arguments[Parameters.mask] { input.mask = try imageName(mask, in: "mask", of: agent).text }
    return input
  }

  /// Of what decides the image, and of the agent: equal calls are requests for the same.
  private func digest(of agent: MCPAgent) -> [UInt8] {
    var object = arguments.object
    for name in ["wait_seconds", "timeout_ms", "view", "inline"] { object[name] = nil }
    return SHA256.hash(JSONValue.object(object).canonical { $0 }.serialized + Array(agent.agent.id.utf8))
  }

  // MARK: - The answer

  private func accept(_ accepted: PredictionEngine.Accepted, timeout: Int64, view: Bool, _ engine: PredictionEngine) {
    let snapshot = accepted.snapshot
    let id = snapshot.prediction.id
    @Sendable func answer(_ snapshot: PredictionSnapshot) {
      self.answer(snapshot, view: view, label: accepted.isRepeated ? notNew(snapshot) : nil)
    }
    if view, way != .result { service.mcp.keepInline(id) }
    // Cancelled before the commit: then it is withdrawn.
    guard call.hold(accepted, in: engine) else { return }
    if way != .result { service.mcp.leave(id, false) }
    switch way {
    case .coreTask:
      MCPTask.begin(snapshot, label: accepted.isRepeated ? notNew(snapshot) : nil, for: call, in: engine)
    case .extensionTask:
      let label = accepted.isRepeated ? notNew(snapshot) : nil
      call.result(type: "task") { MCPTask(snapshot).write(to: &$0, in: .extended, label: label) }
    // Finished already, because the key was known. This thread writes the database and must not wait.
    case .result where snapshot.isSettled: answer(snapshot)
    case .result:
      do throws(StoreError) {
        try call.wait(for: id, atMost: timeout, in: engine) { latest in
          answer((latest ?? snapshot).with(warnings: snapshot.warnings))
        }
      } catch {
        answer(snapshot)
      }
    }
  }

  /// Tells the model that its request was made before. Only of an image that is there does it say how to make another.
  private func notNew(_ snapshot: PredictionSnapshot) -> SafeText {
    let earlier = snapshot.prediction
    let made: SafeText =
      "Not a new image: the same request was made \(age(service.time.now.wall - earlier.createdAt)) ago"
    switch earlier.status {
    case .completed where !earlier.visibleFiles.isEmpty: return "\(made); again: true makes another."
    case .created, .processing: return "\(made) and is not finished."
    case .completed, .failed, .cancelled, .unknown: return "\(made); again: true may pay a second time."
    }
  }

  /// How long a call waits, in milliseconds: what it asks for, at most as long as hosts do, or the user's setting.
  func longestWait() throws(RPCError) -> Int64 {
    if let milliseconds = try arguments[Parameters.timeout] { return milliseconds }
    let usual = call.usualWait
    guard let seconds = try arguments[Parameters.wait] else { return usual }
    return min(Int64(seconds) * 1_000, max(usual, Int64(Parameters.longestWait) * 1_000))
  }
}

extension MCPCall {
  /// How long a tool waits where the call says nothing, in milliseconds: the user's setting, otherwise less than the host does.
  var usualWait: Int64 {
    if let wait = service.host.toolWait { return wait }
    return Self.shortWaits[context.clientName ?? service.mcp.clientName] ?? 50_000
  }

  /// How long clients wait that give up sooner than others, less a second. `mcp` is the name that the Python SDK gives its own
  /// client, with which openai-agents waits 5 s; `fastmcp` is that of another library, with which agno waits 10 s.
  private static let shortWaits: [String: Int64] = ["mcp": 4_000, "google-adk": 4_000, "fastmcp": 9_000]
}

extension Service {
  /// Records that an agent named a prediction, if it is its own.
  func name(_ id: PredictionID, of agent: MCPAgent) {
    if (try? agent.snapshot(id)) != nil { mcp.name(id) }
  }
}
