internal import Predictions

/// How a request that is answered later ends, without locks and replies.
///
/// The first of completion, cancellation and the end of input decides: the waits of the call are ended once, and the other
/// events are ignored.
struct CallState {
  enum Event: CaseIterable { case completed, cancelled, inputEnded }

  /// When a cancellation decides.
  enum Cancellation: CaseIterable {
    /// At once, because a cancelled request has no reply (MCP).
    case atOnce
    /// As soon as the call waits, because its reply is not known before (JSON-RPC). A call that completes without waiting
    /// ignores it.
    case whileWaiting
  }

  /// What the caller has to do.
  struct Ending: Equatable {
    /// The event that has decided just now; `nil` where another one had decided before.
    var event: Event?
    /// The waits to end.
    var waits: [WaitID]
  }

  private enum Phase {
    case running(isCancelled: Bool)
    case waiting([WaitID])
    case over
  }

  private let cancellation: Cancellation
  private var phase = Phase.running(isCancelled: false)

  init(_ cancellation: Cancellation) {
    self.cancellation = cancellation
  }

  /// Whether an event has decided.
  var isOver: Bool { if case .over = phase { true } else { false } }

  /// Records waits that have begun.
  ///
  /// - Returns: `nil` where the call waits now.
  mutating func wait(_ waits: [WaitID]) -> Ending? {
    switch phase {
    case .running(isCancelled: false): phase = .waiting(waits)
    case .waiting(let earlier): phase = .waiting(earlier + waits)
    case .running(isCancelled: true):
      phase = .over
      return Ending(event: .cancelled, waits: waits)
    case .over: return Ending(event: nil, waits: waits)
    }
    return nil
  }

  /// Records an event.
  ///
  /// - Returns: `nil` where it does not decide.
  mutating func end(by event: Event) -> Ending? {
    var waits: [WaitID] = []
    switch phase {
    case .over: return nil
    case .running where event == .cancelled && cancellation == .whileWaiting:
      phase = .running(isCancelled: true)
      return nil
    case .running: break
    case .waiting(let begun): waits = begun
    }
    phase = .over
    return Ending(event: event, waits: waits)
  }
}
