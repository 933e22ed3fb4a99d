public import JSON
internal import Threads

/// Answers the calls of a connection.
public protocol RequestHandler: Sendable {
  /// Handles one request, on the reading thread and in the order of arrival; must not block. Answers at once, or keeps
  /// the reply with `later` and answers from any thread.
  func handle(_ request: Request, reply: consuming Reply)

  /// Handles one notification, like `handle`. No notification is answered, not even an unknown one.
  func handle(notification: Request)

  /// Handles the answer to a request of the program's (`Connection.request`), like `handle`. An id that it does not know is
  /// ignored.
  func handle(response: Response)

  /// The error for a request that arrives while `limit` others are in flight. Such a request is not handled.
  func refusal(requestsInFlight limit: Int) -> RPCError

  /// Called when all requests of one read have been handled and before their replies are written: the place to commit.
  /// It may wait. Replies kept with `later` that are given in here go out in the same write, in the order of requests.
  func settle()

  /// Called once, from any thread, when the reader of the replies is gone. Replies are dropped from then on.
  func readerIsGone()
}

extension RequestHandler {
  /// Does nothing: the program asked nothing.
  public func handle(response: Response) {}

  /// Does nothing.
  public func settle() {}

  /// Does nothing: `Connection.run` returns `.readerGone`.
  public func readerIsGone() {}
}

/// Why `Connection.run` returned.
public enum EndOfConnection: Sendable, Equatable {
  /// The client sends nothing more. It still waits for replies: see `waitUntilAnswered`.
  case endOfInput
  /// `stopReading` was called.
  case stopped
  /// The reader of the replies is gone.
  case readerGone
}

/// A connection that exchanges JSON-RPC 2.0 messages over a transport.
///
/// It knows framing, messages and requests in flight, but no method. Requests are handled in the order of arrival on the
/// reading thread; the handler hands off only the calls that have to wait.
public final class Connection: Sendable {
  struct State: Sendable {
    var encoder: FrameEncoder
    var gathering = ReplyBuffer()
    var inFlight = InFlight()
    var batches: [Int: Batch] = [:]
    var lastBatch = 0
    /// For encoding one message; borrowed by one thread at a time, while others make a new one.
    var writer: JSONWriter? = JSONWriter(reserving: 1_024)
    var mustStop = false
    var readerIsGone = false
  }

  /// From this many bytes on, replies are written although more requests of the same read wait: a short request may have
  /// a long reply, and the replies to 64 KiB of requests must not take gigabytes of memory.
  private static let gatheredBytes = 1 << 20
  /// From this many bytes on, replies of which none waits for a commit are written while the rest is still being
  /// answered, so that the reader can start.
  private static let readyBytes = 16 << 10
  private static let chunkBytes = 64 << 10

  let state: Protected<State>
  let outbox: Outbox
  let limits: Limits
  private let transport: any Transport
  private let handler: any RequestHandler
  private let framing: Framing?

  /// A connection over a transport. Reads nothing before `run`.
  ///
  /// - Parameter framing: `nil` decides by the first byte.
  public init(
    transport: any Transport, handler: any RequestHandler, framing: Framing? = nil, limits: Limits = Limits()
  ) {
    let state = Protected(State(encoder: FrameEncoder(framing: framing ?? .line)))
    self.state = state
    self.transport = transport
    self.handler = handler
    self.framing = framing
    self.limits = limits
    outbox = Outbox(transport) {
      state.signal { $0.readerIsGone = true }
      handler.readerIsGone()
    }
  }

  // MARK: - Reading

