internal import Threads

/// Passes the body of a download to its sink on the request's queue, because a sink may wait for the disk.
///
/// At most 4 MiB wait on the queue; with more, the transfer pauses until half of them are passed on.
final class QueuedSink: Sendable {
  /// How bytes of a body were taken: `later` pauses the transfer, and the same bytes come again.
  enum Reception { case taken, later, stop }

  private struct State {
    /// Bytes on the queue.
    var waiting = 0
    var isPaused = false
    /// Whether the sink has returned `false`.
    var hasEnded = false
  }

  /// The number of bytes of one download that may wait on the queue. A piece of any length is taken where none waits.
  static let limit = 4 << 20

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
    let reception = state.withLock { state -> Reception in
      if state.hasEnded { return .stop }
      guard state.waiting == 0 || state.waiting + bytes.count <= Self.limit else {
        state.isPaused = true
        return .later
      }
      state.waiting += bytes.count
      return .taken
    }
    guard reception == .taken else { return reception }
    let piece = Array(bytes)
    queue.async { [self] in pass(piece) }
    return .taken
  }

  private func pass(_ piece: [UInt8]) {
    // Pieces that waited behind the one at which the sink ended.
    if hasEnded { return }
    let isTaken = sink(piece.span)
    let mustWake = state.withLock { state in
      state.waiting -= piece.count
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
