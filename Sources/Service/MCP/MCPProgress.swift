internal import JSON
internal import Predictions

/// `notifications/progress` for a request: the status, the elapsed time, and the id, by which a client that gives up can find
/// the prediction again. `progress` is the share of `total` that earlier predictions let expect, and strictly increases.
struct MCPProgress: Sendable {
  private let token: JSONValue
  private let hasMessage: Bool
  private let time: any TimeSource
  private let begun: Int64
  private let share = ToldShare()
  private let service: Service?

  /// `nil` where the client sent no token.
  init?(_ call: MCPCall) {
    guard let token = call.progressToken else { return nil }
    self.init(token: token, revision: call.revision, time: call.service.time, service: call.service)
  }

  /// - Parameter service: knows what is expected; without it the share only grows with time.
  init(token: JSONValue, revision: MCPRevision, time: any TimeSource, service: Service? = nil) {
    self.token = token
    hasMessage = revision.hasProgressMessage
    self.time = time
    self.service = service
    begun = time.now.steady
  }

  /// Writes the params of the next notification.
  func write(_ snapshot: PredictionSnapshot, task: PredictionID? = nil, to json: inout JSONWriter) {
    let elapsed = time.now.steady - begun
    let seconds = elapsed / 1_000
    let expectation = (try? service?.engine())?.expectation(of: snapshot.prediction.id)
    json.beginObject()
    json.name("progressToken")
    json.value(token)
    json.name("progress")
    json.share(share.next(elapsed: elapsed, expectation), digits: 9)
    json.name("total")
    json.value(1)
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
