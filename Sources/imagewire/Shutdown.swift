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

/// How the process ends, for every reason there is; schemas/README.md, "Process". The first caller ends it.
final class Shutdown: Sendable {
  /// How long the reply to a POST that is written is waited for after a signal: the host kills after two seconds.
  static let hastyPatience: Int64 = 1_500

  private let service: Service
  private let connection: Connection
  /// `nil` where nothing was asked that needs one.
  private let engine: @Sendable () -> PredictionEngine?

  init(service: Service, connection: Connection, engine: @escaping @Sendable () -> PredictionEngine?) {
    self.service = service
    self.connection = connection
    self.engine = engine
  }

  /// "No more questions": what was asked is answered, what was accepted is handed over, what is here is saved.
  func endOfInput() -> Never {
    let shutdownState = service.shutdownState
    if shutdownState == .exited { service.shutDown() }
    service.inputEnded()
    _ = connection.waitUntilAnswered()
    drainPosts()
    finish(shutdownState == .exited ? 1 : 0)
  }

  /// A signal, or nobody reads any more. Called on the process monitor's thread while the main thread may be reading.
  func end(_ reason: ProcessMonitor.End) -> Never {
    service.shutDown()
    switch reason {
    case .told:
      _ = connection.waitUntilAnswered(atMost: 300)
      engine()?.drain(atMost: Self.hastyPatience)
    case .unread:
      drainPosts()
    }
    finish(0)
  }

  /// Waits for the replies to what is written, as long as its providers may take.
  private func drainPosts() {
    if let engine = engine() { engine.drain(atMost: engine.postPatience) }
  }

  /// Leaves without running what a library may have registered: everything that counts is on disk.
  private func finish(_ status: Int32) -> Never {
    engine()?.leave()
    _exit(status)
  }
}
