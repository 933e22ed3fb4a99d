internal import HTTP
internal import JSON
internal import Threads

/// Which dialect the server at the base URL speaks: what the setting says, what its host says, or what its list of models says,
/// for which a free `GET /models` is sent once. A server that does not answer it is spoken to as to OpenAI.
final class OpenAIServer: Sendable {
  /// For the list of models, in milliseconds: a paid request waits for it.
  static let patience: Int64 = 3_000

  private struct Waiter {
    let go: @Sendable (OpenAIDialect) -> Void
  }

  private enum Knowledge {
    case none
    case asking([Waiter])
    case known(OpenAIDialect)
    /// The question brought no answer. It is asked again after this time of the steady clock; a paid request cannot wait for it each
    /// time.
    case guessed(until: Int64)
  }

  /// How long an answer that did not come is not asked for again, in milliseconds.
  private static let rest: Int64 = 60_000

  private let state: Protected<Knowledge>
  /// Waiters run here, because they build requests of many megabytes.
  private let queue = WorkQueue()

  /// - Parameters:
  ///   - setting: a name of the table; `nil` where the user gave none.
  ///   - host: of the base URL, in lower case.
  init(setting: String?, host: String) {
    let known = setting.flatMap(OpenAIDialect.named) ?? OpenAIDialect.of(host: host)
    state = Protected(known.map(Knowledge.known) ?? .none)
  }

  /// The dialect, as far as it is known without a request.
  var dialect: OpenAIDialect {
    state.withLock { if case .known(let dialect) = $0 { dialect } else { .unknown } }
  }

  /// Whether the server has said, or the user, what it is: silence proves nothing, least of all that it costs nothing.
  var isKnown: Bool { state.withLock { if case .known = $0 { true } else { false } } }

  /// Whether no question is due: it is known, or it was asked lately and did not answer.
  var isAsked: Bool {
    state.withLock { state in
      switch state {
      case .known: true
      case .guessed(let until): MonotonicClock.milliseconds < until
      case .none, .asking: false
      }
    }
  }

  /// Calls `then` with the dialect: at once where it is known, otherwise when the server has answered, or has not.
  ///
  /// - Parameter ask: sends the request; called at most once until it has an answer. It calls back once, with the answer of the
  ///   server, or with the failure of the request.
  func withDialect(
    asking ask: (_ completion: @escaping @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void) -> Void,
    then go: @escaping @Sendable (OpenAIDialect) -> Void
  ) {
    enum Step {
      case go(OpenAIDialect)
      case ask, wait
    }
    let step: Step = state.withLock { state in
      switch state {
      case .known(let dialect): return .go(dialect)
      case .asking(let waiters):
        state = .asking(waiters + [Waiter(go: go)])
        return .wait
      case .guessed(let until) where MonotonicClock.milliseconds < until: return .go(.unknown)
      case .none, .guessed:
        state = .asking([Waiter(go: go)])
        return .ask
      }
    }
    switch step {
    case .go(let dialect): go(dialect)
    case .wait: break
    case .ask: ask { [self] answer in answered(answer) }
    }
  }

  /// Learns from a list of models that was asked for in any case.
  func note(_ answer: HTTPResponse) {
    guard let dialect = Self.dialect(in: answer) else { return }
    state.withLock { state in
      switch state {
      case .none, .guessed: state = .known(dialect)
      case .asking, .known: break
      }
    }
  }

  private func answered(_ answer: Result<HTTPResponse, HTTPFailure>) {
    let dialect = (try? answer.get()).flatMap(Self.dialect)
    // A server that was not reached may be another one, or up, the next time: it is asked again at once.
    let isReached = if case .failure(let failure) = answer { failure.mayHaveBeenSent } else { true }
    let waiters: [Waiter] = state.withLock { state in
      guard case .asking(let waiters) = state else { return [] }
      state =
        dialect.map(Knowledge.known)
        ?? (isReached ? .guessed(until: MonotonicClock.milliseconds + Self.rest) : .none)
      return waiters
    }
    queue.async { for waiter in waiters { waiter.go(dialect ?? .unknown) } }
  }

  /// What an answer says: a list of models names the server, or is that of one that nothing tells, and so is a server without
  /// such a list. A refusal, a fault or an empty list says nothing.
  private static func dialect(in answer: HTTPResponse) -> OpenAIDialect? {
    if [404, 405, 501].contains(answer.status) { return .unknown }
    guard (200..<300).contains(answer.status), let models = try? JSONValue(parsing: answer.body),
      (models.array ?? models["data"]?.array)?.isEmpty == false
    else { return nil }
    return OpenAIDialect.of(models: models) ?? .unknown
  }
}
