internal import Threads

/// Passes the body of a download to its sink on the request's queue, because a sink may wait for the disk.
///
/// Pieces that arrive while a job waits on the queue are joined, so that a host that sends single bytes makes no job for
/// each of them. At most 1 MiB waits; with more, the transfer pauses until half of them are passed on.
final class QueuedSink: Sendable {
  /// How bytes of a body were taken: `later` pauses the transfer, and the same bytes come again.
  enum Reception { case taken, later, stop }

  private struct State {
    /// Bytes that no job has taken yet.
    var pending: [UInt8] = []
    /// The number of pending bytes, and of those that the sink is called with.
    var waiting = 0
    /// Whether a job on the queue will take the pending bytes.
    var isScheduled = false
    var isPaused = false
    /// Whether the sink has returned `false`.
    var hasEnded = false
  }

  /// The number of bytes of one download that may wait. A piece of any length is taken where none waits.
  static let limit = 1 << 20

  private let queue: WorkQueue
  private let sink: @Sendable (borrowing Span<UInt8>) -> Bool
  private let wake: @Sendable () -> Void
  private let state = Protected(State())

  /// `nil` where the request is not a download, or has no queue.
  ///
  /// - Parameter wake: called on the queue when a paused transfer may go on, or the sink has ended it.
  init?(for request: HTTPRequest, wake: @escaping @Sendable () -> Void) {
    guard case .download(_, let sink) = request.purpose, let queue = request.queue else { return nil }
    self.queue = queue
    self.sink = sink
    self.wake = wake
  }

  /// Whether the sink has returned `false`.
  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  /// Takes the next bytes, unless too many wait. Called on the client's thread.
  func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Reception {
    let (reception, mustSchedule) = state.withLock { state -> (Reception, Bool) in
      if state.hasEnded { return (.stop, false) }
      guard state.waiting == 0 || state.waiting + bytes.count <= Self.limit else {
        state.isPaused = true
        return (.later, false)
      }
      state.waiting += bytes.count
      state.pending.append(contentsOf: bytes)
      defer { state.isScheduled = true }
      return (.taken, !state.isScheduled)
    }
    if mustSchedule { queue.async { [self] in passPending() } }
    return reception
  }

  private func passPending() {
    let bytes = state.withLock { state -> [UInt8] in
      // Bytes that arrive from now on need another job.
      state.isScheduled = false
      defer { state.pending = [] }
      return state.pending
    }
    // Bytes that arrived while the sink ended.
    if hasEnded { return }
    let isTaken = sink(bytes.span)
    let mustWake = state.withLock { state in
      state.waiting -= bytes.count
      state.hasEnded = !isTaken
      guard state.hasEnded || state.isPaused && state.waiting <= Self.limit / 2 else { return false }
      state.isPaused = false
      return true
    }
    if mustWake { wake() }
  }

  /// The outcome of the transfer, after all its bytes were passed on: the sink may have ended it after the last byte
  /// arrived. Called on the queue.
  func judged(_ outcome: Result<HTTPResponse, HTTPFailure>) -> Result<HTTPResponse, HTTPFailure> {
    guard case .success(let response) = outcome, hasEnded else { return outcome }
    return .failure(
      HTTPFailure(
        kind: .stopped, message: HTTPTransfer.sentence(.stopped, ""), mayHaveBeenSent: true, partial: response))
  }
}
