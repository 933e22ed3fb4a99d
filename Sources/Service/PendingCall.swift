internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A request that is answered later: its reply and its waits.
///
/// `CallState` has the rule by which it ends. That it has one reply is ensured by `PendingReply`.
final class PendingCall: Sendable {
  /// Answers with the current state. It gets the call as an argument and holds no reference to it, which would be a cycle.
  typealias Answer = @Sendable (PendingCall) -> Void

  private struct State {
    var call: CallState
    var answer: Answer?
  }

  let reply: PendingReply
  private let state: Protected<State>

  init(_ reply: PendingReply, cancellation: CallState.Cancellation) {
    self.reply = reply
    state = Protected(State(call: CallState(cancellation)))
  }

  // MARK: - Answering

  /// Answers with bytes that are one JSON value.
  func result(_ json: [UInt8]) {
    result { $0.raw(json) }
  }

  /// Answers with one JSON value, written straight into the reply.
  func result(_ body: (inout JSONWriter) -> Void) {
    reply.result(body)
    end(by: .completed)
  }

  func error(_ error: RPCError) {
    reply.error(error)
    end(by: .completed)
  }

  // MARK: - Waiting and ending

  /// Whether it is answered, cancelled, or ended with the input.
  var isOver: Bool { state.withLock { $0.call.isOver } }

  /// Records waits that have begun. Where the call is over, they are ended.
  ///
  /// - Parameter answer: answers where a cancellation or the end of input decides.
  /// - Returns: whether the call waits now.
  @discardableResult
  func waits(_ waits: [WaitID], in engine: PredictionEngine, answer: @escaping Answer) -> Bool {
    let ending = state.withLock { state in
      let ending = state.call.wait(waits)
      // Without waits the answer is only for a call that has none yet.
      if ending == nil, !waits.isEmpty || state.answer == nil { state.answer = answer }
      return ending
    }
    guard let ending else { return true }
    for wait in ending.waits { _ = engine.endWait(wait) }
    if ending.event != nil { answer(self) }
    return false
  }

  /// Ends the call and its waits, unless another event has decided.
  ///
  /// - Parameter engine: has the waits; not needed for a completed call, whose waits are over.
  /// - Returns: whether this event decides, and the answer that came with the waits.
  @discardableResult
  func end(by event: CallState.Event, in engine: PredictionEngine? = nil) -> (decides: Bool, answer: Answer?) {
    let (ending, answer) = state.withLock { state in
      let ending = state.call.end(by: event)
      // Released with the lock open, because it may be the last holder of other objects.
      return (ending, ending == nil ? nil : state.answer.take())
    }
    guard let ending else { return (false, nil) }
    if let engine { for wait in ending.waits { _ = engine.endWait(wait) } }
    return (true, answer)
  }
}
