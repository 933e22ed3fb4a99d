internal import Threads

/// Adopts the roots of a host on a thread of its own, which may wait for a dead disk, and delays the calls that need them.
final class MCPAdoptions: Sendable {
  typealias Job = @Sendable () -> Void

  private struct State {
    var open = 0
    var last = 0
    var waiting: [Int: Job] = [:]
  }

  private let state = Protected(State())
  private let queue = WorkQueue()

  /// Begins an adoption, after earlier ones.
  func begin(_ adoption: @escaping Job) {
    state.withLock { $0.open += 1 }
    queue.async { [state] in
      adoption()
      state.withLock { $0.open -= 1 }
    }
  }

  /// Runs a job after the adoptions that have begun: at once where all are done, otherwise on their thread.
  func after(_ job: @escaping Job) {
    let number: Int? = state.withLock { state in
      guard state.open > 0 else { return nil }
      state.last += 1
      state.waiting[state.last] = job
      return state.last
    }
    guard let number else { return job() }
    queue.async { [state] in state.withLock { $0.waiting.removeValue(forKey: number) }?() }
  }

  /// Runs the jobs that wait.
  func endWaits() {
    let jobs = state.withLock { state in
      defer { state.waiting = [:] }
      return state.waiting.sorted { $0.key < $1.key }
    }
    for (_, job) in jobs { job() }
  }
}
