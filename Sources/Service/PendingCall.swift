internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A request that is answered later, and its reply for a client that stops waiting.
///
/// The first of completion and cancellation sends the reply; the other is ignored.
final class PendingCall: Sendable {
  private struct State {
    /// The wait for predictions, once it has begun.
    var wait: WaitID?
    var isCancelled = false
    /// Answers a cancelled `submit` with its prediction, whose id the client needs. It gets this object as an argument and holds
    /// no reference to it, which would be a cycle.
    var onCancel: (@Sendable (PendingCall) -> Void)?
  }

  let reply: PendingReply
  private let state = Protected(State())

  init(_ reply: PendingReply) {
    self.reply = reply
  }

  /// Answers with bytes that are one JSON value.
  func result(_ json: [UInt8]) {
    _ = reply.result { $0.raw(json) }
  }

  /// Answers with one JSON value, written straight into the reply.
  func result(_ body: (inout JSONWriter) -> Void) {
    _ = reply.result(body)
  }

  func error(_ error: RPCError) {
    _ = reply.error(error)
  }

  /// Records the wait.
  ///
  /// - Parameter onCancel: answers when the client cancels; without it the answer is an error.
  func waits(_ wait: WaitID?, in engine: PredictionEngine, onCancel: (@Sendable (PendingCall) -> Void)? = nil) {
    let wasCancelled = state.withLock { state in
      state.wait = wait
      state.onCancel = onCancel
      return state.isCancelled
    }
    if wasCancelled { cancel(in: engine) }
  }

  /// Ends the wait and answers at once; the prediction goes on.
  func cancel(in engine: PredictionEngine) {
    let (wait, onCancel) = state.withLock { state in
      state.isCancelled = true
      return (state.wait, state.onCancel)
    }
    guard let wait else { return }
    _ = engine.endWait(wait)
    if let onCancel { onCancel(self) } else { error(.requestCancelled) }
  }
}
