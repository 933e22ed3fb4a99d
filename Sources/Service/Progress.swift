internal import JSON
internal import JSONRPC
internal import Predictions

/// `$/progress` for a waiting request that brought a `workDoneToken`, from begin to end (LSP base protocol).
///
/// The token dies with the response, so everything goes out before it. No percentage is ever made up.
struct Progress: Sendable {
  private let token: JSONValue
  private let call: PendingCall
  private let time: any TimeSource
  private let begun: Int64

  /// Begins, where a token was sent.
  init?(_ params: MethodParameters, _ call: PendingCall, time: any TimeSource) {
    guard let token = params.object["workDoneToken"], token.string != nil || token.number != nil else { return nil }
    self.token = token
    self.call = call
    self.time = time
    begun = time.now.steady
    send("begin") { json in
      json.name("title")
      json.value("imagewire")
      json.name("cancellable")
      json.value(true)
    }
  }

  /// Tells the state and how long it has been.
  func report(_ snapshot: PredictionSnapshot) {
    let seconds = (time.now.steady - begun) / 1_000
    send("report") { json in
      json.name("message")
      json.value("\(snapshot.prediction.standing), \(seconds) s")
    }
  }

  /// Ends.
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
  /// Where it stands, in a few words for people.
  var standing: String { preview.map { "\(status.rawValue), preview \($0.index + 1)" } ?? status.rawValue }
}
