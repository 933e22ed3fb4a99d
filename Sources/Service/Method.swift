internal import JSON
internal import JSONRPC

/// One method: a row of the table that the wire, the schemas and the help are rendered from.
///
/// A class, so that looking it up costs one retain instead of one for every property.
public final class Method: Sendable {
  /// Its name on the wire.
  public let name: String
  /// One sentence for people.
  public let summary: String
  /// Its parameters, in positional order.
  let parameters: [ParameterDescription]
  /// Parameters of which at least one must be given.
  let alternatives: [String]
  /// The schema of its result; `nil` for a notification. Called only where schemas are rendered.
  let result: (@Sendable () -> Schema)?
  /// The errors of this method, except the errors that every call can have.
  let errors: @Sendable () -> [ErrorKind]
  /// Whether it is in the OpenRPC document and in `schemas/`. Methods of MCP are not: MCP publishes their schemas.
  let isDescribed: Bool
  /// Whether it is a notification, which is never answered.
  public let isNotification: Bool
  /// Whether unknown parameters are refused: by the methods about predictions, not by those of the LSP base protocol.
  let isStrict: Bool
  let body: Body
  /// When it is handled where the predictions are on a server.
  let turn: Turn

  /// When a call is handled where the predictions are on a server, which may take seconds to answer. Where they are on this machine,
  /// all calls are handled at once.
  enum Turn: Sendable {
    /// Behind the calls before it, on a thread that may wait.
    case inOrder
    /// At once, if it reads no prediction.
    case atOnce(if: @Sendable (Service, MethodParameters) -> Bool)
    /// At once, if this finds the answer in memory.
    case fromMemory(@Sendable (Service, MethodParameters) -> Answer?)

    /// At once.
    static let atOnce = Turn.atOnce { _, _ in true }
    /// At once where the predictions are open, since it only hands over a change; opening them waits.
    static let onceOpen = Turn.atOnce { service, _ in service.engineIfOpen != nil }
  }

  /// The implementation of a method.
  enum Body: Sendable {
    /// Answers when it is handled.
    case now(@Sendable (Service, MethodParameters) throws(RPCError) -> Answer)
    /// Answers later, from any thread; accepted in arrival order all the same.
    case later(@Sendable (Service, MethodParameters, PendingCall) throws(RPCError) -> Void)
    /// Handles a notification, which has no reply.
    case notification(@Sendable (Service, MethodParameters) -> Void)
    /// Answers an MCP request, in the revisions that have it.
    case mcp(ClosedRange<MCPRevision>, @Sendable (Service, MCPCall) throws(RPCError) -> Void)
  }

  /// A method that answers.
  ///
  /// - Parameters:
  ///   - alternatives: parameters of which at least one must be given.
  ///   - result: the schema of its result.
  ///   - errors: except the errors that every call can have.
  init(
    _ name: String, _ summary: String, _ parameters: [any DescribedParameter] = [], anyOf alternatives: [String] = [],
    result: @autoclosure @escaping @Sendable () -> Schema,
    errors: @autoclosure @escaping @Sendable () -> [ErrorKind] = [], isStrict: Bool = true, turn: Turn = .inOrder,
    body: Body
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
    self.turn = turn
    self.body = body
  }

  /// A notification, which has no reply.
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
    turn = .atOnce
    self.body = .notification(body)
  }

  /// A method of MCP, whose schema is MCP's own.
  init(
    mcp name: String, _ summary: String, _ parameters: [any DescribedParameter] = [], turn: Turn = .inOrder, body: Body
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters.map(\.description)
    alternatives = []
    result = nil
    errors = { [] }
    isDescribed = false
    if case .notification = body { isNotification = true } else { isNotification = false }
    isStrict = false
    self.turn = turn
    self.body = body
  }
}

/// The result of a method that answers at once.
enum Answer: Sendable {
  /// `{}`
  case empty
  /// `null`
  case null
  /// Bytes that are one JSON value.
  case json([UInt8])
}

extension Answer {
  /// Writes it as the result of a reply.
  func write(to json: inout JSONWriter) {
    switch self {
    case .empty: json.raw("{}")
    case .null: json.null()
    case .json(let bytes): json.raw(bytes)
    }
  }
}
