import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Work after a POST: telling equal predictions apart, and dropping stored replies.
@Suite("After a POST")
struct AftermathTests {
  private static func match(_ remoteID: String, _ rig: Rig) -> HistoryMatch {
    HistoryMatch(remoteID: remoteID, createdAt: rig.time.now.wall, clockSkew: 0)
  }

  private static let picture = RemoteResult.completed(
    outputs: [.bytes([1, 2, 3])], hasNSFWContents: [], inferenceMilliseconds: nil)

  // MARK: - Equal predictions

  @Test("of two equal predictions one lost its reply: the item of the other one is not a second match")
  func twin() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.submits = [
        .answer(.accepted(remoteID: "r-1", result: .running, clockSkew: 0)), .answer(.ambiguous(reason: "No reply.")),
      ]
      state.searches = [.found([Self.match("r-1", rig), Self.match("r-2", rig)])]
    }
    let (first, second) = (try rig.submit().id, try rig.submit().id)
    #expect(try rig.result(first).remoteID == "r-1")
    let it = try rig.result(second)
    #expect(it.status == .completed)
    #expect(it.remoteID == "r-2")
    #expect(rig.posts == [first, second])
  }

  @Test("a prediction whose remote id belongs to another one is searched for again by the process that polled it")
  func displaced() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.pollsHang = true
      state.searches = [.found([Self.match("r-2", rig)])]
    }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.provider.state.withLock { $0.polled } == 1 }
    // Another process received this id in the late reply of its own prediction.
    rig.table.displace(id)
    rig.provider.state.withLock { $0.pollsHang = false }
    rig.advance(200)
    _ = try rig.status(id)
    try rig.eventually("its own picture is found") { rig.table.row(id)?.status == .completed }
    #expect(try rig.row(id).remoteID == "r-2")
  }

  // MARK: - What exists only in memory

  @Test("drain waits for a remote id that could not be written, and no longer than it may")
  func drainWaitsForTheDisk() throws {
    let rig = Rig()
    rig.table.fail(.change, [.lost]) { if case .accepted = $0 { true } else { false } }
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.soon("the commit failed") { rig.journal.count("failed commit") == 1 }
    #expect(rig.engine.drain(atMost: 20) == false)
    #expect(try rig.row(id).remoteID == nil)
    let drained = Protected<Bool?>(nil)
    startThread {
      let isDone = rig.engine.drain(atMost: 20_000)
      drained.signal { $0 = isDone }
    }
    try rig.eventually("it is written", by: 100) { drained.withLock { $0 } != nil }
    #expect(drained.withLock { $0 } == true)
    #expect(try rig.row(id).remoteID == "r-1")
  }

  @Test("the bytes of an image that cannot be saved are dropped from memory where the provider has them")
  func bytes() throws {
    let rig = Rig()
    rig.provider.state.withLock {
      $0.polls = [.answered(Self.picture, after: nil), .answered(Self.picture, after: nil)]
    }
    rig.outputs.state.withLock { $0.faults = [.diskFull(path: "/out")] }
    let id = try rig.submit().id
    #expect(try rig.result(id).failure?.kind == .downloadFailed)
    // The bytes go after the commit that the result waits for.
    try rig.soon("the bytes are dropped") { !rig.engine.state.withLock { $0.downloads.hasBytes(of: id) } }
    let it = try rig.result(id)
    #expect(it.failure == nil)
    #expect(rig.engine.contents(of: try #require(it.files.first), for: nil) == [1, 2, 3])
    try rig.soon("the bytes are dropped") { !rig.engine.state.withLock { $0.downloads.hasBytes(of: id) } }
  }

  @Test("the only copy of an image stays in memory until it is a file")
  func onlyCopy() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.submits = [.answer(.accepted(remoteID: "r-1", result: Self.picture, clockSkew: 0))]
      state.canRepeat = false
    }
    rig.outputs.state.withLock { $0.faults = [.diskFull(path: "/out")] }
    let id = try rig.submit().id
    // Not by a wait: one that begins after the failure saves it again.
    try rig.soon("it could not be saved") { rig.table.row(id)?.failure?.kind == .downloadFailed }
    let it = try rig.result(id)
    #expect(rig.engine.contents(of: try #require(it.files.first), for: nil) == [1, 2, 3])
    #expect(rig.provider.state.withLock { $0.polled } == 0)
  }

  // MARK: - What the provider keeps

  @Test("the stored reply of a prediction is dropped when the prediction is over, and not before")
  func forgotten() throws {
    let rig = Rig()
    let failed = RemoteResult.failed(
      PredictionFailure(.contentRefused, retryable: false, message: "No."), billing: .unknown)
    rig.provider.state.withLock { state in
      state.submits = [
        .answer(.accepted(remoteID: "r-1", result: .running, clockSkew: 0)),
        .answer(.accepted(remoteID: "r-2", result: failed, clockSkew: 0)), .answer(.ambiguous(reason: "No reply.")),
      ]
    }
    rig.outputs.state.withLock { $0.faults = [.diskFull(path: "/out")] }
    // One may be forgotten twice, which changes nothing.
    let forgotten = { Set(rig.provider.state.withLock { $0.forgotten }) }
    let unsaved = try rig.submit().id
    #expect(try rig.result(unsaved).failure?.kind == .downloadFailed)
    #expect(forgotten().isEmpty, "it may be wanted again")
    let refused = try rig.submit("another").id
    #expect(try rig.result(refused).status == .failed)
    // The wait is answered before that.
    try rig.soon("it is forgotten") { forgotten() == [refused] }
    #expect(try rig.result(try rig.submit("a third").id).status == .unknown)
    #expect(forgotten() == [refused], "nobody knows")
    rig.engine.delete([unsaved], files: false) { _, _ in }
    try rig.soon("it is deleted") { forgotten() == [refused, unsaved] }
  }

  @Test("a repeated download that could not be committed is not begun later")
  func wish() throws {
    let rig = Rig()
    rig.outputs.state.withLock { $0.faults = [.diskFull(path: "/out")] }
    let id = try rig.submit().id
    #expect(try rig.result(id).failure?.kind == .downloadFailed)
    rig.table.fail(.change, [.lost]) { $0 == .downloadAgain }
    #expect(try rig.result(id).failure?.kind == .downloadFailed)
    #expect(rig.engine.drain(atMost: 1_000))
    rig.advance(60_000)
    #expect(rig.engine.drain(atMost: 1_000))
    #expect(try rig.row(id).files.isEmpty)
    #expect(try rig.result(id).files.count == 1)
  }
}
