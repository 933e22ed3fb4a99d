#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSONRPC

/// The connection to one client of a shared imagewire. Closed with the last reference.
final class SocketTransport: Transport {
  private let descriptor: Int32
  private let wire: StandardIO

  /// Takes over an open socket.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    wire = StandardIO(input: descriptor, output: descriptor)
  }

  deinit { close(descriptor) }

  func read(into chunk: inout [UInt8]) -> Int { wire.read(into: &chunk) }

  func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome { wire.write(bytes, waiting: waiting) }

  /// Whether the client is gone in both directions, not only its requests have ended.
  var isHungUp: Bool {
    var entry = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLHUP | POLLERR) != 0
  }

  /// Ends both directions: what waits for the client returns.
  func hangUp() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}
