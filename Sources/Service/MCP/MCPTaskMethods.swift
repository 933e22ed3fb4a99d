internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

// The methods `tasks/…`, whose results differ between the two dialects.
extension MCPTask {
  /// How long a task is watched, in milliseconds: a day, in which every prediction ends.
  private static let watchTime: Int64 = 86_400_000

  /// Answers a call with a task, and then sends notifications about it.
  ///
  /// - Parameter label: what the answer begins with.
  static func begin(
    _ snapshot: PredictionSnapshot, label: SafeText?, for call: MCPCall, in engine: PredictionEngine
  ) {
    let id = snapshot.prediction.id
    call.result(meta: { json in
      json.name("io.modelcontextprotocol/model-immediate-response")
      let words: SafeText = "The image is being generated as task \(id); get_image with that id returns its state."
      json.value(SafeText.joined([label, words].compactMap { $0 }, separator: " ").description)
    }) { json in
      json.name("task")
      json.beginObject()
      MCPTask(snapshot).write(to: &json, in: .core, label: label)
      json.endObject()
    }
    let service = call.service
    let progress = MCPProgress(call)
    let told = Protected(MCPTask(snapshot).state)
    let tell: @Sendable (PredictionSnapshot) -> Void = { snapshot in
      guard !service.mcp.isLeft(id) else { return }
      let task = MCPTask(snapshot)
      // The token of the call is valid while its task works.
      if let progress, !task.status(in: .core).isTerminal {
        service.notify("notifications/progress") { progress.write(snapshot, task: id, to: &$0) }
      }
      let isNews = told.withLock { told in
        defer { told = task.state }
        return told != task.state
      }
      guard isNews else { return }
      service.notify("notifications/tasks/status") { json in
        json.beginObject()
        task.write(to: &json, in: .core)
        json.endObject()
      }
    }
    tell(snapshot)
    if snapshot.isSettled { return }
    _ = try? engine.wait(for: [id], atMost: watchTime, onProgress: tell) { outcome in
      if let snapshot = outcome.snapshots.first { tell(snapshot) }
    }
  }

  /// The state whose change is a notification.
  private var state: [String] { [status(in: .core).rawValue, snapshot.prediction.status.rawValue] }

  /// `tasks/get`.
  @Sendable static func get(_ service: Service, _ call: MCPCall) throws(RPCError) {
    let task = try checked(call)
    guard call.revision.isStateless else { return call.result { task.write(to: &$0, in: .core) } }
    if task.status(in: .extended).isTerminal { service.mcp.name(task.snapshot.prediction.id) }
    call.withRoom(for: task.snapshot, isInline: task.bringsPictures(service)) { room in
      call.result { task.writeDetailed(to: &$0, service, for: call.revision, room: room) }
    }
  }

  /// `tasks/result`: waits for the result.
  @Sendable static func result(_ service: Service, _ call: MCPCall) throws(RPCError) {
    let task = try checked(call)
    let id = task.snapshot.prediction.id
    let answer: @Sendable (PredictionSnapshot?) -> Void = { snapshot in
      guard let snapshot else { return call.error(.notFound(id.description)) }
      let task = MCPTask(snapshot, isLeft: service.mcp.isLeft(id))
      switch task.status(in: .core) {
      case .working: call.error(.requestCancelled)
      case .cancelled: call.error(.taskCancelled(id))
      case .completed, .failed:
        call.withRoom(for: task.snapshot, isInline: task.bringsPictures(service)) { room in
          let result = task.result(service, room: room)
          service.mcp.name(id)
          call.result(meta: { $0.relatedTask(id) }) { result.write(to: &$0, for: call.revision) }
        }
      }
    }
    if task.status(in: .core).isTerminal { return answer(task.snapshot) }
    let engine = try service.engine()
    do throws(StoreError) {
      // No progress here: the token belongs to the call that created the task.
      let wait = try engine.wait(for: [id], atMost: watchTime) { answer($0.snapshots.first) }
      if let wait { call.remains([wait], in: engine) { answer((try? engine.snapshot(id)) ?? nil) } }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  /// `tasks/list`: a page of predictions submitted over MCP.
  @Sendable static func list(_ service: Service, _ call: MCPCall) throws(RPCError) {
    var query = ListQuery(limit: 50)
    if let cursor = call.params["cursor"], !cursor.isNull {
      guard let text = cursor.string else { throw .invalidParams("cursor", "cursor must be a string") }
      query.cursor = text
    }
    try call.agent().list(query) { result in
      let page: ListPage
      do throws(StoreError) { page = try result.get() } catch { return call.error(.storage(error)) }
      call.result { json in
        json.name("tasks")
        json.beginArray()
        for prediction in page.predictions {
          json.beginObject()
          let isLeft = service.mcp.isLeft(prediction.id)
          MCPTask(PredictionSnapshot(prediction, resultURL: nil), isLeft: isLeft).write(to: &json, in: .core)
          json.endObject()
        }
        json.endArray()
        if let next = page.nextCursor {
          json.name("nextCursor")
          json.value(next)
        }
      }
    }
  }

  /// `tasks/cancel`. A task that shares its prediction with an open call only ends itself. The core returns the cancelled task, and an error for a finished one; the extension only acknowledges.
  @Sendable static func cancel(_ service: Service, _ call: MCPCall) throws(RPCError) {
    let task = try checked(call)
    let dialect: Dialect = call.revision.isStateless ? .extended : .core
    let id = task.snapshot.prediction.id
    if task.status(in: dialect).isTerminal {
      guard dialect == .extended else { throw .taskOver(id) }
      return call.result { _ in }
    }
    if service.mcp.images({ $0.isHeld(id) }) {
      service.mcp.leave(id)
      return call.result { if dialect == .core { MCPTask(task.snapshot, isLeft: true).write(to: &$0, in: .core) } }
    }
    try service.engine().cancel(id, deleteRemote: false) { result in
      switch result {
      case .failure(let error): call.error(.storage(error, id: id.description))
      case .success where dialect == .extended: call.result { _ in }
      case .success(let snapshot) where snapshot.prediction.status == .cancelled:
        call.result { MCPTask(snapshot).write(to: &$0, in: .core) }
      // It finished just before.
      case .success: call.error(.taskOver(id))
      }
    }
  }

  /// `tasks/update`: only acknowledged, since tasks here never ask for input.
  @Sendable static func update(_ service: Service, _ call: MCPCall) throws(RPCError) {
    _ = try checked(call)
    call.result { _ in }
  }

  /// The task of a call, whose client must have declared the extension in stateless revisions.
  private static func checked(_ call: MCPCall) throws(RPCError) -> MCPTask {
    if call.revision.isStateless, !call.context.capabilities.hasTasksExtension { throw .tasksExtensionRequired }
    return try call.task()
  }
}

extension RPCError {
  fileprivate static func taskOver(_ id: PredictionID) -> RPCError {
    .invalidParams("taskId", "the task \(id) is over and cannot be cancelled")
  }

  fileprivate static func taskCancelled(_ id: PredictionID) -> RPCError {
    RPCError(.taskCancelled, "The task was cancelled; there is no image.", id: id.description)
  }
}
