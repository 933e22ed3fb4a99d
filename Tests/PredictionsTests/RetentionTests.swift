import PredictionsTestSupport
import Testing

@testable import Predictions

@Suite("Old predictions are deleted where that is configured")
struct RetentionTests {
  private static let day: Int64 = 86_400_000
  private let start = Moment(steady: 5_000, wall: 1_763_900_000_000)

  private func moment(after milliseconds: Int64, step: Int64 = 0) -> Moment {
    Moment(steady: start.steady + milliseconds, wall: start.wall + milliseconds + step)
  }

  private func due(_ retention: inout Retention, after milliseconds: Int64, step: Int64 = 0) -> PruneRequest? {
    retention.takeDue(moment(after: milliseconds, step: step))
  }

  @Test func nothingIsDueBeforeWorkBegins() {
    var retention = Retention(lifetime: Self.day, now: start)
    #expect(retention.dueAt == nil)
    #expect(due(&retention, after: Self.day) == nil)
  }

  @Test func batchesFollowEachOtherAfterAPauseAndThenAnHour() throws {
    var retention = Retention(lifetime: Self.day, now: start)
    retention.begin(start)
    #expect(due(&retention, after: 999) == nil)
    let first = due(&retention, after: 1_000)
    let request = try #require(first)
    #expect(request == PruneRequest(acceptedBefore: start.wall + 1_000 - Self.day))
    #expect(due(&retention, after: 9_000) == nil, "a batch is in progress")
    let last = PredictionID(at: start.wall - 2 * Self.day)
    retention.finish(last: last, moment(after: 9_000))
    #expect(due(&retention, after: 9_199) == nil)
    var next = request
    next.after = last
    #expect(due(&retention, after: 9_200) == next)
    retention.finish(last: nil, moment(after: 9_300))
    #expect(retention.dueAt == moment(after: 9_300 + 3_600_000).steady)
    #expect(
      due(&retention, after: 4_000_000) == PruneRequest(acceptedBefore: start.wall + 4_000_000 - Self.day))
  }

  @Test func settingTheClockForwardMakesNothingOld() {
    var retention = Retention(lifetime: Self.day, now: start)
    retention.begin(start)
    let request = due(&retention, after: 2_000, step: 400 * Self.day)
    #expect(request?.acceptedBefore == start.wall + 2_000 - Self.day)
  }

  @Test func settingTheClockBackKeepsNewPredictions() {
    var retention = Retention(lifetime: Self.day, now: start)
    retention.begin(start)
    let request = due(&retention, after: 2_000, step: -Self.day)
    #expect(request?.acceptedBefore == start.wall + 2_000 - 2 * Self.day)
  }

  @Test func unfinishedAndUnsavedPredictionsAreNotPruned() {
    func prediction(_ status: PredictionStatus, _ phase: PredictionPhase? = nil, files: Int = 1) -> Prediction {
      var it = Prediction(
        id: PredictionID(at: start.wall), provider: "p", model: "m", input: [], fingerprint: [], account: "a",
        outputDirectory: "/out")
      it.status = status
      it.phase = phase
      it.files = Array(
        repeating: OutputFile(path: "/x.png", mediaType: "image/png", bytes: 1, sha256: "00", width: 1, height: 1),
        count: files)
      return it
    }
    #expect(prediction(.completed).mayBePruned)
    #expect(prediction(.failed, files: 0).mayBePruned)
    #expect(prediction(.cancelled, files: 0).mayBePruned)
    #expect(!prediction(.completed, files: 0).mayBePruned)
    #expect(!prediction(.unknown).mayBePruned)
    #expect(!prediction(.unknown, .looking).mayBePruned)
    #expect(!prediction(.created, .queued).mayBePruned)
    #expect(!prediction(.completed, .fetching).mayBePruned)
    #expect(!prediction(.cancelled, .settling).mayBePruned)
    for status in [PredictionStatus.completed, .cancelled] {
      var unsaved = prediction(status)
      unsaved.failure = PredictionFailure(.downloadFailed, retryable: true, message: "No network.")
      #expect(!unsaved.mayBePruned)
    }
  }

  @Test func theEngineDeletesOldPredictionsInBatches() throws {
    let rig = Rig(retention: Self.day)
    let old = try (0..<5).map { number in try rig.submit("boat \(number)").id }
    for id in old { #expect(try rig.result(id).status == .completed) }
    rig.advance(Self.day)
    let young = try rig.submit("a young one").id
    _ = try rig.result(young)
    try rig.eventually("the old ones are deleted", by: 1_000) { old.allSatisfy { rig.table.row($0) == nil } }
    #expect(try old.allSatisfy { try rig.engine.snapshot($0) == nil })
    #expect(try rig.status(young).status == .completed)
  }

  @Test func withoutARetentionNothingIsDeleted() throws {
    let rig = Rig()
    let old = try rig.submit().id
    #expect(try rig.result(old).status == .completed)
    for _ in 0..<20 { rig.advance(400 * Self.day) }
    #expect(try rig.status(old).status == .completed)
  }
}
