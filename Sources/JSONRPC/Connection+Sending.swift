internal import Threads
public import JSON

/// The destination of a reply that is given later.
enum Address: Sendable {
  /// This place, until the replies of its read are written; then the end.
  case place(ReplyBuffer.Place)
  /// The array of a batch.
  case member(BatchMember)
}

/// One member of a batch that gets a response.
struct BatchMember: Sendable {
  let batch: Int
  let index: Int
}

// Messages are encoded without a lock, into a borrowed writer, because the handler's bodies may call the connection. The
// lock is taken to borrow the writer, and again to put the message in its place. Writing to the transport takes neither.
extension Connection {
  /// Sends a notification, from any thread, behind every reply that was given before.
  public func notify(_ method: String, params: (inout JSONWriter) -> Void) {
    send { $0.notification(method, params: params) }
  }

  /// Sends a request, like a notification. `RequestHandler.handle(response:)` gets the answer.
  ///
  /// - Parameter id: not used before on this connection.
  public func request(_ method: String, id: String, params: (inout JSONWriter) -> Void) {
    send { $0.request(method, id: id, params: params) }
  }

  private func send(_ body: (inout JSONWriter) -> Void) {
    var writer = borrowWriter()
    body(&writer)
    let mustPush = state.withLock { state -> Bool in
      state.send(&writer, at: nil, through: outbox)
      state.take(back: &writer)
      return !state.gathering.isOpen
    }
    if mustPush { outbox.push() }
  }

  /// Waits until fewer than `bytes` bytes are unwritten. For senders of notifications; not on the reading thread.
  ///
  /// - Returns: `false` where the reader is gone.
  public func waitForRoom(below bytes: Int) -> Bool {
    outbox.waitForRoom(below: bytes)
    return !state.withLock { $0.readerIsGone }
  }

  /// Whether more replies wait for the reader than the memory should hold.
  public var isBehind: Bool { outbox.unwritten > limits.unwrittenBytes }

  /// Waits until the reader has taken enough of them, or is gone. Not on the reading thread.
  public func waitUntilNotBehind() { outbox.waitForRoom(below: limits.unwrittenBytes) }

  /// Waits until a long reply may be sent, and returns its largest length in bytes.
  func waitForRoom(at address: Address) -> Int {
    switch address {
    case .place:
      outbox.waitForRoom(below: limits.unwrittenBytes)
      return .max
    case .member(let member):
      return max(0, limits.unwrittenBytes - state.withLock { $0.batches[member.batch]?.bytes ?? 0 })
    }
  }

  /// Answers a request while it is handled; a body that writes nothing sends no reply.
  func answer(_ member: BatchMember?, _ body: (inout JSONWriter) -> Void) {
    var writer = borrowWriter()
    body(&writer)
    state.withLock { state in
      if let member {
        state.answer(member, writer.bytes, through: outbox)
      } else {
        state.send(&writer, at: nil, through: outbox)
      }
      state.take(back: &writer)
    }
  }

  /// Registers a request that will be answered later.
  func keep(
    _ id: RequestID, member: BatchMember?, onCancel: (@Sendable (PendingReply) -> Void)?
  ) -> PendingReply {
    let (ticket, address) = state.withLock { state in
      (state.inFlight.newTicket(), member.map { .member($0) } ?? Address.place(state.gathering.keepPlace()))
    }
    let pending = PendingReply(self, to: id, ticket: ticket, address: address)
    var cancel: (@Sendable () -> Void)?
    if let onCancel {
      // Weak: the table must not keep a reply alive that the handler has released.
      cancel = { [weak pending] in
        if let pending { onCancel(pending) }
      }
    }
    let entry = InFlight.Entry(id: id, cancel: cancel)
    state.withLock { $0.inFlight.begin(ticket, entry) }
    return pending
  }

  /// Answers a request in flight. Returns true exactly once.
  @discardableResult
  func answer(_ ticket: InFlight.Ticket, at address: Address, _ body: (inout JSONWriter) -> Void) -> Bool {
    guard state.withLock({ $0.inFlight.contains(ticket) }) else { return false }
    var writer = borrowWriter()
    body(&writer)
    let (entry, mustPush) = state.signal { state -> (InFlight.Entry?, Bool) in
      defer { state.take(back: &writer) }
      guard let entry = state.inFlight.finish(ticket) else { return (nil, false) }
      switch address {
      case .place(let place): state.send(&writer, at: place, through: outbox)
      case .member(let member): state.answer(member, writer.bytes, through: outbox)
      }
      return (entry, !state.gathering.isOpen)
    }
    if mustPush { outbox.push() }
    return entry != nil
  }

  /// Sends a notification if the request is still in flight.
  func notify(
    _ method: String, before ticket: InFlight.Ticket, at address: Address, params: (inout JSONWriter) -> Void
  ) -> Bool {
    guard state.withLock({ $0.inFlight.contains(ticket) }) else { return false }
    var writer = borrowWriter()
    writer.notification(method, params: params)
    let (isSent, mustPush) = state.withLock { state -> (Bool, Bool) in
      defer { state.take(back: &writer) }
      guard state.inFlight.contains(ticket) else { return (false, false) }
      switch address {
      case .place(let place): state.send(&writer, at: place, through: outbox)
      // A batch's array cannot hold it, so it is sent before the array.
      case .member(let member): state.send(&writer, at: state.batches[member.batch]?.place, through: outbox)
      }
      return (true, !state.gathering.isOpen)
    }
    if mustPush { outbox.push() }
    return isSent
  }

  private func borrowWriter() -> JSONWriter {
    state.withLock { state in
      defer { state.writer = nil }
      return state.writer ?? JSONWriter(reserving: 1_024)
    }
  }
}

extension Connection.State {
  /// Takes a lent writer back and leaves an empty one: an array with two owners would be copied at the next write.
  fileprivate mutating func take(back lent: inout JSONWriter) {
    lent.clear()
    writer = consume lent
    lent = JSONWriter()
  }

  /// Puts one message among the replies of the current read, or into the outbox where none is being handled.
  fileprivate mutating func send(_ message: inout [UInt8], at place: ReplyBuffer.Place?, through outbox: Outbox) {
    guard !message.isEmpty else { return }
    if gathering.isOpen {
      gathering.append(&message, by: encoder, at: place)
    } else {
      gathering.append(&message, by: encoder, at: nil)
      gathering.close { outbox.enqueue(&$0) }
    }
  }

  fileprivate mutating func send(_ writer: inout JSONWriter, at place: ReplyBuffer.Place?, through outbox: Outbox) {
    writer.lend { send(&$0, at: place, through: outbox) }
  }

  fileprivate mutating func answer(_ member: BatchMember, _ response: [UInt8], through outbox: Outbox) {
    guard batches[member.batch]?.answer(member.index, response) == true,
      let batch = batches.removeValue(forKey: member.batch), var array = batch.array
    else { return }
    send(&array, at: batch.place, through: outbox)
  }
}
