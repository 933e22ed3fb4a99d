import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Origin and agent")
struct OriginTests {
  private let fox = Agent(clientName: "fox", outputDirectory: "/out")
  private let owl = Agent(clientName: "owl", outputDirectory: "/out")

  private func new(_ fixture: StoreFixture, _ prompt: String, by agent: Agent?, key: String? = nil) -> Prediction {
    fixture.time.advance(1_000)
    var new = fixture.new(prompt, key: key)
    if let agent { (new.origin, new.agent) = (.mcp, agent.id) }
    return new
  }

  /// As written by a version that recorded no agent; its keys have no namespace.
  private func ofOlderVersion(_ fixture: StoreFixture, _ prompt: String, key: String? = nil) -> Prediction {
    var old = new(fixture, prompt, by: nil, key: key)
    old.origin = .mcp
    return old
  }

  @Test func isKeptAndListedBy() throws {
    let fixture = try StoreFixture()
    let plain = new(fixture, "a fox", by: nil)
    let first = new(fixture, "a fox", by: fox)
    let other = new(fixture, "a fox", by: owl)
    let old = ofOlderVersion(fixture, "a fox")
    let last = new(fixture, "an owl", by: fox)
    for prediction in [plain, first, other, old, last] { try fixture.insert(prediction) }
    #expect(try fixture.store.prediction(plain.id)?.agent == nil)
    #expect(try fixture.store.prediction(first.id)?.agent == fox.id)

    // Predictions of other agents and of plain clients are not listed; those without an agent belong to all agents.
    var query = ListQuery(limit: 1)
    query.agent = fox
    let page = try fixture.store.list(query)
    #expect(page.predictions.map(\.id) == [last.id])
    query.cursor = page.nextCursor
    query.limit = 50
    query.text = "fox"
    query.cursor = nil
    #expect(try fixture.store.list(query).predictions.map(\.id) == [old.id, first.id])
    query.agent = owl
    #expect(try fixture.store.list(query).predictions.map(\.id) == [old.id, other.id])
    for listed in try fixture.store.list(query).predictions { #expect(owl.owns(listed) && !fox.owns(other)) }
    // A cursor belongs to its own query.
    query.cursor = page.nextCursor
    #expect(throws: StoreError.badCursor) { try fixture.store.list(query) }
    #expect(try fixture.store.list(ListQuery()).predictions.count == 5)
  }

  /// A guessed key must not show a plain client's prediction to an agent, nor take the key from the client.
  @Test func eachAgentHasItsOwnKeys() throws {
    let fixture = try StoreFixture()
    let plain = new(fixture, "a cat", by: nil, key: "k")
    let mine = new(fixture, "a cat", by: fox, key: "k")
    let theirs = new(fixture, "a dog", by: owl, key: "k")
    for prediction in [mine, plain, theirs] { #expect(try fixture.insert(prediction) == .inserted(prediction)) }
    // Each finds its own prediction, with the key as it was given.
    #expect(try fixture.insert(new(fixture, "a cat", by: fox, key: "k")) == .existing(mine))
    #expect(try fixture.insert(new(fixture, "a cat", by: nil, key: "k")) == .existing(plain))
    #expect(try fixture.store.prediction(mine.id)?.idempotencyKey == "k")

    // Deleting marks only the key of the deleted prediction.
    let gone = try fixture.change(mine.id, .cancelAsked(deleteRemote: false, sendable: true))
    #expect(gone.status == .cancelled)
    _ = try fixture.delete([mine.id])
    #expect(
      try fixture.insert(new(fixture, "a cat", by: fox, key: "k")) == .conflict(mine.id, deleted: true, difference: nil)
    )
    #expect(try fixture.insert(new(fixture, "a cat", by: nil, key: "k")) == .existing(plain))
    #expect(try fixture.insert(new(fixture, "a dog", by: owl, key: "k")) == .existing(theirs))
  }

  @Test func aKeyOfAnAgentFromAnOlderVersionFindsItsPrediction() throws {
    let fixture = try StoreFixture()
    let old = ofOlderVersion(fixture, "a cat", key: "k")
    try fixture.insert(old)
    #expect(try fixture.insert(new(fixture, "a cat", by: fox, key: "k")) == .existing(old))
    #expect(
      try fixture.insert(new(fixture, "a dog", by: fox, key: "k"))
        == .conflict(old.id, deleted: false, difference: "input.prompt"))
  }

  @Test func anOlderVersionThatDeletesKeepsTheKeyOfAnotherClient() throws {
    let fixture = try StoreFixture()
    let plain = new(fixture, "a cat", by: nil, key: "k")
    try fixture.insert(plain)
    // The older program's statement for the key, after it has deleted the agent's row.
    let other = try TableConnection(path: fixture.table)
    try other.run("UPDATE keys SET deleted_ms = ? WHERE key = ?", Int64(1), "k")
    #expect(try fixture.insert(new(fixture, "a cat", by: nil, key: "k")) == .existing(plain))
    // Without its row the key is marked.
    try other.run("DELETE FROM predictions WHERE seq = ?", plain.id.sequence)
    try other.run("UPDATE keys SET deleted_ms = ? WHERE key = ?", Int64(1), "k")
    #expect(try fixture.peek("SELECT deleted_ms FROM keys WHERE key = 'k'") == 1)
  }

  @Test func hasBeenUnknownIsStored() throws {
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
