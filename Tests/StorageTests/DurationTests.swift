import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

/// The rules of every store are in `StoreConformance`.
@Suite("How long jobs took, on the disk")
struct DurationTests {
  private func ended(_ fixture: StoreFixture, _ number: Int, remoteID: String) throws {
    let row = try fixture.polling("\(number)", remoteID: remoteID)
    let took = JobDuration(kind: Int64.min, still: Int64(number), done: Int64(number) + 1)
    let failure = PredictionFailure(.remoteError, retryable: false, message: "x", hint: nil)
    try fixture.change(row.id, .finished(.failed(failure, billing: .unknown), took: took), by: row.writer)
  }

  @Test("other accounts and models keep theirs, and no commit is added")
  func bound() throws {
    let fixture = try StoreFixture()
    try TableConnection(path: fixture.table).script(
      """
      INSERT INTO durations(account, model, kind, still_ms, done_ms) VALUES('account', 'other', 1, 0, 5), ('other', 'm', 1, 0, 5);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 256)
        INSERT INTO durations(account, model, kind, still_ms, done_ms) SELECT 'account', 'm', 1, 0, 1000 + i FROM n
      """)
    let row = try fixture.polling("a", remoteID: "1")
    let before = fixture.store.commitCount
    let failure = PredictionFailure(.remoteError, retryable: false, message: "x", hint: nil)
    let took = JobDuration(kind: Int64.min, still: 7, done: 8)
    try fixture.change(row.id, .finished(.failed(failure, billing: .unknown), took: took), by: row.writer)
    #expect(fixture.store.commitCount == before + 1)
    #expect(try fixture.peek("SELECT count(*) FROM durations") == 258)
    let found = try fixture.store.durations(of: "account", model: "m")
    #expect(found.count == 256 && found.first == took && found.last?.doneMilliseconds == 1_002)
    #expect(try fixture.store.durations(of: "other", model: "m").count == 1)
  }

  @Test("a row that no version of ours writes is passed over")
  func damaged() throws {
    let fixture = try StoreFixture()
    try ended(fixture, 1, remoteID: "1")
    try TableConnection(path: fixture.table).script(
      """
      INSERT INTO durations(account, model, kind, still_ms, done_ms) VALUES('account', 'm', 1, 9, 5), ('account', 'm', 1, -9, 5),
        ('account', 'm', 1, 0, 9223372036854775807), ('account', 'm', 1, -9223372036854775808, -9223372036854775808)
      """)
    #expect(try fixture.store.durations(of: "account", model: "m").map(\.doneMilliseconds) == [2])
  }
}
