internal import Predictions

extension StoreConformance {
  static let claimRules: [Rule] = [
    Rule("the oldest of the account is claimed, by one process, and its POST is recorded") { world in
      let (one, two) = (try world.process(), try world.process())
      let first = one.new("a")
      try one.insert(first)
      world.time.advance(5)
      try one.insert(one.new("b"))
      try one.insert(one.new("c", account: "other"))
      let row = try two.claimed()
      try expect(row.id == first.id && row.phase == .sending && row.owner == two.opened.owner)
      try expect(row.epoch == first.epoch + 1 && row.billing == .unknown && row.input == first.input)
      try expect(one.row(first.id), row)
      let sent = try one.opened.sendTime(of: first.id)
      try expect(sent?.sentAt == world.time.now.wall && sent?.untilAt == nil)
      try expect(sent?.steady == world.time.now.steady && sent?.boot == world.time.boot)
      try expect(one.claimed().id != first.id)
      try expect(one.claim(), .nothingQueued)
      try expect(one.claim("nobody"), .nothingQueued)
    },
    Rule("a prediction is never sent twice") { world in
      let one = try world.process()
      try one.insert(one.new())
      let row = try one.claimed()
      try expectRefusal { try one.change(row.id, .claimed, by: row.writer) }
      let over = try one.change(row.id, .unsent(reason: "x"), by: row.writer)
      try expectRefusal { try one.change(over.id, .claimed, by: row.writer) }
      try expect(one.claim(), .nothingQueued)
    },
    Rule("slots are counted for all processes, and a prediction takes one for ten minutes") { world in
      let (one, two) = (try world.process(), try world.process())
      for _ in 0..<3 { try one.insert(one.new()) }
      let first = try one.claimed()
      try expect(two.claim(concurrency: 1), .denied(retryAfter: 1_000))
      try one.change(first.id, .accepted(remoteID: "r", clockSkew: 0))
      try expect(two.claim(concurrency: 1), .denied(retryAfter: 1_000))
      world.time.advance(599_500)
      try expect(two.claim(concurrency: 1), .denied(retryAfter: 500))
      world.time.advance(500)
      guard case .claimed(let second) = try two.claim(concurrency: 1) else {
        throw UnexpectedOutcome(outcome: "denied")
      }
      try two.change(second.id, .unsent(reason: "x"), by: second.writer)
      guard case .claimed = try two.claim(concurrency: 1) else { throw UnexpectedOutcome(outcome: "denied") }
    },
    Rule("POSTs of the last minute are counted, whatever became of them") { world in
      let (one, two) = (try world.process(), try world.process())
      for _ in 0..<4 { try one.insert(one.new()) }
      let first = try one.claimed()
      try one.change(first.id, .unsent(reason: "x"), by: first.writer)
      world.time.advance(10_000)
      _ = try one.claimed()
      try expect(two.claim(perMinute: 2), .denied(retryAfter: 50_000))
      world.time.advance(50_000)
      guard case .claimed = try two.claim(perMinute: 2) else { throw UnexpectedOutcome(outcome: "denied") }
      // A clock that was set back: POSTs of the future forbid nothing.
      world.time.advance(-3_600_000)
      guard case .claimed = try two.claim(perMinute: 2) else { throw UnexpectedOutcome(outcome: "denied") }
    },
    Rule("a pause is answered with the prediction that waits for its end") { world in
      let one = try world.process()
      let (first, second) = (one.new("a"), one.new("b"))
      try one.insert(first)
      try one.insert(second)
      let row = try one.claimed()
      try one.change(
        row.id, .refused(PredictionFailure(.rateLimited, retryable: true, message: "Later."), pause: 30_000),
        by: row.writer)
      let pause = AccountPause(reason: .rateLimited, length: 30_000, until: world.time.now.wall + 30_000)
      try expect(one.claim(), .paused(pause, next: second))
      world.time.advance(30_000)
      try expect(one.claimed().id, second.id)
    },
    Rule("a prediction whose files are not uploaded is claimed with its uploaded input or passed over") { world in
      let one = try world.process()
      var files = one.new("@/a.png")
      files.uploads = .awaited
      try one.insert(files)
      let other = one.new("b")
      try one.insert(other)
      var request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, mayUpload: true)
      try expect(one.claim(request), .needsUpload(files))
      request.mayUpload = false
      guard case .claimed(let passed) = try one.claim(request) else { throw UnexpectedOutcome(outcome: "not claimed") }
      try expect(passed.id, other.id)
      let sent = Array("{\"prompt\":\"https://x\"}".utf8)
      request.uploaded = [UploadedInput(id: files.id, sent: sent)]
      guard case .claimed(let row) = try one.claim(request) else { throw UnexpectedOutcome(outcome: "not claimed") }
      try expect(row.id == files.id && row.uploads == .done && row.sent == sent)
      try expect(one.row(files.id), row)
    },
    Rule("the default model is looked up unless it was seen within a day") { world in
      let (one, two) = (try world.process(), try world.process())
      for _ in 0..<2 {
        var new = one.new()
        new.usesDefaultModel = true
        try one.insert(new)
      }
      let request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, skipsLookup: false)
      guard case .needsLookup = try one.claim(request) else { throw UnexpectedOutcome(outcome: "no lookup") }
      one.opened.noteModel("m", of: "account") {}
      one.opened.flush()
      world.time.advance(86_399_999)
      guard case .claimed = try two.claim(request) else { throw UnexpectedOutcome(outcome: "a lookup") }
      world.time.advance(1)
      guard case .needsLookup = try two.claim(request) else { throw UnexpectedOutcome(outcome: "no lookup") }
    },
    Rule("what a process accepted that has exited is searched for, passed over, or sent for a while") { world in
      let gone = try world.process()
      var orphan = gone.new("a")
      orphan.acceptor = gone.opened.owner
      try gone.insert(orphan)
      let one = try world.process()
      func isClaimed(_ orphans: OrphanRule) throws -> Bool {
        if case .claimed = try one.claim(orphans: orphans) { true } else { false }
      }
      var living = gone.new("b")
      living.acceptor = one.opened.owner
      try one.insert(living)
      gone.exit()
      try expect(one.claim(orphans: .searched(now: true)), .needsSearch(orphan))
      guard case .claimed(let row) = try one.claim(orphans: .searched(now: false)) else {
        throw UnexpectedOutcome(outcome: "not claimed")
      }
      try expect(row.id, living.id)
      try expect(one.claim(orphans: .searched(now: false)), .nothingQueued)
      world.time.advance(1_000)
      guard case .refused(let late) = try one.claim(orphans: .sentWithin(999)) else {
        throw UnexpectedOutcome(outcome: "not refused")
      }
      try expect(late.failure?.kind == .interrupted && late.billing == .none)
      try expect(one.opened.sendTime(of: orphan.id), nil)
      // A row without an acceptor is of an older version.
      try one.insert(one.new("c"))
      try expect(isClaimed(.sentWithin(1)))
      try one.insert(one.new("d"))
      try expect(isClaimed(.sent))
    },
    Rule("a process vouches for what it did not find in the history") { world in
      let (one, two) = (try world.process(), try world.process())
      let old = one.new()
      try one.insert(old)
      try expect(one.claim(orphans: .searched(now: true)), .needsSearch(old))
      let vouched = try one.change(old.id, .notInHistory, by: Writer(owner: one.opened.owner, epoch: 0))
      try expect(vouched.acceptor == one.opened.owner && vouched.revision == old.revision)
      guard case .claimed = try two.claim(orphans: .searched(now: true)) else {
        throw UnexpectedOutcome(outcome: "not claimed")
      }
    },
  ]

  // MARK: - Money

  static let spendingRules: [Rule] = [
    Rule("the limit of a day counts POSTs that may be billed, at their price") { world in
      let (one, two) = (try world.process(), try world.process())
      func add(_ prompt: String, _ price: Int64?) throws {
        var new = one.new(prompt)
        new.estimateMicros = price
        try one.insert(new)
      }
      func claim(_ process: StoreProcess) throws -> ClaimOutcome {
        try process.claim(
          ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, maxSpendMicros: 1_000))
      }
      for name in ["a", "b", "c"] { try add(name, 400) }
      guard case .claimed(let first) = try claim(one), case .claimed(let second) = try claim(two),
        case .refused(let third) = try claim(one)
      else { throw UnexpectedOutcome(outcome: "not two of three") }
      try expect(third.failure?.kind == .budgetExceeded && third.billing == .none)
      try expect(one.opened.sendTime(of: third.id), nil)
      // One is refused and free; the other one stays in doubt and counts.
      try one.change(
        first.id, .refused(PredictionFailure(.invalidInput, retryable: false, message: "No."), pause: nil),
        by: first.writer)
      try two.change(second.id, .ambiguous(reason: "lost", canLook: true), by: second.writer)
      try expect(one.opened.ledger(of: "account").spent(), 400)
      try add("d", 601)
      guard case .refused = try claim(one) else { throw UnexpectedOutcome(outcome: "not refused") }
      try add("e", 600)
      guard case .claimed(let last) = try claim(one) else { throw UnexpectedOutcome(outcome: "not claimed") }
      try expect(one.opened.ledger(of: "account").spent(), 1_000)
      let polling = try one.change(last.id, .accepted(remoteID: "r", clockSkew: 0), by: last.writer)
      try one.change(
        polling.id,
        .finished(.failed(PredictionFailure(.remoteError, retryable: true, message: "x"), billing: .refunded)),
        by: polling.writer)
      try expect(one.opened.ledger(of: "account").spent(), 400)
      world.time.advance(86_400_000)
      try expect(one.opened.ledger(of: "account"), Ledger())
    },
    Rule("a price is asked where a limit needs it, and the answer is used") { world in
      let one = try world.process()
      var new = one.new()
      new.maxCostMicros = 10
      try one.insert(new)
      try expect(one.claim(), .needsPrice(new))
      try one.change(new.id, .priced(10))
      try expect(one.claimed().id, new.id)
    },
    Rule("a POST whose price is not known has no price in the ledger") { world in
      let one = try world.process()
      try one.insert(one.new())
      _ = try one.claimed()
      let lines = try one.opened.ledger(of: "account").lines
      try expect(lines.map(\.unpriced), [1])
      try expect(lines.map(\.dearest), [nil])
    },
    Rule("the ledger has a line for each model, for agents and for others") { world in
      let one = try world.process()
      func send(_ model: String, agent: Bool, price: Int64?, images: Int64) throws -> Prediction {
        var new = Prediction.sample("a", id: one.ids.next(at: world.time.now.wall), model: model)
        (new.estimateMicros, new.images, new.origin) = (price, images, agent ? .mcp : nil)
        try one.insert(new)
        return try one.claimed()
      }
      _ = try send("m", agent: false, price: 5, images: 1)
      _ = try send("m", agent: false, price: nil, images: 2)
      _ = try send("m", agent: true, price: 7, images: 3)
      let refused = try send("n", agent: false, price: 9, images: 4)
      try one.change(
        refused.id, .refused(PredictionFailure(.invalidInput, retryable: false, message: "No."), pause: nil),
        by: refused.writer)
      let lines = try one.opened.ledger(of: "account").lines.sorted {
        "\($0.model) \($0.isAgents)" < "\($1.model) \($1.isAgents)"
      }
      try expect(
        lines,
        [
          Ledger.Line(model: "m", priced: 5, unpriced: 1, dearest: 5, images: 3),
          Ledger.Line(model: "m", isAgents: true, priced: 7, dearest: 7, images: 3),
          Ledger.Line(model: "n", dearest: 9),
        ])
      try expect(one.opened.agentUse(of: "account"), AgentUse(images: 3, micros: 7))
      try expect(one.opened.ledger(of: "other"), Ledger())
    },
    Rule("deleting gives no money back") { world in
      let one = try world.process()
      var new = one.new()
      new.estimateMicros = 5
      try one.insert(new)
      let row = try one.claimed()
      try one.change(row.id, .ambiguous(reason: "lost", canLook: false), by: row.writer)
      guard case .deleted = try one.delete([row.id]) else { throw UnexpectedOutcome(outcome: "not deleted") }
      try expect(one.opened.ledger(of: "account").spent(), 5)
    },
  ]
}
