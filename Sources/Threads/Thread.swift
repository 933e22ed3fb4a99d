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
  if tryStartThread(stackBytes: stackBytes, body) { return }
  let isTaken = spare.signal { spare in
    guard spare.threads > 0 else { return false }
    spare.threads -= 1
    spare.jobs.append(SpareThreads.Job(body: body))
    return true
  }
  precondition(isTaken, "no thread could be started: the system is out of memory or of threads")
}

/// Threads that wait for a time in which the system gives no more.
private struct SpareThreads {
  /// A struct, because a lock must not hold a bare closure; see `Protected`.
  struct Job: Sendable {
    let body: @Sendable () -> Void
  }

  var threads = 0
  var jobs: [Job] = []
}

private let spare = Protected(SpareThreads())

/// Keeps threads for `startThread`, in a process in which others, started with `tryStartThread`, may take all that the system gives.
public func keepSpareThreads(_ count: Int) {
  for _ in 0..<count {
    let isStarted = tryStartThread {
      let job = spare.wait { $0.jobs.popLast() }
      job?.body()
    }
    if isStarted { spare.withLock { $0.threads += 1 } }
  }
}

/// The same, where the process can do without the thread.
///
/// - Returns: `false` where the system gives no more threads; the body is not called then.
public func tryStartThread(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) -> Bool {
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
  if result != 0 { start.release() }
  return result == 0
}

/// A function, because a closure at the top level of a program is isolated to the main actor and would trap here.
private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  start.body()
  return nil
}
