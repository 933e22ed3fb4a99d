#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSONRPC
internal import Predictions
internal import Service
internal import Threads

/// One imagewire for many clients (`serve --listen`): one engine, and for each client a conversation of its own.
final class SharedServer: Sendable {
  /// Makes the service of one client.
  typealias MakeService = @Sendable () -> Service

  private struct Client: Sendable {
    let service: Service
    let connection: Connection
    let transport: SocketTransport
  }

  private struct State {
    var clients: [Int: Client] = [:]
    var last = 0
  }

  private let state = Protected(State())
  private let engine: PredictionEngine
  private let makeService: MakeService
  private let framing: Framing?
  private let log: Log

  init(engine: PredictionEngine, framing: Framing?, log: Log, makeService: @escaping MakeService) {
    self.engine = engine
    self.framing = framing
    self.log = log
    self.makeService = makeService
  }

  // MARK: - Serving

  /// Accepts clients until the process ends.
  func run(on listener: Int32) -> Never {
    while true {
      let descriptor = accept(listener, nil, nil)
      guard descriptor >= 0 else {
        // Without free descriptors the client waits until another one leaves.
        if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) {
          log.warning("A client waits: \(String(cString: strerror(errno))).")
          usleep(100_000)
        }
        continue
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let transport = SocketTransport(descriptor)
      guard LocalSocket.peer(of: descriptor) == geteuid() else {
        log.warning("A process of another user was refused.")
        continue
      }
      let isFull = state.withLock { $0.clients.count >= Self.clientLimit }
      guard !isFull, tryStartThread(stackBytes: Self.stackBytes, { [self] in serve(transport) }) else {
        log.warning("A client was refused: too many are connected.")
        continue
      }
    }
  }

  /// How many clients there may be: descriptors are left for requests, the database and files.
  private static let clientLimit: Int = {
    var limit = rlimit()
    #if canImport(Glibc)
      getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    #else
      getrlimit(RLIMIT_NOFILE, &limit)
    #endif
    return max(1, min(1_000, Int(clamping: limit.rlim_cur) - 64))
  }()

  /// As much as the main thread of most systems has: a request is read and handled on this one.
  private static let stackBytes = 8 << 20
  /// How often a client that waits for replies only is looked at, in milliseconds.
  private static let glance: Int64 = 250

  /// One conversation, from the first message to the last reply.
  private func serve(_ transport: SocketTransport) {
    let service = makeService()
    let connection = Connection(transport: transport, handler: service, framing: framing)
    service.attach(connection)
    let number = state.withLock { state in
      state.last += 1
      state.clients[state.last] = Client(service: service, connection: connection, transport: transport)
      return state.last
    }
    if connection.run() != .readerGone {
      service.inputEnded()
      while !connection.waitUntilAnswered(atMost: Self.glance), !transport.isHungUp {}
    }
    service.leave()
    // Both directions, also where a thread still writes.
    transport.hangUp()
    state.withLock { _ = $0.clients.removeValue(forKey: number) }
  }

  // MARK: - The end

  /// Ends all conversations after a signal: waiting calls are answered with the predictions as they are, and paid requests
  /// that are written get a moment for their replies.
  func end() {
    let clients = state.withLock { Array($0.clients.values) }
    for client in clients { client.service.endWaits() }
    engine.stop()
    let started = MonotonicClock.milliseconds
    for client in clients {
      _ = client.connection.waitUntilAnswered(atMost: max(0, 300 - (MonotonicClock.milliseconds - started)))
    }
    engine.drain(atMost: Shutdown.hastyPatience)
    engine.leave()
  }
}
