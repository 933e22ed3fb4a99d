internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// `subscriptions/listen`: notifications about tasks, until the client cancels or the input ends. Lists never change, so there
/// are no notifications about them.
enum MCPSubscription {
  /// Longer than any prediction takes, in milliseconds.
  private static let watchTime: Int64 = 86_400_000
  private static let mostTasks = 1_000

  @Sendable static func listen(_ service: Service, _ call: MCPCall) throws(RPCError) {
    let wished = call.params["notifications"]?["taskIds"] ?? .null
    guard wished.isNull || wished.array != nil else {
      throw .invalidParams("notifications.taskIds", "taskIds must be an array of strings, not \(wished.kind)")
    }
    if !wished.isNull, !call.context.capabilities.hasTasksExtension { throw .tasksExtensionRequired }
    let agent = try call.agent()
    // Unknown tasks are left out of the acknowledgement.
    let tasks = (wished.array ?? []).prefix(mostTasks).compactMap { name -> MCPTask? in
      guard let id = name.string.flatMap(PredictionID.init), let snapshot = try? agent.snapshot(id) else {
        return nil
      }
      return MCPTask(snapshot)
    }
    call.reply.notify("notifications/subscriptions/acknowledged") { json in
      json.beginObject()
      json.subscription(call.id)
      json.name("notifications")
      json.beginObject()
      if !tasks.isEmpty {
        json.name("taskIds")
        json.beginArray()
        for task in tasks { json.value(task.snapshot.prediction.id.description) }
        json.endArray()
      }
      json.endObject()
      json.endObject()
    }
    let waits = tasks.compactMap { watch($0, for: call, in: agent.engine) }
    call.remains(waits, in: agent.engine) {
      call.result(meta: { $0.subscriptionID(call.id) }) { _ in }
    }
  }

  /// Sends a notification for every visible change, and at once for a finished task.
  private static func watch(_ task: MCPTask, for call: MCPCall, in engine: PredictionEngine) -> WaitID? {
    let told = Protected(task.snapshot.prediction.status)
    let tell: @Sendable (PredictionSnapshot) -> Void = { [service = call.service] snapshot in
      let task = MCPTask(snapshot)
      call.withRoom(for: snapshot, isInline: task.bringsPictures(service)) { room in
        call.reply.notify("notifications/tasks") { json in
          json.beginObject()
          json.subscription(call.id)
          task.writeDetailed(to: &json, service, for: call.revision, room: room)
          json.endObject()
        }
      }
    }
    let wait = try? engine.wait(for: [task.snapshot.prediction.id], atMost: watchTime) { snapshot in
      let isNews = told.withLock { told in
        defer { told = snapshot.prediction.status }
        return told != snapshot.prediction.status
      }
      if isNews { tell(snapshot) }
    } completion: { outcome in
      if let snapshot = outcome.snapshots.first, snapshot.isSettled { tell(snapshot) }
    }
    return wait
  }
}

extension JSONWriter {
  fileprivate mutating func subscription(_ id: JSONValue) {
    name("_meta")
    beginObject()
    subscriptionID(id)
    endObject()
  }

  /// Writes the id of the request with its JSON type: 7 is not "7".
  fileprivate mutating func subscriptionID(_ id: JSONValue) {
    name("io.modelcontextprotocol/subscriptionId")
    value(id)
  }
}
