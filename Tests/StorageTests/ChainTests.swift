import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Rows that wait for outputs of others")
struct ChainTests {
  /// A store with a prediction that the provider works on, and one that waits for its first output.
  private func chain() throws -> (fixture: StoreFixture, target: Prediction, waiting: Prediction) {
    let fixture = try StoreFixture()
    let target = try fixture.polling()
    var new = fixture.new("with its output")
    new.wait(for: [OutputReference(target.id, 1)])
    guard case .inserted(let waiting) = try fixture.insert(new) else { throw Missing() }
    return (fixture, target, waiting)
  }

  private func complete(_ target: Prediction, in fixture: StoreFixture) throws {
    try fixture.change(
      target.id,
      .finished(.completed(outputs: [.location("https://x/1")], hasNSFWContents: [], inferenceMilliseconds: nil)),
      by: target.writer)
    let file = OutputFile(path: "/x.png", mediaType: "image/png", bytes: 1, sha256: "00", width: 1, height: 1)
    try fixture.change(target.id, .saved([file]), by: target.writer)
  }

  private func claim(_ fixture: StoreFixture, _ id: PredictionID) throws -> ClaimOutcome {
    try fixture.claim(
      ClaimRequest(
        account: "account", maxConcurrency: nil, maxPerMinute: nil, uploaded: [UploadedInput(id: id, sent: nil)]))
  }

  @Test func noProgramCanGiveItAPhase() throws {
    let (fixture, target, waiting) = try chain()
    try complete(target, in: fixture)
    let behind = try TableConnection(path: fixture.table)
    for phase in PredictionPhase.allCases {
      #expect(throws: TableError.self) {
        try behind.run("UPDATE predictions SET phase = ? WHERE seq = ?", phase.rawValue, waiting.id.sequence)
      }
    }
    #expect(try fixture.store.prediction(waiting.id)?.isChained == true)
    guard case .claimed(let row) = try claim(fixture, waiting.id) else { throw Missing() }
    #expect(row.references == .done && row.phase == .sending)
    #expect(try fixture.peek("SELECT count(*) FROM refs") == 0)
    #expect(try fixture.peek("SELECT refs FROM predictions WHERE seq = \(waiting.id.sequence)") == 2)
  }

  /// A program of an older version cancels by writing the columns that it knows.
  @Test func whatAnOlderProgramEndedIsLeftAndSwept() throws {
    let (fixture, target, waiting) = try chain()
    try TableConnection(path: fixture.table).run(
      "UPDATE predictions SET status = 'cancelled', phase = NULL, finished_ms = 1, revision = 2 WHERE seq = ?",
      waiting.id.sequence)
    try complete(target, in: fixture)
    #expect(try claim(fixture, waiting.id) == .nothingQueued)
    #expect(try fixture.store.isAwaited(target.id) == false)
    let row = try #require(try fixture.store.prediction(waiting.id))
    #expect(row.status == .cancelled && row.targets == [] && row.waitsFor == [])
    _ = try fixture.recover()
    #expect(try fixture.peek("SELECT count(*) FROM refs") == 0)
    guard case .deleted = try fixture.delete([target.id]) else { throw Missing() }
  }

  /// An older program deletes a target that others wait for.
  @Test func aTargetThatIsGoneEndsIt() throws {
    let (fixture, target, waiting) = try chain()
    try complete(target, in: fixture)
    try TableConnection(path: fixture.table).run("DELETE FROM predictions WHERE seq = ?", target.id.sequence)
    let round: ChainRound = try fixture.wait { fixture.store.follow(accounts: ["account"], completion: $0) }
    #expect(round.ended.map(\.id) == [waiting.id])
    #expect(round.ended.first?.failure?.message.contains("was deleted") == true)
  }

  @Test func aCopySendsNothing() throws {
    let (fixture, target, waiting) = try chain()
    try complete(target, in: fixture)
    try TableConnection(path: fixture.table).run("UPDATE meta SET value = 'another place' WHERE name = 'home'")
    guard case .refused(let ended) = try claim(fixture, waiting.id) else { throw Missing() }
    #expect(ended.failure?.kind == .interrupted && ended.billing == .none)
    #expect(try fixture.peek("SELECT count(*) FROM sends WHERE seq = \(waiting.id.sequence)") == 0)
  }

  @Test func anOlderProgramReadsItsFailure() throws {
    let (fixture, target, waiting) = try chain()
    try fixture.change(target.id, .cancelAsked(deleteRemote: false, sendable: true))
    _ = try fixture.wait { fixture.store.follow(accounts: [], completion: $0) } as ChainRound
    #expect(try fixture.store.prediction(waiting.id)?.failure?.kind == .dependencyFailed)
    let cell = try #require(
      try fixture.peekText("SELECT failure FROM predictions WHERE seq = \(waiting.id.sequence)"))
    #expect(cell.contains(#""type":"interrupted""#) && cell.contains(#""cause":"dependency_failed""#))
  }

  /// Otherwise each round would read the whole table.
  @Test func theyAreFoundByTheirIndex() throws {
    let fixture = try StoreFixture()
    let connection = try TableConnection(path: fixture.table)
    let statements = [
      PredictionRow.selectWhole + TableWriter.chainedRows + " AND p.attended_ms < 5 ORDER BY +p.seq",
      PredictionRow.selectWhole + TableWriter.chainedRows + " AND p.account = 'a' ORDER BY p.seq",
      "SELECT count(*) FROM predictions WHERE account = 'a' AND refs = 1 AND status = 'created'",
    ]
    for sql in statements {
      let plan = try connection.rows("EXPLAIN QUERY PLAN " + sql) { $0.text(3) }
      #expect(plan.first?.contains("INDEX chained") == true, "\(plan)")
    }
  }
}
