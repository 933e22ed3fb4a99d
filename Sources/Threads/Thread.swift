#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The argument of a new thread.
private final class ThreadStart: Sendable {
  let body: @Sendable () -> Void

  init(body: @escaping @Sendable () -> Void) {
    self.body = body
  }
}

/// Starts a detached thread with all signals blocked, so that signals reach only the thread that waits for them.
///
/// - Parameter stackBytes: the size of its stack, of which only touched pages take memory.
public func startThread(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
  let start = Unmanaged.passRetained(ThreadStart(body: body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stackBytes)
  defer { pthread_attr_destroy(&attributes) }

  var all = sigset_t()
  var before = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_BLOCK, &all, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

  #if canImport(Darwin)
    var thread: pthread_t?
    let result = pthread_create(&thread, &attributes, { threadMain($0) }, start.toOpaque())
  #else
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, { threadMain($0!) }, start.toOpaque())
  #endif
  precondition(result == 0, "no thread could be started: the system is out of memory or of threads")
}

/// A function, because a closure at the top level of a program is isolated to the main actor and would trap here.
private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  start.body()
  return nil
}
