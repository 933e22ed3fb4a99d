import Testing

@testable import Predictions

@Suite("Sentences of the log")
struct RecentNoticesTests {
  @Test func theSameSentenceIsWrittenOnceAMinute() {
    var recent = RecentNotices()
    let moments: [(String, Int64)] = [
      ("away", 0), ("away", 5_000), ("other", 5_000), ("away", 59_999), ("away", 60_000), ("away", 60_001),
    ]
    let written = moments.map { recent.mayWrite($0.0, at: $0.1) }
    #expect(written == [true, false, true, false, true, false])
  }

  @Test func sentencesThatDifferAreAllWrittenAndForgotten() {
    var recent = RecentNotices()
    let written = (0..<1_000).map { recent.mayWrite("Sentence \($0).", at: 0) }
    #expect(written == [Bool](repeating: true, count: 1_000))
    let again = recent.mayWrite("Sentence 999.", at: 1)
    #expect(!again)
  }
}
