import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

/// The ledger, with two processes on one database: one with limits, one without.
@Suite("The ledger in the database")
struct LedgerTests {
  private let limited: StoreFixture
  private let free: StoreFixture

  init() throws {
    limited = try StoreFixture()
    free = try StoreFixture(limited.folder, time: limited.time)
  }

  @discardableResult
  private func add(
    _ prompt: String, to fixture: StoreFixture, estimate: Int64? = nil, model: String = "m", agent: Bool = false,
    images: Int64 = 1, caps: AgentCaps? = nil
  ) throws -> InsertOutcome {
    var prediction = fixture.new(prompt)
    prediction.estimateMicros = estimate
    prediction.model = model
    prediction.images = images
    prediction.caps = caps
    if agent { prediction.origin = .mcp }
    return try fixture.insert(prediction)
  }

  private func claim(_ fixture: StoreFixture, maxSpend: Int64?, unpriced: Bool = false) throws -> ClaimOutcome {
    var request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, maxSpendMicros: maxSpend)
    if unpriced, let id = try fixture.store.list(ListQuery()).predictions.last(where: { $0.phase == .queued })?.id {
      request.unpriced = [id: "No."]
    }
    return try fixture.wait { fixture.store.claim(request, completion: $0) }
  }

  private func claimed(_ fixture: StoreFixture, maxSpend: Int64? = nil) throws -> Prediction {
    guard case .claimed(let prediction) = try claim(fixture, maxSpend: maxSpend) else { throw Missing() }
    return prediction
  }

  private func isRefused(_ outcome: ClaimOutcome) -> Bool { if case .refused = outcome { true } else { false } }

  @Test("a POST of another process without a price counts as the highest price of its model that day")
  func unpriced() throws {
    try add("a", to: free)
    _ = try claimed(free)
    try add("b", to: limited, estimate: 300)
    _ = try claimed(limited, maxSpend: 600)
    #expect(try limited.store.ledger(of: "account").spent() == 600)
    try add("c", to: limited, estimate: 1)
    #expect(try isRefused(claim(limited, maxSpend: 600)))
    // The price of another model counts only where the model has none.
    try add("d", to: free, model: "other")
    _ = try claimed(free)
    #expect(try limited.store.ledger(of: "account").spent() == 900)
  }

  @Test("a refused POST costs nothing, and its price is a known price")
  func refused() throws {
    try add("a", to: limited, estimate: 500)
    let row = try claimed(limited, maxSpend: 1_000)
    try limited.change(
      row.id, .refused(PredictionFailure(.invalidInput, retryable: false, message: "No."), pause: nil), by: row.writer)
    #expect(try limited.store.ledger(of: "account").spent() == 0)
    try add("b", to: free)
    _ = try claimed(free)
    #expect(try limited.store.ledger(of: "account").spent() == 500)
  }

  @Test("only POSTs of the day and of the account count")
  func day() throws {
    try add("a", to: free, estimate: 500)
    _ = try claimed(free)
    #expect(try free.store.ledger(of: "other") == Ledger())
    limited.time.advance(86_400_000)
    #expect(try free.store.ledger(of: "account") == Ledger())
  }

  @Test("an older record has no model; it is read from the prediction while that exists")
  func older() throws {
    try add("a", to: free, agent: true, images: 7)
    let row = try claimed(free)
    try TableConnection(path: free.table).script("UPDATE sends SET model = NULL, agent = NULL, images = NULL")
    let line = Ledger.Line(model: "m", isAgents: true, unpriced: 1, images: 7)
    #expect(try free.store.ledger(of: "account").lines == [line])
    try free.change(row.id, .unsent(reason: "No."), by: row.writer)
    #expect(try free.store.ledger(of: "account").spent(before: ("m", 5)) == 0)
  }

  // MARK: - Agents

  private let caps = AgentCaps(images: 10, micros: 1_000)

  @Test("a request over the cap is refused, counting sent and queued ones of every process")
  func agents() throws {
    try add("a", to: limited, estimate: 0, agent: true, images: 4, caps: caps)
    _ = try claimed(limited)
    try add("b", to: free, agent: true, images: 4, caps: caps)
    guard case .overBudget(let refusal) = try add("c", to: limited, agent: true, images: 3, caps: caps) else {
      throw Missing()
    }
    #expect(refusal.reason.contains("requests 3 images") && refusal.reason.contains("have requested 8"))
    #expect(refusal.hint.contains("again at 00:00 UTC"))
    guard case .inserted = try add("d", to: limited, agent: true, images: 2, caps: caps) else { throw Missing() }
    #expect(try free.store.agentUse(of: "account") == AgentUse(images: 10, micros: 0))
    // Requests of plain clients do not count.
    guard case .inserted = try add("e", to: limited, images: 100) else { throw Missing() }
    #expect(try free.store.agentUse(of: "account") == AgentUse(images: 10, micros: 0))
  }

  @Test("deleting returns no part of a cap")
  func deletion() throws {
    try add("a", to: limited, estimate: 0, agent: true, images: 10, caps: caps)
    let row = try claimed(limited)
    let polling = try limited.change(row.id, .accepted(remoteID: "r", clockSkew: 0), by: row.writer)
    try limited.change(
      polling.id,
      .finished(.failed(PredictionFailure(.remoteError, retryable: true, message: "x"), billing: .unknown)),
      by: polling.writer)
    _ = try limited.delete([row.id])
    guard case .overBudget = try add("b", to: free, agent: true, caps: caps) else { throw Missing() }
  }

  @Test("the caps that held at acceptance are judged again at the claim, in any process")
  func claims() throws {
    try add("a", to: limited, agent: true, images: 10, caps: AgentCaps(images: nil, micros: 1_000))
    try add("b", to: limited, agent: true, images: 10, caps: AgentCaps(images: nil, micros: 1_000))
    guard case .needsPrice(let first) = try claim(free, maxSpend: nil) else { throw Missing() }
    try free.change(first.id, .priced(600))
    _ = try claimed(free)
    guard case .needsPrice(let second) = try claim(free, maxSpend: nil) else { throw Missing() }
    try free.change(second.id, .priced(401))
    #expect(try isRefused(claim(free, maxSpend: nil)))
  }

  @Test("a POST with an unknown price counts with its images only")
  func unknownPrice() throws {
    try add("a", to: limited, agent: true, images: 9, caps: caps)
    guard case .claimed = try claim(free, maxSpend: nil, unpriced: true) else { throw Missing() }
    #expect(try free.store.agentUse(of: "account") == AgentUse(images: 9, micros: 0))
  }

  @Test("caps are read as they were stored")
  func cell() throws {
    for caps in [AgentCaps(images: nil, micros: 1), AgentCaps(images: 3, micros: nil, refusesUnknownPrices: true)] {
      try add("\(caps)", to: limited, caps: caps)
      #expect(try limited.store.list(ListQuery()).predictions.first?.caps == caps)
    }
  }
}

