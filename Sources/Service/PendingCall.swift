internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A request that is answered later, and what is to happen if the client stops waiting for it.
///
/// Whoever is first answers: the work that was asked for, or the cancelling. The other one finds it answered.
final class PendingCall: Sendable {
  /// The prediction or predictions it waits for, once it does.
  private struct State {
    var wait: WaitID?
    var isCancelled = false
    /// Answers a cancelled `submit`, whose prediction goes on and must not be lost. It is given this object and holds no
    /// reference to it: the two would keep each other, and the prediction, in memory.
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

  /// Remembers the wait, and what to do instead of an error when the client gives up.
  func waits(_ wait: WaitID?, in engine: PredictionEngine, onCancel: (@Sendable (PendingCall) -> Void)? = nil) {
    let wasCancelled = state.withLock { state in
      state.wait = wait
      state.onCancel = onCancel
      return state.isCancelled
    }
    if wasCancelled { cancel(in: engine) }
  }

  /// The client stops waiting: it gets its answer now, and the prediction goes on.
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
