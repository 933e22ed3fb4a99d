import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// What the engine learns from how long jobs took.
@Suite("Durations in the engine", .serialized)
struct DurationTests {
  private static let running = PollOutcome.answered(.running, after: nil)

  @Test("the final answer leaves how long it took, in the same commit")
  func stored() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.polls = [Self.running, Self.running] }
    let prediction = try rig.submit()
    #expect(try rig.result(prediction.id).status == .completed)
    let stored = rig.store.durations(of: "account", model: prediction.model)
    let took = try #require(stored.first)
    #expect(stored.count == 1)
    #expect(took.kind == JobKind.of(JSONObject([("prompt", .string("a cat"))])))
    #expect(took.stillMilliseconds > 0 && took.doneMilliseconds > took.stillMilliseconds)
  }

  @Test("a failure ends a wait too, and what another process had begun is not stored")
  func others() throws {
    let rig = Rig()
    let failure = PredictionFailure(.remoteError, retryable: false, message: "x", hint: nil)
    rig.provider.state.withLock { $0.polls = [.answered(.failed(failure, billing: .none), after: nil)] }
    let prediction = try rig.submit()
    #expect(try rig.result(prediction.id).status == .failed)
    #expect(rig.store.durations(of: "account", model: prediction.model).count == 1)

    let first = Rig(owner: "first")
    first.provider.state.withLock { $0.pollsHang = true }
    let begun = try first.submit()
    try first.eventually("it is polled") { first.provider.state.withLock { !$0.hangingPolls.isEmpty } }
    first.table.kill("first")
    let second = Rig(sharing: first, owner: "second")
    #expect(try second.result(begun.id).status == .completed)
    #expect(second.store.durations(of: "account", model: begun.model).isEmpty)
  }

  @Test("at a remote provider, polls come when earlier jobs say that they pay")
  func remote() throws {
    for known in [false, true] {
      let rig = Rig(pace: .remote)
      if known {
        let took = try #require(JobDuration(kind: 1, still: 7_900, done: 8_100))
        rig.table.state.withLock { state in
          state.durations = (0..<64).map { _ in ("account", "model", took) }
        }
      }
      let prediction = try rig.submit()
      let begun = rig.time.now.steady
      #expect(try rig.result(prediction.id).status == .completed)
      let pause = rig.time.now.steady - begun
      #expect(known ? pause >= 4_000 : pause < 4_000, "\(pause)")
    }
  }

  @Test("a connection to the outputs' host is opened where a client waits, also by the next process")
  func openedAhead() throws {
    let rig = Rig(pace: .remote)
    rig.provider.state.withLock { $0.polls = Array(repeating: Self.running, count: 9) }
    _ = try rig.result(try rig.submit().id)
    #expect(rig.provider.state.withLock { $0.opened } == [], "nobody knows where its outputs will be")
    let next = Rig(sharing: rig, owner: "next", pace: .remote)
    for expected in 1...2 {
      next.provider.state.withLock { $0.polls = Array(repeating: Self.running, count: 4) }
      _ = try next.result(try next.submit().id)
      let opened = next.provider.state.withLock { $0.opened }
      #expect(opened == Array(repeating: "https://cdn.example/1.png", count: expected))
    }
  }

  @Test("something is expected of a prediction while its provider works on it, and only then")
  func expectation() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let prediction = try rig.submit()
    try rig.eventually("it is polled") { rig.provider.state.withLock { !$0.hangingPolls.isEmpty } }
    let first = try #require(rig.engine.expectation(of: prediction.id))
    #expect(first.remaining.map { (8_000...12_100).contains($0) } == true)
    rig.advance(6_000)
    let later = try #require(rig.engine.expectation(of: prediction.id))
    #expect(later.share > first.share && later.share < 0.99)
    for poll in rig.provider.state.withLock({ $0.hangingPolls }) {
      poll(.answered(ScriptedProvider.finished(), after: nil))
    }
    try rig.eventually("it is over") { rig.table.row(prediction.id)?.status == .completed }
    try rig.soon("nothing is expected") { rig.engine.expectation(of: prediction.id) == nil }
  }

  @Test("a subscription to its id has the priority of a wait, until it ends")
  func attention() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    func isAwaited() -> Bool { rig.engine.state.withLock { $0.scheduler.awaited.contains(id) } }
    rig.engine.attend([id])
    #expect(isAwaited())
    let wait = try #require(try rig.engine.wait(for: [id], atMost: 60_000) { _ in })
    #expect(rig.engine.endWait(wait))
    #expect(isAwaited(), "the subscription is still there")
    rig.engine.endAttention(to: [id])
    #expect(!isAwaited())
  }
}
