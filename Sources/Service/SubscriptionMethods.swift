internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods that notify a client of changes.
  static let subscribing: [Method] = [
    Method(
      "subscribe", "Sends a notification for every change from now on, or from a cursor on.",
      [
        Parameter(
          "ids", .array(of: .anyID, 1...1_000).about("Only these predictions; all if neither ids nor tag is given.")),
        Parameter("tag", .string(1...128).about("Only predictions with this tag.")),
        Parameter("since", .string.about("A cursor; the changes since then come first.")),
      ],
      result: .object(
        [
          "subscription": .string.about("The name of the subscription, in every notification and for unsubscribe."),
          "cursor": .string.about("The position of the reply; pass it as since to continue from here."),
          "reset": .bool.about("True if since is too old to report all changes: list again."),
        ], optional: ["reset"]), errors: [.predictionNotFound, .queueFull, .storageFailed], body: .later(subscribe)),
    Method(
      "unsubscribe", "Ends a subscription.", [Parameter("subscription", .string, required: true)],
      result: .object(others: false), body: .now(unsubscribe)),
  ]

  /// Replies first and starts then, so that a client knows the name of what it is told.
  @Sendable private static func subscribe(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let scope = try scope(params)
    let since = try cursor(params)
    let engine = try service.engine()
    // What was accepted before this call is behind the cursor.
    engine.afterAccepted {
      do throws(RPCError) {
        try begin(scope, since: since, service, engine, call)
      } catch {
        call.error(error)
      }
    }
  }

  private static func begin(
    _ scope: ChangeFeed.Scope, since: ChangeCursor?, _ service: Service, _ engine: PredictionEngine, _ call: PendingCall
  ) throws(RPCError) {
    var feed: ChangeFeed
    var isReset = false
    do throws(StoreError) {
      let found = try engine.changes(after: since)
      // Whoever comes back may name predictions that were deleted meanwhile; it is about to hear of that.
      if case .ids(let ids) = scope, since == nil {
        for id in ids where try engine.listed(id) == nil { return call.error(.notFound(id.description)) }
      }
      isReset = !found.isComplete
      feed = ChangeFeed(scope, after: isReset ? found.newest : since ?? found.newest)
    } catch {
      throw .storage(error)
    }
    guard let subscription = service.subscriptions.add(feed) else {
      throw .ours(
        ErrorCode.queueFull, "There are \(Subscriptions.limit) subscriptions.", type: "queue_full", retryable: true,
        hint: "End one of them with unsubscribe.", limit: Subscriptions.limit)
    }
    var json = JSONWriter()
    json.beginObject()
    json.name("subscription")
    json.value(Subscription.name(of: subscription.number))
    json.name("cursor")
    json.value(feed.cursor.description)
    if isReset {
      json.name("reset")
      json.value(true)
    }
    json.endObject()
    call.result(json.bytes)
    service.subscriptions.start(subscription, from: engine)
  }

  private static func scope(_ params: MethodParameters) throws(RPCError) -> ChangeFeed.Scope {
    let tag = try params.string("tag", bytes: 1...128)
    guard params.object["ids"] != nil else { return tag.map { .tag($0) } ?? .all }
    guard tag == nil else { throw .invalidParams("tag", "there are ids and a tag", hint: "Give one of the two.") }
    return .ids(Set(try params.ids()))
  }

  private static func cursor(_ params: MethodParameters) throws(RPCError) -> ChangeCursor? {
    guard let text = try params.string("since") else { return nil }
    guard let cursor = ChangeCursor(text) else {
      throw .invalidParams("since", "it is not a cursor of subscribe", hint: "Leave it out to hear of what comes.")
    }
    return cursor
  }

  @Sendable private static func unsubscribe(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    let name = try params.string("subscription") ?? ""
    guard let number = Subscription.number(of: name), service.subscriptions.remove(number) else {
      throw .invalidParams("subscription", "there is no subscription \"\(name.prefix(32))\"")
    }
    return .empty
  }
}