@Suite("Pauses in the database")
struct PauseTests {
  private func paused(_ fixture: StoreFixture, for pause: Int64 = 60_000) throws {
    try fixture.insert(fixture.new("refused"))
    let row = try fixture.claimed()
    try fixture.change(
      row.id, .refused(PredictionFailure(.insufficientCredit, retryable: false, message: "No."), pause: pause),
      by: row.writer)
    try fixture.insert(fixture.new("waits"))
  }

  @Test("a claim returns the pause and the waiting prediction")
  func claim() throws {
    let fixture = try StoreFixture()
    try paused(fixture)
    guard case .paused(let pause, let next) = try fixture.claim() else { throw Missing() }
    #expect(pause.reason == .insufficientCredit && pause.until == fixture.time.now.wall + 60_000)
    #expect(next.input == fixture.new("waits").input)
    fixture.time.advance(60_000)
    _ = try fixture.claimed()
  }

  @Test("a pause that began while the clock was a day ahead is over when the clock is corrected")
  func clock() throws {
    let fixture = try StoreFixture()
    fixture.time.advance(86_400_000)
    try paused(fixture)
    fixture.time.advance(-86_400_000)
    _ = try fixture.claimed()
  }

  @Test("a balance ends only the pause for which it was requested")
  func balance() throws {
    let fixture = try StoreFixture()
    try paused(fixture)
    func pause() throws -> AccountPause { try #require(try fixture.store.pauses()["account"]) }
    let first = try pause()
    func note(_ balance: Int64, _ pause: AccountPause, isOver: Bool) {
      fixture.store.noteBalance(balance, of: "account", during: pause, isOver: isOver) {}
      fixture.store.flush()
    }
    note(7, first, isOver: false)
    #expect(try pause().balance == 7)
    note(9, first, isOver: true)
    #expect(try pause().balance == 7, "it was another pause")
    note(9, try pause(), isOver: true)
    #expect(try pause().remaining(at: fixture.time.now.wall) == nil)
    _ = try fixture.claimed()
    try paused(fixture)
    #expect(try pause().length == 120_000 && pause().balance == 9, "the provider refused all the same")
  }

  @Test("a sighting of the default model holds for a day")
  func sighting() throws {
    let fixture = try StoreFixture()
    var prediction = fixture.new("default")
    prediction.usesDefaultModel = true
    try fixture.insert(prediction)
    let request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, skipsLookup: false)
    func claim() throws -> ClaimOutcome { try fixture.wait { fixture.store.claim(request, completion: $0) } }
    guard case .needsLookup = try claim() else { throw Missing() }
    fixture.store.noteModel("m", of: "account") {}
    guard case .claimed = try claim() else { throw Missing() }
    fixture.time.advance(86_400_000)
    var later = fixture.new("later")
    later.usesDefaultModel = true
    try fixture.insert(later)
    guard case .needsLookup = try claim() else { throw Missing() }
    #expect(try fixture.store.pauses().isEmpty, "an account without a pause has none")
  }
}
