import Testing

@testable import Predictions

@Suite("POSTs in flight")
struct PostTableTests {
  private let id = PredictionID(sequence: 1, lowBits: 1)

  @Test("a POST may start once it is handed over, and cannot be revoked from then on")
  func starting() {
    var posts = PostTable()
    #expect(posts.mayStart(id, isOurs: true, now: 0) == false, "nothing was claimed")
    posts.handOver(id, now: 0)
    #expect(!posts.isEmpty)
    #expect(posts.mayStart(id, isOurs: true, now: PostTable.claimLifetime) == true)
    #expect(posts.revoke(id) == true, "it may be sent nevertheless")
    #expect(posts.refusal(of: id) == .other)
    posts.end(id)
    #expect(posts.isEmpty)
  }

  @Test("a revoked POST does not start")
  func revoking() {
    var posts = PostTable()
    #expect(posts.revoke(id) == true, "a prediction without a POST here may be another process's")
    posts.handOver(id, now: 0)
    #expect(posts.revoke(id) == false)
    #expect(posts.mayStart(id, isOurs: true, now: 0) == false)
    #expect(posts.refusal(of: id) == .revoked)
  }

  @Test("a POST does not start when its claim is too old or its row is another process's", arguments: [true, false])
  func late(isOurs: Bool) {
    var posts = PostTable()
    posts.handOver(id, now: 0)
    #expect(posts.mayStart(id, isOurs: isOurs, now: isOurs ? PostTable.claimLifetime + 1 : 0) == false)
    #expect(posts.refusal(of: id) == .late)
  }

  @Test("after a failed claim, the rows that were never handed over are returned once")
  func reconciling() {
    let lost = PredictionID(sequence: 2, lowBits: 1)
    var posts = PostTable()
    posts.handOver(id, now: 0)
    posts.end(id)
    #expect(posts.takeLostClaims(among: [id, lost]) == [], "no claim has failed")
    posts.noteFailedClaim()
    #expect(posts.takeLostClaims(among: [id, lost]) == [lost])
    posts.noteFailedClaim()
    posts.noteOutcome(of: id)
    #expect(posts.takeLostClaims(among: [id]) == [id])
    #expect(posts.takeLostClaims(among: [id]) == [])
  }
}
