import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Two threads decide under one lock and act afterwards: the outcome is right in either order.
@Suite("Races")
struct RaceTests {
  /// Cancelled by another process (or before the claim was known here), then once more here, before the first byte.
  @Test(arguments: [true, false]) func cancelledTwice(byAnother: Bool) throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    if !byAnother { rig.table.hold(.claim) }
    let id = try rig.submit().id
    if byAnother {
      _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
      #expect(try Rig(sharing: rig, owner: "other").cancel(id).status == .cancelled)
    } else {
      try rig.soon("the claim waits") { rig.table.state.withLock { $0.claimsBegun } == 1 }
      rig.engine.cancel(id, deleteRemote: false) { _ in }
      rig.table.release(.claim)
      _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
      rig.store.flush()
    }
    #expect(try rig.row(id).phase == .settling)
    _ = try rig.cancel(id)
    rig.provider.start()
    try rig.soon("it is settled") { rig.table.row(id)?.phase == nil }
    #expect(try rig.row(id).billing == .none)
    #expect(rig.posts.isEmpty)
  }

  /// A store on a server is not read on the provider's thread. Nothing is sent while others cannot see that this process lives.
  @Test(arguments: [true, false]) func aRemoteStoreIsNotReadBeforeAPost(isSeenAlive: Bool) throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    rig.store.remote.withLock { ($0.isRemote, $0.isSeenAlive) = (true, isSeenAlive) }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    let reads = rig.store.remote.withLock { $0.reads }
    rig.provider.start()
    if isSeenAlive {
      try rig.soon("it is sent") { rig.posts.count == 1 }
      #expect(rig.store.remote.withLock { $0.reads } == reads)
    } else {
      try rig.soon("it ends unsent") { rig.table.row(id)?.failure?.kind == .interrupted }
      #expect(rig.posts.isEmpty)
      #expect(try rig.row(id).billing == .none)
    }
  }

  /// Taken over by another process; this one learns it by its own late commit.
  @Test func takenOverByAnotherProcess() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.provider.state.withLock { $0.hangingPolls.count } == 1 }
    let answers = Answers()
    try rig.engine.wait(for: [id], atMost: 600_000, completion: answers.take)
    rig.table.kill("me")  // alive, but judged stalled
    let other = Rig(sharing: rig, owner: "other")
    other.provider.state.withLock { $0.pollsHang = true }
    _ = try other.status(id)
    try other.soon("taken and polled") { other.provider.state.withLock { $0.hangingPolls.count } == 1 }
    rig.provider.state.withLock { $0.hangingPolls.removeFirst() }(.answered(ScriptedProvider.finished(), after: nil))
    try rig.soon("it is let go") { rig.engine.state.withLock { !$0.scheduler.hasWork } }
    other.provider.state.withLock { $0.hangingPolls.removeFirst() }(.answered(ScriptedProvider.finished(), after: nil))
    try other.soon("it is done there") { rig.table.row(id)?.status == .completed }
    try rig.eventually("the wait is answered") { answers.all.count == 1 }
  }

  /// Changed by another process between the read and the moment when the row is in memory, and noted in between. The
  /// stale row must not stay in memory: a wait for it would not end.
  @Test func changedWhileItIsRead() throws {
    let rig = Rig()
    let other = Rig(sharing: rig, owner: "other")
    other.provider.state.withLock { $0.pollsHang = true }
    let id = try other.submit().id
    try other.eventually("it is polled") { rig.table.row(id)?.phase == .polling }
    rig.engine.noticeChanges()
    rig.table.state.withLock {
      $0.afterRead = (
        id,
        {
          _ = try? other.cancel(id)
          rig.engine.noticeChanges()
        }
      )
    }
    #expect(try rig.status(id).status == .cancelled)
    let answers = Answers()
    try rig.engine.wait(for: [id], atMost: 600_000, completion: answers.take)
    #expect(answers.all.count == 1)
  }

  /// The same between the commit of a new row and the moment when it is in memory.
  @Test func changedWhileItIsAccepted() throws {
    let rig = Rig()
    let other = Rig(sharing: rig, owner: "other")
    rig.engine.noticeChanges()
    rig.table.state.withLock {
      $0.afterInsert = { id in
        _ = try? other.cancel(id)
        rig.engine.noticeChanges()
      }
    }
    let id = try rig.submit().id
    #expect(try rig.status(id).status == .cancelled)
  }

  /// Ended and deleted by another process between two reads of the log.
  @Test func endedAndDeleted() throws {
    let rig = Rig()
    let other = Rig(sharing: rig, owner: "other")
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.table.row(id)?.phase == .polling }
    let answers = Answers()
    try other.engine.wait(for: [id], atMost: 600_000, completion: answers.take)
    _ = try rig.cancel(id)
    rig.engine.delete([id], files: false) { _, _ in }
    rig.engine.settle()
    #expect(rig.table.row(id) == nil)
    try other.eventually("the wait is answered") { answers.all.count == 1 }
    #expect(try other.engine.snapshot(id) == nil)
  }

  /// A provider is installed during a recovery.
  @Test func installedWhileRecovering() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.table.row(id)?.phase == .polling }
    rig.engine.stop()
    rig.table.kill("me")
    let next = PredictionEngine(
      store: MemoryStore(rig.table, owner: "next"), outputs: MemoryOutputs(), previews: MemoryPreviews(),
      inputs: MemoryInputs(), time: rig.time, limits: AccountLimits(),
      defaults: Defaults(provider: "scripted", model: nil, outputDirectory: "/out"), seed: 1, notice: { _ in })
    let provider = ScriptedProvider(journal: rig.journal)
    provider.state.withLock { $0.pollsHang = true }
    rig.table.hold(.recover)
    _ = try next.snapshot(id)
    next.install(.ready(provider), as: "scripted")
    rig.table.release(.recover)
    try rig.soon("it is taken over") { rig.table.row(id)?.owner == "next" }
  }

  /// A process that submits and ends takes over nothing: hundreds of such processes would only delay each other.
  @Test func aProcessThatOnlySubmitsTakesNothingOver() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.table.row(id)?.phase == .polling }
    rig.engine.stop()
    rig.table.kill("me")
    let brief = Rig(sharing: rig, owner: "brief")
    try brief.submit("another")
    brief.engine.drain(atMost: 20_000)
    brief.advance(2 * PredictionEngine.submitOnlyLifetime)
    // A commit that comes after any recovery that is in progress.
    try brief.submit("a third")
    #expect(rig.table.row(id)?.owner == "me")
    let lasting = Rig(sharing: rig, owner: "lasting")
    lasting.provider.state.withLock { $0.pollsHang = true }
    try lasting.submit("a fourth")
    #expect(rig.table.row(id)?.owner == "me")
    lasting.advance(PredictionEngine.submitOnlyLifetime)
    // The clock goes on: the moment is set after the reply, perhaps only now.
    try lasting.eventually("it is taken over") { rig.table.row(id)?.owner == "lasting" }
  }

  /// No progress after the answer of a wait.
  @Test func lateProgress() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let ids = [try rig.submit("one").id, try rig.submit("two").id]
    try rig.eventually("both are polled") { rig.provider.state.withLock { $0.hangingPolls.count } == 2 }
    // The first callback is slow, so that the other one is called after its wait has been answered.
    let gate = Protected((first: PredictionID?.none, isOpen: false))
    let told = Protected<[PredictionID]>([])
    let over = Protected<[PredictionID]>([])
    for id in ids {
      try rig.engine.wait(for: [id], atMost: 600_000) { _ in
        let isFirst = gate.signal { gate in
          defer { gate.first = gate.first ?? id }
          return gate.first == nil
        }
        if isFirst { gate.waitBriefly { $0.isOpen } }
        told.withLock { $0.append(id) }
      } completion: { _ in
        over.signal { $0.append(id) }
      }
    }
    rig.advance(1_100)
    let first = try #require(gate.wait(atMost: 20_000) { $0.first })
    let other = try #require(ids.first { $0 != first })
    _ = try rig.cancel(other)
    #expect(over.wait(atMost: 20_000) { $0 == [other] ? true : nil } == true)
    gate.signal { $0.isOpen = true }
    // The clock's next tick comes after this one is finished.
    let next = Answers()
    try rig.engine.wait(for: [first], atMost: 500, completion: next.take)
    rig.advance(500)
    try rig.eventually("the clock went on") { next.all.count == 1 }
    #expect(told.withLock { $0 } == [first])
  }
}
