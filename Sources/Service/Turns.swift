internal import Threads

/// The calls of a client that wait for their turn, where the predictions are on a server that may take seconds to answer.
///
/// They run in the order of their arrival on a thread that all clients share, so that no thread that reads waits for the server.
final class Turns: Sendable {
  private struct State {
    var calls = 0
    var bytes = 0
    /// Whether one was added since the last `settle`.
    var isUnsettled = false
  }

  /// With more calls, or more bytes of them, nothing is read before some have had their turn. One read adds at most 1,600 calls, so
  /// `Limits.requestsInFlight` is not reached for this reason.
  private static let mostCalls = 4_000
  private static let mostBytes = 64 << 20

  private let state = Protected(State())
  private let queue: WorkQueue

  init(on queue: WorkQueue) {
    self.queue = queue
  }

  /// Adds a call.
  ///
  /// - Parameter bytes: how much memory it holds, about.
  func add(bytes: Int, _ body: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.calls += 1
      state.bytes += bytes
      state.isUnsettled = true
    }
    queue.async { [state] in
      body()
      state.signal { state in
        state.calls -= 1
        state.bytes -= bytes
      }
    }
  }

  /// For the end of a read: commits its calls in their turn, and waits for room for those of the next read.
  func settle(_ commit: @escaping @Sendable () -> Void) {
    let hasCalls = state.withLock { state in
      defer { state.isUnsettled = false }
      return state.isUnsettled
    }
    guard hasCalls else { return }
    queue.async(commit)
    _ = state.wait { $0.calls < Self.mostCalls && $0.bytes < Self.mostBytes ? true : nil }
  }

  /// Waits until all have had their turn. Not in a call.
  func finish() {
    _ = state.wait { $0.calls == 0 ? true : nil }
  }
}
