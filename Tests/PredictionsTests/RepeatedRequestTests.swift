import Testing

@testable import Predictions

@Suite("Equal requests of an agent")
struct RepeatedRequestTests {
  private static let created: Int64 = 1_795_437_296_789

  private func earlier(
    _ status: PredictionStatus, _ billing: Billing, finished: Int64? = nil
  ) -> Prediction {
    var it = Prediction(
      id: PredictionID(at: Self.created), provider: "p", model: "m", input: [], fingerprint: [1], account: "a",
      outputDirectory: "/out", origin: .mcp)
    (it.agent, it.status, it.billing) = ("fox", status, billing)
    it.finishedAt = finished.map { Self.created + $0 }
    return it
  }

  private func isAnswered(by earlier: Prediction, after milliseconds: Int64, named: Set<PredictionID> = []) -> Bool {
    RepeatedRequest(named: named).isAnswered(by: earlier, at: Self.created + milliseconds)
  }

  @Test("every status and billing: only what came to nothing and cost nothing is made anew")
  func everyStatus() {
    for status in PredictionStatus.allCases {
      for billing in Billing.allCases {
        let isNew = (status == .failed || status == .cancelled) && (billing == .none || billing == .refunded)
        let it = earlier(status, billing, finished: status.isTerminal ? 5 : nil)
        #expect(isAnswered(by: it, after: 10) == !isNew, "\(status) \(billing)")
      }
    }
  }

  @Test func aFinishedOneAnswersForTenMinutes() {
    let it = earlier(.completed, .charged, finished: 1_000)
    #expect(isAnswered(by: it, after: 1_000 + RepeatedRequest.window - 1))
    #expect(!isAnswered(by: it, after: 1_000 + RepeatedRequest.window))
  }

  @Test func oneInProgressAnswersForADay() {
    let it = earlier(.processing, .unknown)
    #expect(isAnswered(by: it, after: RepeatedRequest.reach - 1) && !isAnswered(by: it, after: RepeatedRequest.reach))
  }

  @Test func oneThatTheAgentHasNamedAnswersNoMore() {
    let it = earlier(.completed, .charged, finished: 1)
    #expect(isAnswered(by: it, after: 2) && !isAnswered(by: it, after: 2, named: [it.id]))
  }

  @Test("of calls at once the first gets the newest answer, the next the one before, the last none")
  func atOnce() {
    let (new, old) = (earlier(.completed, .charged), earlier(.processing, .unknown))
    func answer(_ skipped: Int) -> Prediction? {
      RepeatedRequest(skipping: skipped).answer(among: [new, earlier(.failed, .none), old], at: Self.created + 5)
    }
    #expect(answer(0) == new && answer(1) == old && answer(2) == nil)
  }

  @Test func requestsAreEqualInAllThatMatters() {
    let it = earlier(.completed, .charged)
    #expect(RepeatedRequest.isSame(it, it))
    for change in [
      { $0.agent = "owl" }, { $0.agent = nil }, { $0.account = "b" }, { $0.fingerprint = [2] },
      { $0.outputDirectory = "/in" }, { $0.outputName = "n" },
    ] as [(inout Prediction) -> Void] {
      var other = it
      change(&other)
      #expect(!RepeatedRequest.isSame(it, other))
    }
    var plain = it
    plain.agent = nil
    #expect(!RepeatedRequest.isSame(plain, plain))
  }
}
