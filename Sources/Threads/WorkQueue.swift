/// Runs jobs one after another on a thread of its own, which starts with the first job.
///
/// For work that blocks (disk, drawing): none of it belongs on a thread that others wait for. Jobs are never dropped.
public final class WorkQueue: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var started = false
  }

  private let state = Protected(State())

  /// A queue without jobs and still without a thread.
  public init() {}

  /// Adds a job behind those already there.
  public func async(_ job: @escaping @Sendable () -> Void) {
    let mustStart = state.signal { state in
      state.jobs.append(job)
      defer { state.started = true }
      return !state.started
    }
    guard mustStart else { return }
    startThread { [state] in
      while true {
        let jobs = state.wait { state -> [@Sendable () -> Void]? in
          guard !state.jobs.isEmpty else { return nil }
          defer { state.jobs = [] }
          return state.jobs
        }
        for job in jobs ?? [] { job() }
      }
    }
  }
}
