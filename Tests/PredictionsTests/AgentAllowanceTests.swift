import Testing

@testable import Predictions

@Suite("Limits of an agent on the disk")
struct AgentAllowanceTests {
  private func prediction(_ status: PredictionStatus, files: [Int64]) -> Prediction {
    var prediction = Prediction(
      id: PredictionID(at: 1), provider: "sandbox", model: "m", input: [], fingerprint: [], account: "a",
      outputDirectory: "/out")
    prediction.status = status
    prediction.files = files.map {
      OutputFile(path: "/out/x", mediaType: "image/png", bytes: $0, sha256: "", width: nil, height: nil)
    }
    return prediction
  }

  @Test func filesAreCountedIncludingExpectedOnes() {
    let allowance = AgentAllowance(maxFiles: 4)
    let recent = [
      prediction(.completed, files: [1, 1]), prediction(.created, files: []), prediction(.failed, files: []),
    ]
    #expect(allowance.excess(of: recent, pending: 0) == nil)
    #expect(allowance.excess(of: recent, pending: 1) == .agentFull(files: 4))
    #expect(allowance.excess(of: recent + [prediction(.processing, files: [])], pending: 0) == .agentFull(files: 4))
    #expect(allowance.excess(of: recent + [prediction(.cancelled, files: [])], pending: 0) == nil)
  }

  @Test func bytesAreCountedToo() {
    let allowance = AgentAllowance(maxFiles: 64)
    #expect(allowance.excess(of: [prediction(.completed, files: [1_000_000_000, 999_999_999])], pending: 0) == nil)
    #expect(
      allowance.excess(of: [prediction(.completed, files: [1_000_000_000, 1_000_000_000])], pending: 0)
        == .agentFull(files: 64))
  }
}
