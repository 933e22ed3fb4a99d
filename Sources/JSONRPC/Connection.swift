public import JSON
internal import Threads

/// What answers the calls of a connection.
public protocol RequestHandler: Sendable {
  /// Takes one request: on the reading thread, in the order of arrival, and it must not block. It answers now, or keeps the
  /// reply with `later` and answers from any thread.
  func handle(_ request: Request, reply: consuming Reply)

  /// Takes one notification; as `handle`. Nothing is ever answered, not even that it is not known.
  func handle(notification: Request)

  /// The error for a request that arrives while `limit` others are in flight. It is not handed over, so it has no effect.
  func refusal(requestsInFlight limit: Int) -> RPCError

  /// Everything that came in one read has been handed over. Called before its replies are written, so this is where to
  /// commit, and it may block. Replies kept with `later` that are answered in here go out in the same write and in the
  /// order of the requests.
  func settle()

  /// Nobody reads our replies any more; called once, on whichever thread noticed it. Replies are dropped from here on.
  func readerIsGone()
}

extension RequestHandler {
  /// Nothing was left to be settled.
  public func settle() {}

  /// `Connection.run` returns `.readerGone`, which is enough for most.
  public func readerIsGone() {}
}

/// Why `Connection.run` returned.
public enum EndOfConnection: Sendable, Equatable {
  /// The client asks nothing more. What it asked is still owed to it: see `waitUntilAnswered`.
  case endOfInput
  /// `stopReading` was called.
  case stopped
  /// Nobody reads our replies any more.
  case readerGone
}

/// A peer at the other end of a transport, exchanging JSON-RPC 2.0 messages with us.
///
/// Knows framing, messages and who is owed a reply, and not one method. Requests are handed over in the order of arrival
/// on the thread that reads; the handler hands off only what has to wait.
public final class Connection: Sendable {
  struct State: Sendable {
    var encoder: FrameEncoder
    var gathering = ReplyBuffer()
    var inFlight = InFlight()
    var batches: [Int: Batch] = [:]
    var lastBatch = 0
    /// Memory for writing one message, lent to one thread at a time; the others take new memory.
    var writer: JSONWriter? = JSONWriter(reserving: 1_024)
    var mustStop = false
    var readerIsGone = false
  }

  /// Replies are written once they are this many bytes, even if more requests of the same read wait: a short request
  /// may have a long reply, and 64 KiB of short requests must not become gigabytes of memory.
  private static let gatheredBytes = 1 << 20
  /// Where none of them waits for a commit, from here on they are written while the rest is still being answered: the
  /// reader has something to do.
  private static let readyBytes = 8 << 10
  private static let chunkBytes = 64 << 10

  let state: Protected<State>
  let outbox: Outbox
  let limits: Limits
  private let transport: any Transport
  private let handler: any RequestHandler
  private let framing: Framing?

  /// Joins a transport and a handler; nothing is read before `run`.
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

  /// Reads and hands over messages on the calling thread, until the input ends or there is a reason to stop.
  ///
  /// Call it once. Replies that are still owed when it returns are waited for with `waitUntilAnswered`.
  public func run() -> EndOfConnection {
    let messages = MessageDecoder(limits: limits)
    var frames = FrameDecoder(framing: framing, limit: limits.messageBytes)
    var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
    var framingIsKnown = framing != nil
    while true {
      // The reader is slow: no more questions until it has read some of the answers.
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

  /// Lets `run` return after the message at hand, and leaves the rest unread. For the handler, on the reading thread
  /// (`exit`); from any other thread it has no effect before the next message comes.
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
      // Asked before the handler sees the request, so that one that is refused has had no effect.
      if state.withLock({ $0.inFlight.count >= limits.requestsInFlight }) {
        answer(member) { $0.response(to: id, error: handler.refusal(requestsInFlight: limits.requestsInFlight)) }
      } else {
        Promptness.required { handler.handle(request, reply: Reply(self, to: id, member: member)) }
      }
    case .notification(let request):
      Promptness.required { handler.handle(notification: request) }
    case .refused(let error, let id):
      answer(member) { $0.response(to: id, error: error) }
    case .response, .batch:
      break
    }
  }

  private func refuse(_ error: RPCError) {
    answer(nil) { $0.response(to: nil, error: error) }
  }

  // MARK: - Owing

  /// Asks every request in flight under an id to end: calls their `onCancel` on this thread, in the order of arrival.
  ///
  /// Numbers are compared by spelling and strings by code points; a value that is no id cancels nothing.
  public func cancel(_ id: JSONValue) {
    guard let id = RequestID(id) else { return }
    for cancel in state.withLock({ $0.inFlight.cancels(of: id) }) { cancel() }
  }

  /// Waits until no request is in flight and every reply is written.
  ///
  /// - Parameter milliseconds: how long at most; `nil` is for ever.
  /// - Returns: false when the time was up before, or nobody reads our replies any more.
  public func waitUntilAnswered(atMost milliseconds: Int64? = nil) -> Bool {
    let clock = Stopwatch()
    let isAnswered = state.wait(atMost: milliseconds) { state -> Bool? in
      if state.readerIsGone { return false }
      return state.inFlight.count == 0 && !state.gathering.isOpen ? true : nil
    }
    guard isAnswered == true else { return false }
    return outbox.waitUntilWritten(atMost: milliseconds.map { max(0, $0 - clock.milliseconds) })
  }
}
