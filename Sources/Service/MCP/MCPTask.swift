internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A prediction as a task, with the same id and the same lifetime, so that a restart loses no task.
///
/// It exists until the prediction is deleted, whatever lifetime was requested; its `ttl` is `null`.
struct MCPTask: Sendable {
  /// The two incompatible forms of a task.
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

  /// The interval for polling, in milliseconds.
  static let pollInterval: Int64 = 1_000

  let snapshot: PredictionSnapshot
  private var prediction: Prediction { snapshot.prediction }

  /// Whether the client cancelled it while another call waited for the image, which goes on.
  private let isLeft: Bool

  init(_ snapshot: PredictionSnapshot, isLeft: Bool = false) {
    self.snapshot = snapshot
    self.isLeft = isLeft
  }

  /// Whether the task ended as `unknown` and its prediction has changed after that.
  private var wasLost: Bool { prediction.hasBeenUnknown && prediction.status != .unknown }

  /// Its status. A finished task does not change: a task whose prediction was `unknown` keeps its status even when the image is
  /// found later.
  func status(in dialect: Dialect) -> Status {
    if isLeft { return .cancelled }
    let hasNoPicture: Status = dialect == .core ? .failed : .completed
    if wasLost { return hasNoPicture }
    return switch prediction.status {
    case .created, .processing: .working
    case .completed: .completed
    case .failed, .unknown: hasNoPicture
    case .cancelled: .cancelled
    }
  }

  /// Writes the fields of a task.
  ///
  /// - Parameter label: what its message begins with.
  func write(to json: inout JSONWriter, in dialect: Dialect, label: SafeText? = nil) {
    let status = status(in: dialect)
    json.name("taskId")
    json.value(prediction.id.description)
    json.name("status")
    json.value(status.rawValue)
    json.name("statusMessage")
    let message: SafeText =
      switch status {
      case .working: prediction.status == .created ? "created, waiting its turn" : "processing"
      case .completed where prediction.status == .completed && !wasLost: "completed"
      case .completed, .failed, .cancelled: excuse
      }
    json.value(SafeText.joined([label, message].compactMap { $0 }, separator: " ").description)
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
    if isLeft { return "Cancelled. An equal call is still open, so the image is made all the same." }
    guard wasLost else { return prediction.excuse }
    return """
      When this task ended, it was unknown whether the provider had received the request. For its current state call \
      get_image with {"id":"\(prediction.id)"}.
      """
  }

  /// Whether its result includes images, as the call that began it requested.
  func bringsPictures(_ service: Service) -> Bool {
    !snapshot.prediction.visibleFiles.isEmpty && service.mcp.isInline(snapshot.prediction.id)
  }

  /// The result that the call would have returned after waiting.
  func result(_ service: Service, room: MCPRoom) -> MCPToolResult {
    guard wasLost else { return service.brief(snapshot, room: room) }
    let words = SafeText.joined([prediction.sandboxLabel, excuse].compactMap { $0 }, separator: "\n")
    return MCPToolResult(text: words, isError: true)
  }

  /// Writes a task of the extension with its result.
  func writeDetailed(to json: inout JSONWriter, _ service: Service, for revision: MCPRevision, room: MCPRoom) {
    write(to: &json, in: .extended)
    guard status(in: .extended) == .completed else { return }
    json.name("result")
    json.beginObject()
    json.name("resultType")
    json.value("complete")
    result(service, room: room).write(to: &json, for: revision)
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
  /// The task that a call names. Only predictions submitted over MCP are tasks.
  func task() throws(RPCError) -> MCPTask {
    guard let name = params["taskId"]?.string else { throw .invalidParams("taskId", "taskId is missing") }
    let agent = try agent()
    do throws(StoreError) {
      guard let id = PredictionID(name) else { throw .notFound }
      return MCPTask(try agent.snapshot(id), isLeft: service.mcp.isLeft(id))
    } catch {
      guard case .notFound = error else { throw .storage(error) }
      throw .invalidParams(
        "taskId", "there is no task \(name.prefix(64))", hint: "Its prediction may have been deleted.")
    }
  }
}
