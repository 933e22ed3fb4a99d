import Testing

@testable import Predictions

@Suite("Commits that failed with the disk")
struct PendingRecordsTests {
  private func record(_ number: Int64) -> PendingRecords.Record {
    .init(id: PredictionID(sequence: number, lowBits: 1), event: .interrupted, writer: nil)
  }

  @Test("the pause before a retry doubles from one second to half a minute, until a commit succeeds")
  func pauses() {
    var records = PendingRecords()
    var now: Int64 = 0
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] as [Int64] {
      _ = records.add(record(1), now: now)
      #expect(records.retryAt == now + pause)
      now += pause
      #expect(records.takeDue(now).count == 1)
      records.end()
    }
    records.succeed()
    _ = records.add(record(1), now: now)
    #expect(records.retryAt == now + 1_000)
  }

  @Test("records that fail before the retry are tried together with the first")
  func together() {
    var records = PendingRecords()
    _ = records.add(record(1), now: 0)
    _ = records.add(record(2), now: 900)
    #expect(records.takeDue(999).isEmpty)
    #expect(records.takeDue(1_000).map(\.id) == [record(1).id, record(2).id])
    #expect(records.retryAt == nil)
  }

  @Test("the failures of one prediction are reported once, until a commit succeeds")
  func reports() {
    var records = PendingRecords()
    #expect(records.add(record(1), now: 0) == true)
    #expect(records.add(record(1), now: 0) == false)
    #expect(records.add(record(2), now: 0) == true)
    records.succeed()
    #expect(records.add(record(1), now: 0) == true)
  }

  @Test("a record is either waiting or in progress at every moment until it is committed")
  func neverInvisible() {
    var records = PendingRecords()
    records.begin()
    #expect(records.isWriting)
    _ = records.add(record(1), now: 0)
    records.end()
    #expect(!records.isWriting && !records.isEmpty)
    #expect(records.takeDue(1_000).count == 1)
    #expect(records.isWriting && records.isEmpty)
    records.begin()
    records.end()
    #expect(records.isWriting)
    records.end()
    #expect(!records.isWriting)
  }
}
