import Predictions
import Testing

@Suite("Statuses")
struct PredictionStatusTests {
  /// The pairs of statuses that clients may see one after the other; Sources/Predictions/README.md, "Prediction".
  private static let steps: [(PredictionStatus, PredictionStatus)] = [
    (.created, .processing), (.created, .failed), (.created, .cancelled), (.processing, .completed),
    (.processing, .failed), (.processing, .cancelled), (.processing, .unknown), (.unknown, .processing),
  ]

  @Test(
    "the pairs of statuses that may follow each other", arguments: PredictionStatus.allCases, PredictionStatus.allCases)
  func steps(from: PredictionStatus, to: PredictionStatus) {
    #expect(from.mayBecome(to) == (from == to || Self.steps.contains { $0 == (from, to) }))
  }

  @Test(
    "what is terminal leads nowhere, but for unknown, which may be settled once", arguments: PredictionStatus.allCases)
  func terminal(status: PredictionStatus) {
    let next = PredictionStatus.allCases.filter { $0 != status && status.mayBecome($0) }
    #expect(status.isTerminal == [.completed, .failed, .cancelled, .unknown].contains(status))
    if status.isTerminal { #expect(next == (status == .unknown ? [.processing] : [])) }
  }

  /// These words are on the wire and in databases that other versions read.
  @Test("the words on the wire")
  func words() {
    #expect(
      PredictionStatus.allCases.map(\.rawValue) == [
        "created", "processing", "completed", "failed", "cancelled", "unknown",
      ])
    #expect(
      PredictionPhase.allCases.map(\.rawValue) == [
        "queued", "sending", "polling", "looking", "fetching", "settling",
      ])
    #expect(Billing.allCases.map(\.rawValue) == ["none", "charged", "refunded", "unknown"])
    #expect(
      PredictionFailure.Kind.allCases.map(\.rawValue) == [
        "invalid_input", "content_refused", "authentication", "insufficient_credit", "rate_limited",
        "model_unavailable", "network", "configuration", "remote_error", "remote_timeout", "submission_unknown",
        "download_failed",
        "budget_exceeded", "dependency_failed", "cancelled", "interrupted", "internal",
      ])
  }
}
