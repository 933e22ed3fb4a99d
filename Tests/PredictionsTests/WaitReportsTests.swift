import Testing
import Threads

@testable import Predictions

@Suite("Progress of a wait")
struct WaitReportsTests {
  private static let snapshot = PredictionSnapshot(
    Prediction(
      id: PredictionID(sequence: 1, lowBits: 1), provider: "p", model: "m", input: [], fingerprint: [], account: "a",
      outputDirectory: "/out"),
    resultURL: nil)
  private static let outcome = WaitOutcome(isFulfilled: true, snapshots: [snapshot])

  @Test("progress comes before the answer, and none after it")
  func order() {
    let journal = Journal()
    let (onProgress, completion) = WaitReports.inOrder(
      { _ in journal.note("progress") }, { _ in journal.note("answer") })
    onProgress?(Self.snapshot)
    completion(Self.outcome)
    onProgress?(Self.snapshot)
    #expect(journal.all == ["progress", "answer"])
  }

  @Test("an answer that comes during a report is sent once, after the report")
  func answerDuringAReport() {
    let journal = Journal()
    let answer = Protected<Answer?>(nil)
    let (onProgress, completion) = WaitReports.inOrder(
      { _ in
        // Without a lock held, this neither waits nor calls the completion.
        answer.withLock { $0 }?.send(Self.outcome)
        journal.note("progress")
      }, { _ in journal.note("answer") })
    answer.withLock { $0 = Answer(send: completion) }
    onProgress?(Self.snapshot)
    onProgress?(Self.snapshot)
    #expect(journal.all == ["progress", "answer"])
  }

  @Test("without progress the completion is used as it is")
  func withoutProgress() {
    let journal = Journal()
    let (onProgress, completion) = WaitReports.inOrder(nil) { _ in journal.note("answer") }
    #expect(onProgress == nil)
    completion(Self.outcome)
    #expect(journal.all == ["answer"])
  }

  private struct Answer: Sendable {
    let send: @Sendable (WaitOutcome) -> Void
  }
}
