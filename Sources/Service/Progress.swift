internal import JSON
internal import JSONRPC
internal import Predictions

/// `$/progress` for a waiting request with a `workDoneToken`, from begin to end (LSP base protocol).
///
/// The token is valid until the response, so all notifications go out before it. There are no invented percentages: `progress` is
/// there only where earlier predictions say something.
struct Progress: Sendable {
  /// The parameter that asks for it.
  static let token = "workDoneToken"

  private let token: JSONValue
  private let call: PendingCall
  private let engine: PredictionEngine
  private let time: any TimeSource
  private let begun: Int64

  /// Sends `begin`; `nil` where the request has no token.
  init?(_ params: MethodParameters, _ call: PendingCall, in engine: PredictionEngine, time: any TimeSource) {
    guard let token = params.object[Self.token], token.string != nil || token.number != nil else { return nil }
    self.token = token
    self.call = call
    self.engine = engine
    self.time = time
    begun = time.now.steady
    send("begin") { json in
      json.name("title")
      json.value("imagewire")
      json.name("cancellable")
      json.value(true)
    }
  }

  /// Sends the status, the elapsed time, and what is expected.
  func report(_ snapshot: PredictionSnapshot) {
    let seconds = (time.now.steady - begun) / 1_000
    send("report") { json in
      json.name("message")
      json.value("\(snapshot.prediction.standing), \(seconds) s")
      engine.expectation(of: snapshot.prediction.id)?.write(to: &json)
    }
  }

  /// Sends `end`.
  func end(_ snapshot: PredictionSnapshot?) {
    send("end") { json in
      json.name("message")
      json.value(snapshot?.prediction.status.rawValue ?? "deleted")
    }
  }

  private func send(_ kind: String, _ more: (inout JSONWriter) -> Void) {
    call.reply.notify("$/progress") { json in
      json.beginObject()
      json.name("token")
      json.value(token)
      json.name("value")
      json.beginObject()
      json.name("kind")
      json.value(kind)
      more(&json)
      json.endObject()
      json.endObject()
    }
  }
}

extension Prediction {
  /// Its status for people.
  var standing: String { preview.map { "\(status.rawValue), preview \($0.index + 1)" } ?? status.rawValue }
}
