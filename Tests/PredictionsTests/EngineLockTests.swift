import Testing
import Threads

@testable import Predictions

/// Debug builds stop where a store, a provider or a caller would be called with the engine's lock held. Every other
/// test of the engine runs through the same checks.
@Suite("The engine's lock")
struct EngineLockTests {
  @Test("calling the store with the lock held ends a debug build")
  func store() async {
    await #expect(processExitsWith: .failure) {
      let rig = Rig()
      rig.engine.state.withLock { _ in _ = rig.engine.store }
    }
  }

  @Test("calling the log with the lock held ends a debug build")
  func log() async {
    await #expect(processExitsWith: .failure) {
      let rig = Rig()
      rig.engine.state.withLock { _ in rig.engine.notice("A sentence.") }
    }
  }

  @Test("without the lock all of them can be called")
  func free() {
    let rig = Rig()
    _ = (rig.engine.store, rig.engine.outputs, rig.engine.previews, rig.engine.inputs)
    rig.engine.notice("A sentence.")
    #expect(rig.notices.withLock { $0 } == ["A sentence."])
  }

  @Test("whether a history is empty is asked without the lock, by recovery and after a lost reply")
  func history() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.historyCheck = .init { [engine = rig.engine] in engine.assertUnlocked() }
      state.submits = [.answer(.ambiguous(reason: "No reply."))]
    }
    let id = try rig.submit().id
    // The first call that names a prediction begins recovery.
    _ = try rig.status(id)
    try rig.eventually("the reply was lost") { rig.table.row(id)?.phase == .looking }
    #expect(rig.provider.state.withLock { $0.historyChecks } >= 2)
  }
}
