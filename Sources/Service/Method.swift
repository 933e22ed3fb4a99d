internal import JSON
internal import JSONRPC

/// One method: a row of the one table that the wire, the schemas and the help are rendered from.
public struct Method: Sendable {
  /// Its name on the wire.
  public let name: String
  /// One sentence for people.
  public let summary: String
  /// Its params in positional order.
  public let parameters: [Parameter]
  /// Whether it is a notification, which is never answered.
  public let isNotification: Bool
  /// Whether unknown members are refused. The prediction methods do, the methods of the LSP base protocol do not.
  let isStrict: Bool
  let body: Body

  /// How a method works.
  enum Body: Sendable {
    /// Answers at once, on the reading thread.
    case now(@Sendable (Service, Params) throws(RPCError) -> Answer)
    /// Answers later, from any thread; accepted in arrival order all the same.
    case later(@Sendable (Service, Params, Asked) throws(RPCError) -> Void)
    /// Does something, and is not answered.
    case notification(@Sendable (Service, Params) -> Void)
  }

  init(
    _ name: String, _ summary: String, _ parameters: [Parameter] = [], isStrict: Bool = true, body: Body
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.isStrict = isStrict
    self.body = body
    if case .notification = body { isNotification = true } else { isNotification = false }
  }
}

/// What a method that answers at once has to say.
enum Answer: Sendable {
  /// `{}`
  case empty
  /// `null`
  case null
  /// Bytes that are one JSON value.
  case json([UInt8])
}
