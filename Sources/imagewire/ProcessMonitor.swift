#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Synchronization
internal import Threads

/// Watches for reasons to end other than the end of input: a signal, a closed stdout, the exit of the client's process.
final class ProcessMonitor: Sendable {
  /// The reason to end.
  enum End: Sendable {
    /// SIGTERM, SIGINT or SIGHUP, or (without a number) the client's process has exited.
    case told(Int32?)
    /// The reader of stdout has closed it.
    case unread
  }

  private let watched = Protected<Int64?>(nil)
  private let output: Int32
  private let onEnd: @Sendable (End) -> Void

  /// A monitor that has not started.
  ///
  /// - Parameters:
  ///   - output: the descriptor of the real stdout; -1 where it is not watched.
  ///   - hastyStatus: the exit status after a second signal.
  init(output: Int32, hastyStatus status: Int32 = 0, onEnd: @escaping @Sendable (End) -> Void) {
    self.output = output
    hastyStatus.store(status, ordering: .relaxed)
    self.onEnd = onEnd
  }

  /// Holds signals back until `start`, which comes when there is something to end.
  static func holdSignals() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Begins to watch. Signals that the parent process blocked are unblocked.
  func start() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    signalPipe.store(ends[1], ordering: .releasing)
    let wake = ends[0]
    startThread { [self] in watch(wake) }

    var action = sigaction()
    sigemptyset(&action.sa_mask)
    #if canImport(Darwin)
      action.__sigaction_u.__sa_handler = handleSignal
    #else
      action.__sigaction_handler.sa_handler = handleSignal
    #endif
    action.sa_flags = SA_RESTART
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] where !isIgnored(number) {
      sigaction(number, &action, nil)
      sigaddset(&set, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Whether the parent process had a signal ignored: `nohup` does that with SIGHUP, so that the process survives its terminal. Of the
  /// other two, shells do it for what runs in the background, which must still end.
  private func isIgnored(_ number: Int32) -> Bool {
    var found = sigaction()
    guard number == SIGHUP, sigaction(number, nil, &found) == 0 else { return false }
    #if canImport(Darwin)
      return unsafeBitCast(found.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    #else
      return unsafeBitCast(found.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    #endif
  }

  /// Also ends when this process exits. An id of no current process is ignored: it is stale or from another container.
  func watch(process: Int64) {
    guard let id = pid_t(exactly: process), id > 1, exists(id) else { return }
    watched.withLock { $0 = process }
    wakeUp()
  }

  private func watch(_ wake: Int32) {
    while true {
      var descriptors = [
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0), pollfd(fd: output, events: 0, revents: 0),
      ]
      let process = watched.withLock { $0 }
      // Only a parent is notified when a process exits; others have to poll.
      let count = poll(&descriptors, 2, process == nil ? -1 : 2_000)
      if count < 0 { continue }
      if descriptors[0].revents != 0 {
        var byte: UInt8 = 0
        guard read(wake, &byte, 1) == 1 else { continue }
        if byte != 0 { return onEnd(.told(Int32(byte))) }
      }
      if descriptors[1].revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { return onEnd(.unread) }
      if let process, !exists(pid_t(process)) { return onEnd(.told(nil)) }
    }
  }

  private func wakeUp() {
    var byte: UInt8 = 0
    _ = write(signalPipe.load(ordering: .acquiring), &byte, 1)
  }

  private func exists(_ process: pid_t) -> Bool {
    kill(process, 0) == 0 || errno == EPERM
  }
}

private let signalPipe = Atomic<Int32>(-1)
private let signalCount = Atomic<Int>(0)
private let hastyStatus = Atomic<Int32>(0)

/// Does only what a signal handler may do: it writes a byte. A second signal ends the process at once.
private func handleSignal(_ number: Int32) {
  if signalCount.add(1, ordering: .relaxed).newValue > 1 { _exit(hastyStatus.load(ordering: .relaxed)) }
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(signalPipe.load(ordering: .acquiring), &byte, 1)
  errno = saved
}
