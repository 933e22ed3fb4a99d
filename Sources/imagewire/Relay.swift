#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSONRPC
internal import Predictions
internal import Threads

/// `imagewire --connect`: carries bytes between the standard streams and a shared imagewire. It reads no message, so every client
/// works with it as with an imagewire of its own.
enum Relay {
  private static let pieceBytes = 64 << 10
  /// How long a process that ends may still take connections, in milliseconds: it closes them one by one.
  private static let ending: Int32 = 20

  /// Carries until one side has ended. The exit status is 1 if the shared imagewire has ended: if it only ended this conversation,
  /// as `exit` demands, it can still be reached.
  static func run(to server: Int32, at socket: LocalSocket, wire: StandardIO, process: Int64?, log: Log) -> Never {
    let monitor = ProcessMonitor(output: wire.output) { _ in _exit(0) }
    monitor.start()
    if let process { monitor.watch(process: process) }
    startThread {
      var piece = [UInt8](repeating: 0, count: pieceBytes)
      while true {
        let count = wire.read(into: &piece)
        guard count > 0, writeAll(piece[..<count], to: server) == nil else { break }
      }
      // It has had all requests, and answers them.
      shutdown(server, Int32(SHUT_WR))
    }
    let replies = StandardIO(input: server, output: wire.output)
    var piece = [UInt8](repeating: 0, count: pieceBytes)
    while true {
      let count = replies.read(into: &piece)
      guard count > 0 else { break }
      if writeAll(piece[..<count], to: wire.output) != nil { _exit(0) }
    }
    if isAlive(socket) { _exit(0) }
    log.error("The shared imagewire has ended. What it accepted is kept; connect again.")
    _exit(1)
  }

  private static func isAlive(_ socket: LocalSocket) -> Bool {
    guard let descriptor = try? socket.connect() else { return false }
    defer { close(descriptor) }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, ending) == 0
  }
}
