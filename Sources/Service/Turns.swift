internal import JSONRPC
internal import Threads

/// The calls of a client that wait for their turn, where the predictions are on a server that may take seconds to answer.
///
/// They run in the order of their arrival, on a thread that all clients of the program share: one call of each in turn, so that a
/// client with many holds up no other. No thread that reads waits for the server.
final class Turns: Sendable {
  private struct Job: Sendable {
    var bytes: Int
    /// Whether it is a call of an agent, which may come to hold a prediction.
    var isOfAgent = false
    var isCall = true
    let run: @Sendable () -> Void
  }

  private struct State {
    /// Those that wait, by number.
    var jobs: [Int: Job] = [:]
    var first = 0
    var last = 0
    /// Whether the thread will come to the next one.
    var isQueued = false
    /// Of the calls that wait or run.
    var calls = 0
    var callsOfAgents = 0
    var bytes = 0
    /// Whether one was added since the last `settle`.
    var isUnsettled = false
    /// Where the replies go.
    var connection: Connection?

    mutating func add(_ job: Job) {
      last += 1
      jobs[last] = job
    }

    mutating func next() -> Job? {
      guard first < last else { return nil }
      first += 1
      return jobs.removeValue(forKey: first)
    }
  }

  /// With more calls, or more bytes of them, nothing more is read before some have had their turn.
  private static let mostCalls = 4_000
  private static let mostBytes = 64 << 20

  private let state = Protected(State())
  private let queue: WorkQueue

  init(on queue: WorkQueue) {
    self.queue = queue
  }

  /// Sets the connection that the replies go to, or none where the client has gone.
  func attach(_ connection: Connection?) {
    // Released with the lock open.
    _ = state.withLock { state in
      defer { state.connection = connection }
      return state.connection
    }
  }

  /// Adds a call.
  ///
  /// - Parameter bytes: how much memory it holds, about.
  func add(bytes: Int, isOfAgent: Bool = false, _ body: @escaping @Sendable () -> Void) {
    add(Job(bytes: bytes, isOfAgent: isOfAgent, run: body))
  }

  /// For the end of a read: commits its calls in their turn, and waits for room for those of the next read.
  func settle(_ commit: @escaping @Sendable () -> Void) {
    let hasCalls = state.withLock { state in
      defer { state.isUnsettled = false }
      return state.isUnsettled
    }
    guard hasCalls else { return }
    add(Job(bytes: 0, isCall: false, run: commit))
    _ = state.wait { $0.calls < Self.mostCalls && $0.bytes < Self.mostBytes ? true : nil }
  }

  /// Whether a call of an agent waits or runs.
  var hasCallOfAgent: Bool { state.withLock { $0.callsOfAgents > 0 } }

  /// Waits until all calls have had their turn. Not in a call.
  func finish() {
    _ = state.wait { $0.calls == 0 ? true : nil }
  }

  private func add(_ job: Job) {
    let mustQueue = state.withLock { state in
      state.add(job)
      if job.isCall {
        state.calls += 1
        state.bytes += job.bytes
        state.isUnsettled = true
        if job.isOfAgent { state.callsOfAgents += 1 }
      }
      defer { state.isQueued = true }
      return !state.isQueued
    }
    if mustQueue { queue.async { self.takeTurn() } }
  }

  // MARK: On the thread

  private func takeTurn() {
    let connection = state.withLock { $0.connection }
    if let connection, connection.isBehind {
      // Its client does not read: the replies that wait are all that fit into the memory. The other clients go on.
      startThread { [self] in
        connection.waitUntilNotBehind()
        queue.async { self.takeTurn() }
      }
      return
    }
    guard let job = state.withLock({ $0.next() }) else { return }
    job.run()
    let hasMore = state.signal { state in
      if job.isCall {
        state.calls -= 1
        state.bytes -= job.bytes
        if job.isOfAgent { state.callsOfAgents -= 1 }
      }
      state.isQueued = state.first < state.last
      return state.isQueued
    }
    if hasMore { queue.async { self.takeTurn() } }
  }
}
