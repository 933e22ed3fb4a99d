import Testing

@testable import Predictions
@testable import Service

/// Every order of a call's wait and the three events that may end it.
@Suite struct CallStateTests {
  private enum Step: CaseIterable {
    case wait, completed, cancelled, inputEnded

    var event: CallState.Event? {
      switch self {
      case .wait: nil
      case .completed: .completed
      case .cancelled: .cancelled
      case .inputEnded: .inputEnded
      }
    }
  }

  private static let wait = WaitID(number: 7)

  /// All sequences of different steps, of any length.
  private static let orders: [[Step]] = {
    var orders: [[Step]] = [[]]
    var longest = orders
    while !longest.isEmpty {
      longest = longest.flatMap { order in Step.allCases.filter { !order.contains($0) }.map { order + [$0] } }
      orders += longest
    }
    return orders
  }()

  /// The event that decides: the first one, except that a cancellation may have to be followed or preceded by the wait.
  private static func decider(_ order: [Step], _ cancellation: CallState.Cancellation) -> (CallState.Event, at: Int)? {
    for (index, step) in order.enumerated() {
      let before = order[...index]
      switch step {
      case .wait:
        if cancellation == .whileWaiting, before.contains(.cancelled) { return (.cancelled, index) }
      case .completed: return (.completed, index)
      case .inputEnded: return (.inputEnded, index)
      case .cancelled:
        if cancellation == .atOnce || before.contains(.wait) { return (.cancelled, index) }
      }
    }
    return nil
  }

  @Test(arguments: CallState.Cancellation.allCases) func theFirstDecidesAndTheWaitIsEndedOnce(
    _ cancellation: CallState.Cancellation
  ) {
    #expect(Self.orders.count == 1 + 4 + 12 + 24 + 24)
    for order in Self.orders {
      var state = CallState(cancellation)
      var decided: [(event: CallState.Event, at: Int)] = []
      var ended: [WaitID] = []
      for (index, step) in order.enumerated() {
        let ending = step.event.map { state.end(by: $0) } ?? state.wait([Self.wait])
        if let event = ending?.event { decided.append((event, index)) }
        ended += ending?.waits ?? []
      }
      let decider = Self.decider(order, cancellation)
      #expect(decided.map(\.event) == [decider?.0].compactMap(\.self), "\(order)")
      #expect(decided.map(\.at) == [decider?.at].compactMap(\.self), "\(order)")
      #expect(state.isOver == (decider != nil), "\(order)")
      #expect(ended == (order.contains(.wait) && decider != nil ? [Self.wait] : []), "\(order)")
    }
  }

  @Test func allWaitsOfACallAreEndedTogether() {
    var state = CallState(.atOnce)
    let other = WaitID(number: 8)
    #expect(state.wait([Self.wait]) == nil && state.wait([other]) == nil)
    #expect(state.end(by: .inputEnded) == .init(event: .inputEnded, waits: [Self.wait, other]))
    #expect(state.end(by: .inputEnded) == nil)
  }
}
