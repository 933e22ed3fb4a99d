#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A transport over two descriptors: a pipe, a socket, a terminal or a file in each direction.
///
/// Other processes may share the descriptors, so their flags are never changed: `O_NONBLOCK` would be set for them too. A
/// descriptor that has it already works as well.
public final class StandardIO: Transport {
  /// The descriptor that is read; -1 where it was closed.
  public let input: Int32
  /// The descriptor that is written; -1 where it was closed. To notice that its reader is gone, poll it without events:
  /// `POLLERR` and `POLLHUP` are always reported.
  public let output: Int32

  /// How to write without blocking.
  private enum Unblocked {
    /// Through a second, non-blocking open file description of the pipe.
    case alone(Int32)
    /// With `MSG_DONTWAIT`.
    case socket
    /// In small pieces, each after `POLLOUT`.
    case piecewise
  }

  private let unblocked: Unblocked

  /// `PIPE_BUF` of POSIX: after `POLLOUT`, a write of at most so many bytes does not block.
  #if os(Linux)
    private static let pieceBytes = 4_096
  #else
    private static let pieceBytes = 512
  #endif
  /// The most bytes that a thread that may block writes at a time.
  private static let longPieceBytes = 64 << 10

  /// Uses two open descriptors and closes neither.
  public init(input: Int32, output: Int32) {
    self.input = input
    self.output = output
    unblocked = Self.unblocked(output)
  }

  deinit {
    if case .alone(let own) = unblocked { close(own) }
  }

  private static func unblocked(_ output: Int32) -> Unblocked {
    var facts = stat()
    guard output >= 0, fstat(output, &facts) == 0 else { return .piecewise }
    switch facts.st_mode & S_IFMT {
    case S_IFSOCK: return .socket
    #if os(Linux)
      // Without access to /proc, it writes in pieces.
      case S_IFIFO:
        let own = open("/proc/self/fd/\(output)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        return own >= 0 ? .alone(own) : .piecewise
    #endif
    default: return .piecewise
    }
  }

  /// Takes the standard streams away from all other code in this process, so that only protocol messages reach the client
  /// and only this transport reads its messages. Call it first in a program.
  ///
  /// Afterwards standard output leads to standard error, standard input is empty, and children inherit neither stream.
  /// `SIGPIPE` is ignored, so that a write to a closed pipe returns an error instead of ending the process.
  public static func takeOver() -> StandardIO {
    signal(SIGPIPE, SIG_IGN)
    return takeOver(input: STDIN_FILENO, output: STDOUT_FILENO, errors: STDERR_FILENO)
  }

  static func takeOver(input: Int32, output: Int32, errors: Int32) -> StandardIO {
    // First of all: a file opened before would get the number of a standard stream that is closed.
    let (reading, writing) = (privateCopy(of: input), privateCopy(of: output))
    if fcntl(errors, F_GETFD) == -1 { point(errors, atNullFor: O_WRONLY) }
    dup2(errors, output)
    point(input, atNullFor: O_RDONLY)
    return StandardIO(input: reading, output: writing)
  }

  private static func privateCopy(of descriptor: Int32) -> Int32 {
    fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
  }

  private static func point(_ descriptor: Int32, atNullFor flags: Int32) {
    let null = open("/dev/null", flags)
    guard null >= 0, null != descriptor else { return }
    dup2(null, descriptor)
    close(null)
  }

  // MARK: - Transport

  /// Reads available bytes. An error counts as the end of the input.
  public func read(into chunk: inout [UInt8]) -> Int {
    while true {
      let count = chunk.withUnsafeMutableBytes { systemRead(input, $0) }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: _ = poll(input, for: Int16(POLLIN), milliseconds: -1)
      default: return 0
      }
    }
  }

  /// Writes one piece; without waiting, at most as much as the descriptor has room for.
  public func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome {
    // `poll` ignores a negative descriptor, as if it were never ready.
    guard output >= 0 else { return .readerGone }
    while true {
      let count: Int
      switch unblocked {
      case _ where waiting:
        count = bytes.extracting(first: Self.longPieceBytes).withUnsafeBytes { systemWrite(output, $0) }
      case .alone(let own): count = bytes.withUnsafeBytes { systemWrite(own, $0) }
      case .socket: count = bytes.withUnsafeBytes { systemSend(output, $0) }
      case .piecewise:
        guard poll(output, for: Int16(POLLOUT), milliseconds: 0) else { return .wouldBlock }
        count = bytes.extracting(first: Self.pieceBytes).withUnsafeBytes { systemWrite(output, $0) }
      }
      if count > 0 { return .written(count) }
      switch errno {
      case _ where count == 0: continue
      case EINTR: continue
      case EAGAIN:
        guard waiting else { return .wouldBlock }
        _ = poll(output, for: Int16(POLLOUT), milliseconds: -1)
      // EPIPE and other errors: no later write would be read.
      default: return .readerGone
      }
    }
  }

  /// Waits for an event, an error or a hangup; `false` where the time is up or a signal arrived.
  private func poll(_ descriptor: Int32, for events: Int16, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    return systemPoll(&entry, milliseconds) > 0
  }
}

// The methods above have the names of the C functions, which are called through these.

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemSend(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
}

private func systemPoll(_ entry: inout pollfd, _ milliseconds: Int32) -> Int32 {
  poll(&entry, 1, milliseconds)
}
