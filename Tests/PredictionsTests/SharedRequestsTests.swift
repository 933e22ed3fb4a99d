import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Who sends a request and who waits for one that is under way.
@Suite("Shared requests")
struct SharedRequestsTests {
  @Test("equal requests wait for the first, which ends in time for them")
  func joining() {
    var requests = SharedRequests<Int>()
    let heard = Protected<[Int]>([])
    func ask(_ key: String, _ deadline: Int64, _ tag: Int) -> Int? {
      requests.join(key, deadline: deadline) { answer in heard.withLock { $0.append(answer * 10 + tag) } }
    }
    let first = ask("a", 100, 1)
    #expect(first != nil && ask("a", 100, 2) == nil && ask("a", 500, 3) == nil)
    // It must have its answer sooner.
    let hasty = ask("a", 50, 4)
    #expect(hasty != nil && hasty != first)
    let other = ask("b", 100, 5)
    #expect(other != nil)
    for completion in requests.end(first!, of: "a") { completion(7) }
    #expect(heard.withLock { $0 } == [71, 72, 73])
    #expect(requests.end(first!, of: "a").isEmpty && requests.end(hasty!, of: "b").isEmpty)
    #expect(requests.end(hasty!, of: "a").count == 1 && requests.end(other!, of: "b").count == 1)
    // After the end a new one is sent.
    #expect(ask("a", 100, 6) != nil)
  }
}
