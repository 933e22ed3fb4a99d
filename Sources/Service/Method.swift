internal import JSON
internal import JSONRPC

/// One method: a row of the one table that the wire, the schemas and the help are rendered from.
///
/// A class, so that to find it costs one retain and not one for every member.
public final class Method: Sendable {
  /// Its name on the wire.
  public let name: String
  /// One sentence for people.
  public let summary: String
  /// Its params in positional order.
  let parameters: [ParameterDescription]
  /// Params of which at least one must be given.
  let alternatives: [String]
  /// What it answers with; `nil` where nothing is answered. Called by whoever renders the schemas, and by nobody else.
  let result: (@Sendable () -> Schema)?
  /// What a call can be answered with instead, beside what any call can be.
  let errors: @Sendable () -> [ErrorKind]
  /// Whether it is in the OpenRPC document and in `schemas/`. Methods of MCP are not: MCP publishes their schemas.
  let isDescribed: Bool
  /// Whether it is a notification, which is never answered.
  public let isNotification: Bool
  /// Whether unknown members are refused. The prediction methods do, the methods of the LSP base protocol do not.
  let isStrict: Bool
  let body: Body

  /// How a method works.
  enum Body: Sendable {
    /// Answers at once, on the reading thread.
    case now(@Sendable (Service, MethodParameters) throws(RPCError) -> Answer)
    /// Answers later, from any thread; accepted in arrival order all the same.
    case later(@Sendable (Service, MethodParameters, PendingCall) throws(RPCError) -> Void)
    /// Does something, and is not answered.
    case notification(@Sendable (Service, MethodParameters) -> Void)
    /// Answers an MCP request, in the revisions that have it.
    case mcp(ClosedRange<MCPRevision>, @Sendable (Service, MCPCall) throws(RPCError) -> Void)
  }

  /// A method that answers.
  ///
  /// - Parameters:
  ///   - alternatives: params of which at least one must be given.
  ///   - result: the schema of what it answers with.
  ///   - errors: beside those that every call can be answered with.
  init(
    _ name: String, _ summary: String, _ parameters: [any DescribedParameter] = [], anyOf alternatives: [String] = [],
    result: @autoclosure @escaping @Sendable () -> Schema,
    errors: @autoclosure @escaping @Sendable () -> [ErrorKind] = [], isStrict: Bool = true, body: Body
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters.map(\.description)
    self.alternatives = alternatives
    self.result = result
    self.errors = errors
    isDescribed = true
    isNotification = false
    self.isStrict = isStrict
    self.body = body
  }

  /// A notification: it does something, and nothing is ever answered.
  init(
    notification name: String, _ summary: String, _ parameters: [any DescribedParameter] = [],
    body: @escaping @Sendable (Service, MethodParameters) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters.map(\.description)
    alternatives = []
    result = nil
    errors = { [] }
    isDescribed = true
    isNotification = true
    isStrict = false
    self.body = .notification(body)
  }

  /// A method of MCP, whose schema is MCP's own.
  init(mcp name: String, _ summary: String, _ parameters: [any DescribedParameter] = [], body: Body) {
    self.name = name
    self.summary = summary
    self.parameters = parameters.map(\.description)
    alternatives = []
    result = nil
    errors = { [] }
    isDescribed = false
    if case .notification = body { isNotification = true } else { isNotification = false }
    isStrict = false
    self.body = body
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
