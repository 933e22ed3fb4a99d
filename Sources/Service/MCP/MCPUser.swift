internal import JSON
internal import Predictions
internal import Threads

/// The user behind a session, who answers questions through the host.
///
/// Up to 2025-11-25 a question is a request of ours, whose answer comes while the call waits. In stateless revisions the call
/// ends with the question, and the client makes it again with the answer.
final class MCPUser: Sendable {
  /// A call that waits for an answer.
  struct Asker: Sendable {
    let call: MCPCall
    /// Called once, on another thread or on the reading thread; with `nil` where there is no answer in time.
    let goOn: @Sendable (MCPQuestion.Answer?) -> Void
    /// Called instead where another call took the yes.
    let askAgain: @Sendable () -> Void
  }

  private struct State {
    var questions = MCPQuestions<Asker>()
    var hasThread = false
    var isAtEnd = false
  }

  private let state = Protected(State())
  private let time: any TimeSource

  init(time: any TimeSource) {
    self.time = time
  }

  /// Takes up a question of a call; see `MCPQuestions.take`.
  func take(_ question: MCPQuestion, for asker: Asker?, patience: Int64) -> MCPQuestions<Asker>.Step {
    let now = time.now.steady
    let (step, mustStart) = state.signal { state -> (MCPQuestions<Asker>.Step, Bool) in
      let asker = state.isAtEnd ? nil : asker
      let step = state.questions.take(question, for: asker, until: now + patience, now: now)
      let mustStart = state.questions.nextDeadline != nil && !state.hasThread
      if mustStart { state.hasThread = true }
      return (step, mustStart)
    }
    if mustStart { startThread { [weak self] in self?.keepTime() } }
    return step
  }

  /// Takes up the result of a question, and continues the calls that wait for it.
  func answer(_ id: String, _ result: JSONValue?) {
    let answer = MCPQuestion.Answer(result)
    let now = time.now.steady
    let (told, again) = state.signal { $0.questions.answer(id, answer, now: now) { !$0.call.isOver } }
    for asker in told { asker.goOn(answer) }
    for asker in again { asker.askAgain() }
  }

  /// Keeps a yes for the next call that has the question.
  func giveBack(_ question: MCPQuestion) {
    let now = time.now.steady
    state.withLock { $0.questions.giveBack(question, now: now) }
  }

  /// Continues all calls without an answer.
  func inputEnded() {
    let askers = state.signal { state in
      state.isAtEnd = true
      return state.questions.takeAll()
    }
    for asker in askers { asker.goOn(nil) }
  }

  private func keepTime() {
    while true {
      let now = time.now.steady
      let (expired, next) = state.withLock { state -> ([Asker], Int64?) in
        let expired = state.questions.takeExpired(now)
        let next = state.questions.nextDeadline
        if next == nil { state.hasThread = false }
        return (expired, next)
      }
      for asker in expired { asker.goOn(nil) }
      guard let next else { return }
      _ = state.wait(atMost: max(1, next - now)) { $0.questions.nextDeadline != next ? true : nil }
    }
  }
}
