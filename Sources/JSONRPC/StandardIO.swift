#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Bytes over two descriptors: a pipe, a socket, a terminal or a file in each direction.
///
/// The descriptors may be shared with other processes, so their flags are never changed: `O_NONBLOCK` set here would be
/// set for them too. One that came with it is read and written all the same.
public final class StandardIO: Transport {
  /// The descriptor that is read, or -1 where there was none.
  public let input: Int32
  /// The descriptor that is written, or -1 where there was none. To notice that its reader goes away, poll it for no
  /// events: `POLLERR` or `POLLHUP` is reported anyway.
  public let output: Int32

  /// How a write that must not block is made.
  private enum Unblocked {
    /// Through a description of the pipe that is ours alone, and that does not block.
    case alone(Int32)
    /// By a call that says so itself.
    case socket
    /// A little at a time, whenever the descriptor says that it has room.
    case piecewise
  }

  private let unblocked: Unblocked

  /// A pipe takes this much whole or not at all (POSIX: `PIPE_BUF`); after `POLLOUT` a write of it does not block.
  #if os(Linux)
    private static let pieceBytes = 4_096
  #else
    private static let pieceBytes = 512
  #endif
  /// What a thread that may wait writes at a time.
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
      // Where there is no /proc, or it is not allowed, it goes on piece by piece.
      case S_IFIFO:
        let own = open("/proc/self/fd/\(output)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        return own >= 0 ? .alone(own) : .piecewise
    #endif
    default: return .piecewise
    }
  }

  /// Takes the standard streams away from everybody else in this process, so that nothing but protocol can reach the
  /// client and nobody reads its messages. Must be the first thing a program does.
  ///
  /// Afterwards standard output leads to standard error, standard input is empty, and no child inherits either end.
  /// `SIGPIPE` is ignored: that the reader went away is an answer of `write`, not the end of the process.
  public static func takeOver() -> StandardIO {
    signal(SIGPIPE, SIG_IGN)
    return takeOver(input: STDIN_FILENO, output: STDOUT_FILENO, errors: STDERR_FILENO)
  }

  static func takeOver(input: Int32, output: Int32, errors: Int32) -> StandardIO {
    // Before anything is opened: a new descriptor takes the lowest free number, which is one of these if it was closed.
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

  /// Reads what is there; an error is the end, because nothing can come after it.
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

  /// Writes one piece. Where it must not block, that is what the descriptor has room for.
  public func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome {
    // `poll` passes over a descriptor that is none, as if it were never ready.
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
      // EPIPE and whatever else: nothing that is written from now on will be read.
      default: return .readerGone
      }
    }
  }

  /// Waits for an event, an error or the other end going away; false when the time is up or a signal came.
  private func poll(_ descriptor: Int32, for events: Int16, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    return systemPoll(&entry, milliseconds) > 0
  }
}

// The methods above have the names of the calls they make.

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
