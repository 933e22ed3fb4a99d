internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods that notify a client of changes.
  static let subscribing: [Method] = [
    Method(
      "subscribe", "Sends a notification for every change from now on, or from a cursor on.",
      [Parameters.ids, Parameters.tag, Parameters.since],
      result: .object(
        [
          "subscription": .string.about("The name of the subscription, in every notification and for unsubscribe."),
          "cursor": .string.about("The position of the reply; pass it as since to continue from here."),
          "reset": .bool.about("True if since is too old to report all changes: list again."),
        ], optional: ["reset"]), errors: [.predictionNotFound, .queueFull, .storageFailed], body: .later(subscribe)),
    Method(
      "unsubscribe", "Ends a subscription.", [Parameters.subscription],
      result: .object(others: false), turn: .atOnce, body: .now(unsubscribe)),
  ]

  private enum Parameters {
    static let ids = Parameter(
      optional: "ids", .ids, about: "Only these predictions; all if neither ids nor tag is given.")
    static let tag = Parameter(optional: "tag", .tag, about: "Only predictions with this tag.")
    static let since = Parameter(
      optional: "since", .changeCursor, about: "A cursor; the changes since then come first.")
    static let subscription = Parameter("subscription", .string, about: "The subscription, as subscribe returned it.")
  }

  /// The reply goes out before the first notification: the client then knows the name of the subscription.
  @Sendable private static func subscribe(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let scope = try scope(params)
    let since = try params[Parameters.since]
    let engine = try service.engine()
    // Predictions that were accepted before this call are before the cursor.
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
      // A client that continues may name predictions that were deleted meanwhile: it gets a notification of that.
      if case .ids(let ids) = scope, since == nil {
        for id in ids where try engine.listed(id) == nil { return call.error(.notFound(id.description)) }
      }
      isReset = !found.isComplete
      feed = ChangeFeed(scope, after: isReset ? found.newest : since ?? found.newest)
    } catch {
      throw .storage(error)
    }
    guard let subscription = service.subscriptions.add(feed) else {
      throw RPCError(
        .queueFull, "There are \(Subscriptions.limit) subscriptions.", hint: "End one of them with unsubscribe.",
        limit: Subscriptions.limit)
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
    let tag = try params[Parameters.tag]
    guard let ids = try params[Parameters.ids] else { return tag.map { .tag($0) } ?? .all }
    guard tag == nil else { throw .invalidParams("tag", "there are ids and a tag", hint: "Give one of the two.") }
    return .ids(Set(ids))
  }

  @Sendable private static func unsubscribe(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    let name = try params[Parameters.subscription]
    guard let number = Subscription.number(of: name), service.subscriptions.remove(number) else {
      throw .invalidParams("subscription", "there is no subscription \"\(name.prefix(32))\"")
    }
    return .empty
  }
}
