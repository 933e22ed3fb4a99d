import Predictions
import PredictionsTestSupport
import Testing
import Threads

/// Partial images, from the provider's thread to the file and its removal.
@Suite("Previews")
struct PreviewTests {
  /// A rig with one POST in flight.
  private func begin(_ rig: Rig) throws -> PredictionID {
    rig.provider.state.withLock { $0.submits = [.hang] }
    let id = try rig.submit().id
    try rig.eventually("the POST is out") { rig.provider.state.withLock { $0.hanging.count == 1 } }
    return id
  }

  @Test("each preview is committed with a new revision, and removed with the end of the prediction")
  func mainJob() throws {
    let rig = Rig()
    let id = try begin(rig)
    let before = try rig.row(id).revision
    rig.provider.show(.picture([1], index: 0))
    try rig.soon("the first is seen") { rig.table.row(id)?.preview?.index == 0 }
    rig.provider.show(.picture([2, 2], index: 1))
    try rig.soon("the second is seen") { (try? rig.status(id))?.preview?.index == 1 }
    #expect(try rig.row(id).revision == before + 2)
    #expect(try rig.row(id).preview?.bytes == 2)
    #expect(rig.previews.state.withLock { $0.files[id] } == [2, 2])
    rig.provider.reply(.accepted(remoteID: "r-1", result: ScriptedProvider.finished(), clockSkew: nil))
    let it = try rig.result(id)
    #expect(it.status == .completed)
    #expect(it.preview == nil)
    #expect(rig.previews.kept.isEmpty)
    #expect(rig.posts == [id])
  }

  @Test("while the disk is slow only the newest image waits")
  func newestWins() throws {
    let rig = Rig()
    let id = try begin(rig)
    rig.previews.state.signal { $0.isHeld = true }
    for number in 1...50 { rig.provider.show(.picture([UInt8(number)], index: number)) }
    rig.previews.state.signal { $0.isHeld = false }
    try rig.soon("the newest is seen") { rig.table.row(id)?.preview?.index == 50 }
    #expect(rig.previews.state.withLock { $0.history.count } <= 2)
    #expect(rig.previews.state.withLock { $0.files[id] } == [50])
  }

  @Test("bytes that are not an image are skipped and reported, and the next preview is stored")
  func hostile() throws {
    let rig = Rig()
    let id = try begin(rig)
    rig.provider.show(.picture([0], index: 0))
    try rig.soon("it is reported") { rig.notices.withLock { $0.contains { $0.hasSuffix("it is not an image.") } } }
    rig.provider.show(.unreadable(reason: "it is not Base64"))
    #expect(rig.notices.withLock { $0.last?.hasSuffix("it is not Base64.") } == true)
    rig.provider.show(.picture([3], index: 2))
    try rig.soon("the next is seen") { rig.table.row(id)?.preview?.index == 2 }
  }

  @Test("a cancellation removes the preview, and one that is being written")
  func cancelled() throws {
    let rig = Rig()
    let id = try begin(rig)
    rig.provider.show(.picture([1], index: 0))
    try rig.soon("it is seen") { rig.table.row(id)?.preview != nil }
    rig.previews.state.signal { $0.isHeld = true }
    rig.provider.show(.picture([2], index: 1))
    #expect(try rig.cancel(id).preview == nil)
    #expect(rig.previews.kept.isEmpty)
    // The commit after the write finds that the prediction is over, and the file is removed.
    rig.previews.state.signal { $0.isHeld = false }
    try rig.soon("it was written") { rig.previews.state.withLock { $0.history.count == 2 } }
    try rig.soon("and went") { rig.previews.kept.isEmpty }
    rig.provider.show(.picture([3], index: 2))
    rig.provider.reply(.ambiguous(reason: "No reply."))
    try rig.soon("it is over") { rig.table.row(id)?.phase == nil }
    #expect(rig.previews.state.withLock { $0.history.count } == 2)
    #expect(try rig.row(id).preview == nil)
  }

  @Test("the next process removes the previews of exited processes, not those of living ones")
  func swept() throws {
    let dead = Rig(owner: "dead")
    let left = try begin(dead)
    dead.provider.show(.picture([1], index: 0))
    try dead.soon("it is seen") { dead.table.row(left)?.preview != nil }
    let alive = Rig(sharing: dead, owner: "alive")
    let held = try begin(alive)
    alive.provider.show(.picture([2], index: 0))
    try alive.soon("it is seen") { alive.table.row(held)?.preview != nil }
    dead.table.kill("dead")
    let next = Rig(sharing: dead, owner: "next")
    _ = try next.status(left)
    try next.soon("it is gone") { next.previews.kept == [held] }
    #expect(try next.row(left).preview == nil)
    #expect(try next.row(held).preview != nil)
  }
}
