public import JSON

/// The answer that one request is owed, while its handler runs.
///
/// Exactly one reply is a type, not a promise: every way to use it consumes it, and one that is dropped answers -32603 so
/// that no client waits for ever.
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

  /// Answers with a result. The body writes one JSON value; one that writes nothing means `null`.
  public consuming func result(_ body: (inout JSONWriter) -> Void) {
    isUsed = true
    connection.answer(member) { $0.response(to: id, result: body) }
  }

  /// Answers with an error.
  public consuming func error(_ error: RPCError) {
    isUsed = true
    connection.answer(member) { $0.response(to: id, error: error) }
  }

  /// Answers with nothing at all.
  ///
  /// For what only looks like a request: Vim sends `{"method":"$/cancelRequest","id":7}`, where the id is that of the
  /// request to be cancelled. A reply to it would be taken for the reply of request 7.
  public consuming func silence() {
    isUsed = true
    if member != nil { connection.answer(member) { _ in } }
  }

  /// Keeps the reply, so that it can be given later and from any thread. Until then the request is in flight.
  ///
  /// - Parameter onCancel: called by `Connection.cancel` with this request's id, on the thread that calls it, for as long
  ///   as the request is in flight. It may answer, or let the work answer soon. Without one, a cancel leaves it alone.
  public consuming func later(onCancel: (@Sendable (PendingReply) -> Void)? = nil) -> PendingReply {
    isUsed = true
    return connection.keep(id, member: member, onCancel: onCancel)
  }
}

/// The answer that a request in flight is owed. Dropped without an answer it answers -32603.
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

  /// Answers with a result. The body writes one JSON value, holding no lock; it is not called where the answer is no longer
  /// wanted.
  ///
  /// - Returns: true exactly once for each request, however many threads try: this answer is the one that is sent.
  @discardableResult
  public func result(_ body: (inout JSONWriter) -> Void) -> Bool {
    connection.answer(ticket, at: address) { $0.response(to: id, result: body) }
  }

  /// Answers with an error; as `result`.
  @discardableResult
  public func error(_ error: RPCError) -> Bool {
    connection.answer(ticket, at: address) { $0.response(to: id, error: error) }
  }

  /// Answers with nothing at all, for a request that MCP's `notifications/cancelled` ended; as `result`.
  @discardableResult
  public func silence() -> Bool {
    connection.answer(ticket, at: address) { _ in }
  }

  /// Waits until the reader has taken enough of what was written before, so that a long answer adds to no pile. Not on the
  /// reading thread, and not on one that others wait for.
  ///
  /// - Returns: how many bytes the answer may have. A batch is answered with one array, which is in memory as a whole, and
  ///   so its long answers share what may lie unwritten.
  public func waitForRoom() -> Int {
    connection.waitForRoom(at: address)
  }

  /// Sends a notification that belongs to this request, such as progress: always before its reply, dropped after it.
  ///
  /// - Returns: whether it was sent.
  @discardableResult
  public func notify(_ method: String, params: (inout JSONWriter) -> Void) -> Bool {
    connection.notify(method, before: ticket, at: address, params: params)
  }
}
