#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Predictions
internal import Threads

/// Log lines on stderr.
///
/// Never blocks: a line that stderr does not accept at once is dropped and counted. No line has a prompt or a key.
final class Log: Sendable {
  /// The severity of a line, and the least severe one that is written.
  enum Level: Int, Comparable {
    case error, warning, info, debug

    init?(_ name: String) {
      switch name {
      case "error": self = .error
      case "warning": self = .warning
      case "info": self = .info
      case "debug": self = .debug
      default: return nil
      }
    }

    static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  private let level: Level
  private let dropped = Protected(0)

  init(level: Level) {
    self.level = level
  }

  func error(_ message: SafeText) { write(.error, "error", message) }
  func warning(_ message: SafeText) { write(.warning, "warning", message) }
  func info(_ message: SafeText) { write(.info, "info", message) }

  private func write(_ level: Level, _ name: String, _ message: SafeText) {
    guard level <= self.level else { return }
    dropped.withLock { dropped in
      let lost = dropped > 0 ? " (\(dropped) lines before this one were dropped)" : ""
      var line = Array("imagewire: \(name): \(message)\(lost)\n".utf8)
      // A write of up to PIPE_BUF bytes to a pipe is all or nothing. No character is cut.
      if line.count > Int(PIPE_BUF) {
        var end = Int(PIPE_BUF) - 1
        while line[end] & 0xC0 == 0x80 { end -= 1 }
        line = line.prefix(end) + [UInt8(ascii: "\n")]
      }
      var descriptor = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
      guard poll(&descriptor, 1, 0) == 1, descriptor.revents & Int16(POLLOUT) != 0,
        line.withUnsafeBytes({ systemWrite(2, $0.baseAddress, $0.count) }) == line.count
      else {
        dropped += 1
        return
      }
      dropped = 0
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
