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

/// Ends the process, for each reason of schemas/README.md, "Process". The first caller ends it.
final class Shutdown: Sendable {
  /// How long to wait after a signal for the reply to a POST that is written, in milliseconds: hosts kill the process after
  /// two seconds.
  static let hastyPatience: Int64 = 1_500

  private let service: Service
  private let connection: Connection
  /// Returns `nil` where no request has needed an engine.
  private let engine: @Sendable () -> PredictionEngine?

  init(service: Service, connection: Connection, engine: @escaping @Sendable () -> PredictionEngine?) {
    self.service = service
    self.connection = connection
    self.engine = engine
  }

  /// Ends after the end of input: pending requests are answered, accepted predictions are sent, and their replies are saved.
  ///
  /// - Parameter status: the exit status, asked for when all that is done; after `exit` without `shutdown` it is 1.
  func endOfInput(status: () -> Int32) -> Never {
    let shutdownState = service.shutdownState
    if shutdownState == .exited { service.shutDown() }
    service.inputEnded()
    _ = connection.waitUntilAnswered()
    drainPosts()
    finish(shutdownState == .exited ? 1 : status())
  }

  /// Ends after a signal, or when stdout is closed. Called on the process monitor's thread while the main thread may be
  /// reading.
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

  /// Waits for the replies to POSTs that are written, as long as their providers may take.
  private func drainPosts() {
    if let engine = engine() { engine.drain(atMost: engine.postPatience) }
  }

  /// Exits without running the exit handlers of libraries: all data is on disk.
  private func finish(_ status: Int32) -> Never {
    engine()?.leave()
    _exit(status)
  }
}
