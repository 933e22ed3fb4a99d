public import JSON

/// The reply to one request, while its handler runs.
///
/// The type enforces exactly one reply: every use consumes it, and one that is dropped answers -32603, so that the client
/// stops waiting.
public struct Reply: ~Copyable {
  private let connection: Connection
  private let id: RequestID
  private let member: BatchMember?
  private var isUsed = false

  init(_ connection: Connection, to id: RequestID, member: BatchMember?) {
    self.connection = connection
    self.id = id
    self.member = member
  }

  deinit {
    if !isUsed { connection.answer(member) { $0.response(to: id, error: .unanswered) } }
  }

  /// Answers with a result. The body writes one JSON value, or nothing for `null`.
  public consuming func result(_ body: (inout JSONWriter) -> Void) {
    isUsed = true
    connection.answer(member) { $0.response(to: id, result: body) }
  }

  /// Answers with an error.
  public consuming func error(_ error: RPCError) {
    isUsed = true
    connection.answer(member) { $0.response(to: id, error: error) }
  }

  /// Sends no reply.
  ///
  /// For a notification with an id: Vim sends `{"method":"$/cancelRequest","id":7}` with the id of the request to cancel,
  /// so a reply would count as the reply to request 7.
  public consuming func silence() {
    isUsed = true
    if member != nil { connection.answer(member) { _ in } }
  }

  /// Keeps the reply for later, from any thread. Until it is given, the request is in flight.
  ///
  /// - Parameter onCancel: called by `Connection.cancel` with this request's id, on the calling thread, while the request
  ///   is in flight. It may answer, or make the work answer soon. Without it, a cancel has no effect.
  public consuming func later(onCancel: (@Sendable (PendingReply) -> Void)? = nil) -> PendingReply {
    isUsed = true
    return connection.keep(id, member: member, onCancel: onCancel)
  }
}

/// The reply to a request in flight. Released without an answer it answers -32603.
public final class PendingReply: Sendable {
  private let connection: Connection
  private let id: RequestID
  private let ticket: InFlight.Ticket
  private let address: Address

  init(_ connection: Connection, to id: RequestID, ticket: InFlight.Ticket, address: Address) {
    self.connection = connection
    self.id = id
    self.ticket = ticket
    self.address = address
  }

  deinit {
    connection.answer(ticket, at: address) { $0.response(to: id, error: .unanswered) }
  }

  /// Answers with a result. The body writes one JSON value, without a lock held; it is not called where the request has
  /// been answered.
  ///
  /// - Returns: true exactly once for each request, for the answer that is sent.
  @discardableResult
  public func result(_ body: (inout JSONWriter) -> Void) -> Bool {
    connection.answer(ticket, at: address) { $0.response(to: id, result: body) }
  }

  /// Answers with an error, like `result`.
  @discardableResult
  public func error(_ error: RPCError) -> Bool {
    connection.answer(ticket, at: address) { $0.response(to: id, error: error) }
  }

  /// Sends no reply, for a request that MCP's `notifications/cancelled` ended; like `result`.
  @discardableResult
  public func silence() -> Bool {
    connection.answer(ticket, at: address) { _ in }
  }

  /// Waits until the reader has taken enough of the earlier replies for a long one. Not on the reading thread, and not on
  /// one that others wait for.
  ///
  /// - Returns: the largest length of the answer, in bytes. The answers to a batch share one array in memory, so they share
  ///   `Limits.unwrittenBytes`.
  public func waitForRoom() -> Int {
    connection.waitForRoom(at: address)
  }

  /// Sends a notification about this request, such as progress, before its reply; afterwards it is dropped.
  ///
  /// - Returns: whether it was sent.
  @discardableResult
  public func notify(_ method: String, params: (inout JSONWriter) -> Void) -> Bool {
    connection.notify(method, before: ticket, at: address, params: params)
  }
}
