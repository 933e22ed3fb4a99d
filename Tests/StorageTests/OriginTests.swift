import Predictions
import Testing

@testable import Storage

@Suite("Who ordered it")
struct OriginTests {
  private func ordered(_ fixture: StoreFixture, _ prompt: String, over origin: PredictionOrigin?) throws -> PredictionID
  {
    fixture.time.advance(1_000)
    var new = fixture.new(prompt)
    new.origin = origin
    try fixture.insert(new)
    return new.id
  }

  @Test func isKeptAndListedBy() throws {
    let fixture = try StoreFixture()
    let mine = try ordered(fixture, "a fox", over: nil)
    let first = try ordered(fixture, "a fox", over: .mcp)
    let second = try ordered(fixture, "an owl", over: .mcp)
    #expect(try fixture.store.prediction(mine)?.origin == nil)
    #expect(try fixture.store.prediction(first)?.origin == .mcp)

    var query = ListQuery(limit: 1)
    query.origin = .mcp
    let page = try fixture.store.list(query)
    #expect(page.predictions.map(\.id) == [second])
    query.cursor = page.nextCursor
    #expect(try fixture.store.list(query).predictions.map(\.id) == [first])
    query.cursor = nil
    query.limit = 50
    query.text = "fox"
    #expect(try fixture.store.list(query).predictions.map(\.id) == [first])
    // A cursor belongs to its own query.
    var other = ListQuery()
    other.cursor = page.nextCursor
    #expect(throws: StoreError.badCursor) { try fixture.store.list(other) }
    #expect(try fixture.store.list(ListQuery()).predictions.count == 3)
  }

  @Test func doubtIsRemembered() throws {
    let fixture = try StoreFixture()
    let row = try fixture.looking()
    #expect(!row.hasBeenUnknown)
    let lost = try fixture.change(
      row.id, .lookedInVain(reason: "Nothing there.", next: nil, isSettled: true), by: row.writer)
    #expect(lost.status == .unknown && lost.hasBeenUnknown)
    let found = try fixture.change(row.id, .accepted(remoteID: "r-9", clockSkew: 0), by: row.writer)
    #expect(found.status == .processing && found.hasBeenUnknown)
    #expect(try fixture.store.prediction(row.id)?.hasBeenUnknown == true)
  }
}
