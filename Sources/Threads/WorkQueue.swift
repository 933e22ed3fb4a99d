#if DEBUG
  #if canImport(Glibc)
    internal import Glibc
  #elseif canImport(Musl)
    internal import Musl
  #else
    internal import Darwin
  #endif
#endif

/// Runs jobs in order on a thread of its own, which starts with the first job. No job is dropped; the thread ends with the queue, when
/// it has run them all.
///
/// For work that blocks (the disk, drawing) and must not delay other threads.
public final class WorkQueue: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var started = false
    var isOver = false
  }

  private let state = Protected(State())

  /// A queue without jobs and without a thread.
  public init() {}

  deinit { state.signal { $0.isOver = true } }

  /// Adds a job at the end.
  public func async(_ job: @escaping @Sendable () -> Void) {
    let mustStart = state.signal { state in
      state.jobs.append(job)
      defer { state.started = true }
      return !state.started
    }
    guard mustStart else { return }
    startThread { [state] in
      #if DEBUG
        pthread_setspecific(Self.key, Unmanaged.passUnretained(state).toOpaque())
      #endif
      while true {
        // No jobs but the end.
        var jobs = state.wait { state -> [@Sendable () -> Void]? in
          guard !state.jobs.isEmpty || state.isOver else { return nil }
          defer { state.jobs = [] }
          return state.jobs
        }
        if jobs?.isEmpty != false { return }
        // Each job is released when it has run, because it may hold megabytes.
        jobs?.reverse()
        while let job = jobs?.popLast() { job() }
      }
    }
  }

  /// The number of jobs that wait; for tests.
  var count: Int { state.withLock { $0.jobs.count } }

  /// Stops a debug build where the caller is not a job of this queue. Release builds check nothing.
  public func assertIsCurrent() {
    #if DEBUG
      let current = pthread_getspecific(Self.key)
      assert(current == Unmanaged.passUnretained(state).toOpaque(), "called outside the queue's thread")
    #endif
  }

  #if DEBUG
    /// Under it each queue's thread has the address of the queue's state.
    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      pthread_key_create(&key, nil)
      return key
    }()
  #endif
}
