internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A prediction as a task: the same id, the same life, and so nothing that a restart could lose.
///
/// It lives until the prediction is deleted, whatever lifetime was asked for, and says so with `null`.
struct MCPTask: Sendable {
  /// The two incompatible ways to write one.
  enum Dialect: Sendable {
    /// The experimental part of 2025-11-25.
    case core
    /// The extension `io.modelcontextprotocol/tasks` of 2026-07-28.
    case extended
  }

  enum Status: String, Sendable {
    case working, completed, failed, cancelled

    var isTerminal: Bool { self != .working }
  }

  /// How often it makes sense to ask, in milliseconds.
  static let pollInterval: Int64 = 1_000

  let snapshot: PredictionSnapshot
  private var prediction: Prediction { snapshot.prediction }

  init(_ snapshot: PredictionSnapshot) {
    self.snapshot = snapshot
  }

  /// Whether the task ended without anybody knowing of a picture, and a later look found that there is more to say.
  private var wasLost: Bool { prediction.hasBeenUnknown && prediction.status != .unknown }

  /// Where it stands. A task that has ended never changes again: one whose prediction was `unknown` stays what it was then,
  /// even when a later look found the picture.
  func status(in dialect: Dialect) -> Status {
    let hasNoPicture: Status = dialect == .core ? .failed : .completed
    if wasLost { return hasNoPicture }
    return switch prediction.status {
    case .created, .processing: .working
    case .completed: .completed
    case .failed, .unknown: hasNoPicture
    case .cancelled: .cancelled
    }
  }

  /// Writes the members of a task.
  func write(to json: inout JSONWriter, in dialect: Dialect) {
    let status = status(in: dialect)
    json.name("taskId")
    json.value(prediction.id.description)
    json.name("status")
    json.value(status.rawValue)
    json.name("statusMessage")
    switch status {
    case .working:
      json.value(prediction.status == .created ? "created, waiting its turn" : "processing")
    case .completed where prediction.status == .completed && !wasLost: json.value("completed")
    case .completed, .failed, .cancelled: json.value(excuse.description)
    }
    json.name("createdAt")
    json.value(Timestamp.text(prediction.createdAt))
    json.name("lastUpdatedAt")
    json.value(Timestamp.text(prediction.finishedAt ?? prediction.startedAt ?? prediction.createdAt))
    if dialect == .core { json.name("ttl") } else { json.name("ttlMs") }
    json.null()
    if dialect == .core { json.name("pollInterval") } else { json.name("pollIntervalMs") }
    json.value(Self.pollInterval)
  }

  private var excuse: SafeText {
    guard wasLost else { return prediction.excuse }
    return """
      When this task ended, nobody knew whether the provider had taken it. What is known since then: call get_prediction \
      with {"id":"\(prediction.id)"}.
      """
  }

  /// Whether its result has pictures in the message, as the call that began it wanted.
  func bringsPictures(_ service: Service) -> Bool {
    !snapshot.prediction.files.isEmpty && service.mcp.isInline(snapshot.prediction.id)
  }

  /// What the call would have brought, had it waited.
  func result(_ service: Service, pictureBytes: Int) -> MCPToolResult {
    var result = service.toolResult(snapshot, pictureBytes: pictureBytes)
    if wasLost {
      let words = SafeText.joined([prediction.sandboxLabel, excuse].compactMap { $0 }, separator: "\n")
      result = MCPToolResult(text: words, structured: result.structured, isError: true)
    }
    return result
  }

  /// Writes a task of the extension with what came of it.
  func writeDetailed(to json: inout JSONWriter, _ service: Service, for revision: MCPRevision, pictureBytes: Int) {
    write(to: &json, in: .extended)
    guard status(in: .extended) == .completed else { return }
    json.name("result")
    json.beginObject()
    json.name("resultType")
    json.value("complete")
    result(service, pictureBytes: pictureBytes).write(to: &json, for: revision)
    json.endObject()
  }
}

extension JSONWriter {
  /// Marks a message as one about a task of 2025-11-25.
  mutating func relatedTask(_ id: PredictionID) {
    name("io.modelcontextprotocol/related-task")
    beginObject()
    name("taskId")
    value(id.description)
    endObject()
  }
}

extension MCPCall {
  /// The task a call names; only predictions made over MCP are tasks.
  func task() throws(RPCError) -> MCPTask {
    guard let name = params["taskId"]?.string else { throw .invalidParams("taskId", "taskId is missing") }
    let agent = try agent()
    do throws(StoreError) {
      guard let id = PredictionID(name) else { throw .notFound }
      return MCPTask(try agent.snapshot(id))
    } catch {
      guard case .notFound = error else { throw .storage(error) }
      throw .invalidParams(
        "taskId", "there is no task \(name.prefix(64))", hint: "Its prediction may have been deleted.")
    }
  }
}
