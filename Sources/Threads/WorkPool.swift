/// Runs jobs on a few threads of its own, which start with the first jobs. No job is dropped; jobs begin in the order of
/// their arrival.
public final class WorkPool: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var threads = 0
    var idle = 0
  }

  private let state = Protected(State())
  private let limit: Int

  /// A pool without jobs and without threads.
  ///
  /// - Parameter limit: how many jobs run at once.
  public init(limit: Int) {
    self.limit = limit
  }

  /// Adds a job at the end.
  public func async(_ job: @escaping @Sendable () -> Void) {
    let mustStart = state.signal { state in
      state.jobs.append(job)
      guard state.threads < limit, state.jobs.count > state.idle else { return false }
      state.threads += 1
      return true
    }
    guard mustStart else { return }
    startThread { [state] in
      while true {
        state.withLock { $0.idle += 1 }
        let job = state.wait { state -> (@Sendable () -> Void)? in
          guard !state.jobs.isEmpty else { return nil }
          state.idle -= 1
          return state.jobs.removeFirst()
        }
        job?()
      }
    }
  }
}
