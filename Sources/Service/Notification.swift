internal import JSON

/// A notification that the service sends: a row of the table that the schemas are rendered from.
public struct Notification: Sendable {
  /// Its name on the wire.
  public let name: String
  /// When it is sent, for people.
  public let summary: String
  /// Its params, always an object.
  let params: @Sendable () -> Schema

  init(_ name: String, _ summary: String, _ params: @autoclosure @escaping @Sendable () -> Schema) {
    self.name = name
    self.summary = summary
    self.params = params
  }

  /// All notifications of the protocol, without those of MCP.
  static let all: [Notification] = [
    Notification(
      "$/progress", "The progress of a waiting result or wait that has a workDoneToken.",
      .object([
        "token": Schema(["type": ["integer", "string"]]).about("The workDoneToken of the request."),
        "value": .object(
          [
            "kind": .word(["begin", "report", "end"]).about("One begin, then reports, then one end."),
            "title": .string.about("With begin."),
            "cancellable": .bool.about("With begin."),
            "message": .string.about("The status and the elapsed seconds."),
            "eta_ms": .eta, "progress": .progress,
          ], optional: ["title", "cancellable", "message", "eta_ms", "progress"]
        ).about("What is reported."),
      ])),
    Notification(
      "prediction/updated", "A prediction of a subscription changed.",
      .object([
        "subscription": .string.about("The subscription, as subscribe returned it."),
        "cursor": .string.about("Pass it as since to continue from here."),
        "prediction": .prediction,
      ])),
    Notification(
      "prediction/deleted", "A prediction of a subscription was deleted.",
      .object([
        "subscription": .string.about("The subscription, as subscribe returned it."),
        "cursor": .string.about("Pass it as since to continue from here."),
        "id": .id.about("The prediction that was deleted."),
      ])),
    Notification(
      "prediction/reset", "More changes were missed than can be reported: list again.",
      .object([
        "subscription": .string.about("The subscription, as subscribe returned it."),
        "cursor": .string.about("Pass it as since to continue from here."),
      ])),
  ]
}
