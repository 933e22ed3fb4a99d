internal import JSON
internal import Predictions
internal import Threads

/// `notifications/progress` for a request: the status, the elapsed time, and the id, by which a client that gives up can find
/// the prediction again. `progress` is in seconds and strictly increases; there is no invented total.
struct MCPProgress: Sendable {
  private let token: JSONValue
  private let hasMessage: Bool
  private let time: any TimeSource
  private let begun: Int64
  private let last = Protected<Int64>(-1)

  /// `nil` where the client sent no token.
  init?(_ call: MCPCall) {
    guard let token = call.progressToken else { return nil }
    self.init(token: token, revision: call.revision, time: call.service.time)
  }

  init(token: JSONValue, revision: MCPRevision, time: any TimeSource) {
    self.token = token
    hasMessage = revision.hasProgressMessage
    self.time = time
    begun = time.now.steady
  }

  /// Writes the params of the next notification.
  func write(_ snapshot: PredictionSnapshot, task: PredictionID? = nil, to json: inout JSONWriter) {
    let seconds = (time.now.steady - begun) / 1_000
    let progress = last.withLock { last in
      last = max(seconds, last + 1)
      return last
    }
    json.beginObject()
    json.name("progressToken")
    json.value(token)
    json.name("progress")
    json.value(progress)
    if hasMessage {
      json.name("message")
      json.value("\(snapshot.prediction.standing), \(seconds) s (prediction \(snapshot.prediction.id))")
    }
    if let task {
      json.name("_meta")
      json.beginObject()
      json.relatedTask(task)
      json.endObject()
    }
    json.endObject()
  }
}