  /// Reads and handles messages on the calling thread, until the input ends, the reader is gone or `stopReading`.
  ///
  /// Call it once. `waitUntilAnswered` waits for the replies that are missing when it returns.
  public func run() -> EndOfConnection {
    let messages = MessageDecoder(limits: limits)
    var frames = FrameDecoder(framing: framing, limit: limits.messageBytes)
    var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
    var framingIsKnown = framing != nil
    while true {
      // A slow reader gets no more requests handled until it has read some of the replies.
      outbox.waitForRoom(below: limits.unwrittenBytes)
      if state.withLock({ $0.readerIsGone }) { return .readerGone }
      let count = transport.read(into: &chunk)
      if count > 0 { frames.append(chunk.span.extracting(first: count)) } else { frames.finish() }
      var next = frames.next()
      if !framingIsKnown, let decided = frames.framing {
        framingIsKnown = true
        state.withLock { $0.encoder = FrameEncoder(framing: decided) }
      }
      if next != nil { state.withLock { $0.gathering.open() } }
      var mustStop = false
      while let frame = next, !mustStop {
        switch frame {
        case .message(let range): receive(messages.decode(frames.bytes.span.extracting(range)))
        case .fault(.tooLong): refuse(.messageTooLong(limit: limits.messageBytes))
        case .fault(.badLength), .fault(.truncated): refuse(.parseError)
        }
        let (told, gathered, isOwed) = state.withLock { ($0.mustStop, $0.gathering.count, $0.gathering.isOwed) }
        mustStop = told
        if gathered > Self.gatheredBytes || !isOwed && gathered > Self.readyBytes {
          flush()
          outbox.waitForRoom(below: limits.unwrittenBytes)
          state.withLock { $0.gathering.open() }
        }
        next = frames.next()
      }
      if state.withLock({ $0.gathering.isOpen }) { flush() }
      if mustStop { return .stopped }
      if count <= 0 { return .endOfInput }
    }
  }

  /// Makes `run` return after the current message and leaves the rest unread. For the handler of `exit`, on the reading
  /// thread; from another thread it takes effect with the next message.
  public func stopReading() {
    state.signal { $0.mustStop = true }
  }

  private func flush() {
    handler.settle()
    state.signal { state in
      state.gathering.close { outbox.enqueue(&$0) }
    }
    outbox.push()
  }

  private func receive(_ message: Message) {
    switch message {
    case .batch(let members): receive(members)
    default: receive(message, as: nil)
    }
  }

  private func receive(_ members: [Message]) {
    let owed = members.count { message in
      switch message {
      case .request, .refused: true
      case .notification, .response, .batch: false
      }
    }
    let batch = state.withLock { state -> Int in
      state.lastBatch += 1
      if owed > 0 { state.batches[state.lastBatch] = Batch(members: owed, place: state.gathering.keepPlace()) }
      return state.lastBatch
    }
    var index = 0
    for message in members {
      switch message {
      case .request, .refused:
        receive(message, as: BatchMember(batch: batch, index: index))
        index += 1
      case .notification, .response, .batch:
        receive(message, as: nil)
      }
    }
  }

  private func receive(_ message: Message, as member: BatchMember?) {
    switch message {
    case .request(let request, let id):
      // Checked before the handler gets the request, so that a refused one has no effect.
      if state.withLock({ $0.inFlight.count >= limits.requestsInFlight }) {
        answer(member) { $0.response(to: id, error: handler.refusal(requestsInFlight: limits.requestsInFlight)) }
      } else {
        Promptness.required { handler.handle(request, reply: Reply(self, to: id, member: member)) }
      }
    case .notification(let request):
      Promptness.required { handler.handle(notification: request) }
    case .refused(let error, let id):
      answer(member) { $0.response(to: id, error: error) }
    case .response(let response):
      if let response { Promptness.required { handler.handle(response: response) } }
    case .batch:
      break
    }
  }

  private func refuse(_ error: RPCError) {
    answer(nil) { $0.response(to: nil, error: error) }
  }

  // MARK: - Requests in flight

  /// Cancels every request in flight with an id: calls their `onCancel` on this thread, in the order of arrival.
  ///
  /// Numbers are compared by spelling and strings by code points. A value that is not an id cancels nothing.
  public func cancel(_ id: JSONValue) {
    guard let id = RequestID(id) else { return }
    for cancel in state.withLock({ $0.inFlight.cancels(of: id) }) { cancel() }
  }

  /// Cancels all requests in flight.
  public func cancelAll() {
    for cancel in state.withLock({ $0.inFlight.allCancels }) { cancel() }
  }

  /// Waits until no request is in flight and every reply is written.
  ///
  /// - Parameter milliseconds: the longest wait; `nil` for no limit.
  /// - Returns: `false` where the time was up before, or the reader is gone.
  public func waitUntilAnswered(atMost milliseconds: Int64? = nil) -> Bool {
    let started = MonotonicClock.milliseconds
    let isAnswered = state.wait(atMost: milliseconds) { state -> Bool? in
      if state.readerIsGone { return false }
      return state.inFlight.count == 0 && !state.gathering.isOpen ? true : nil
    }
    guard isAnswered == true else { return false }
    return outbox.waitUntilWritten(atMost: milliseconds.map { max(0, $0 - (MonotonicClock.milliseconds - started)) })
  }
}
