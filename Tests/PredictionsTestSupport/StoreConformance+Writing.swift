internal import JSON
internal import Predictions
internal import Threads

extension StoreConformance {
  // MARK: - Insert

  static let insertRules: [Rule] = [
    Rule("a prediction that was inserted is read by every process as it was") { world in
      let (one, two) = (try world.process(), try world.process())
      var new = one.new("a cat", key: "k")
      (new.metadata, new.tags, new.acceptor) = (Array("{\"a\":1}".utf8), ["x", "y"], one.opened.owner)
      try expect(one.insert(new), .inserted(new))
      try expect(two.row(new.id), new)
      try expect(two.opened.input(of: new.id), new.input)
      try expect(two.opened.prediction(PredictionID(at: 0)), nil)
      try expect(one.opened.owner != two.opened.owner)
      try expect(one.opened.salt.count == 16 && one.opened.salt == two.opened.salt)
    },
    Rule("a known idempotency key finds its prediction, whatever became of it") { world in
      let (one, two) = (try world.process(), try world.process())
      let first = one.new("a cat", key: "k")
      try one.insert(first)
      try expect(two.insert(two.new("a cat", key: "k")), .existing(first))
      let over = try one.change(first.id, .cancelAsked(deleteRemote: false, sendable: true))
      try expect(two.insert(two.new("a cat", key: "k")), .existing(over))
      try expect(two.opened.list(ListQuery()).predictions.count, 1)
    },
    Rule("a key with other content is a conflict, which names the difference") { world in
      let one = try world.process()
      let first = one.new("a cat", key: "k")
      try one.insert(first)
      try expect(
        one.insert(one.new("a dog", key: "k")), .conflict(first.id, deleted: false, difference: "input.prompt"))
      let other = Prediction.sample("a cat", id: one.ids.next(at: one.time.now.wall), key: "k", model: "other")
      try expect(one.insert(other), .conflict(first.id, deleted: false, difference: "model"))
    },
    Rule("the key of a deleted prediction stays taken") { world in
      let one = try world.process()
      let first = one.new("a cat", key: "k")
      try one.insert(first)
      try one.change(first.id, .cancelAsked(deleteRemote: false, sendable: true))
      _ = try one.delete([first.id])
      try expect(one.insert(one.new("a cat", key: "k")), .conflict(first.id, deleted: true, difference: nil))
    },
    Rule("each agent has its own keys") { world in
      let one = try world.process()
      func new(_ agent: String?) -> Prediction {
        var new = one.new("a cat", key: "k")
        (new.agent, new.origin) = (agent, agent == nil ? nil : .mcp)
        return new
      }
      let all = [new("a"), new("b"), new(nil)]
      for prediction in all { try expect(one.insert(prediction), .inserted(prediction)) }
      try expect(one.insert(new("b")), .existing(all[1]))
    },
    Rule("an equal request of an agent finds the prediction of the first, in any process") { world in
      let (one, two) = (try world.process(), try world.process())
      func new(_ prompt: String = "a cat", agent: String? = "fox", in folder: String? = nil) -> Prediction {
        var new = two.new(prompt)
        (new.agent, new.origin) = (agent, agent == nil ? nil : .mcp)
        if let folder { new.outputDirectory = folder }
        return new
      }
      let first = new()
      try expect(one.insert(first, repeating: RepeatedRequest()), .inserted(first))
      try expect(two.insert(new(), repeating: RepeatedRequest()), .repeated(first))
      for other in [new("a dog"), new(agent: "owl"), new(agent: nil), new(in: "/elsewhere")] {
        try expect(two.insert(other, repeating: RepeatedRequest()), .inserted(other))
      }
      // A new one where it is wanted, and then that is the newest.
      let (second, third) = (new(), new())
      try expect(two.insert(second), .inserted(second))
      try expect(two.insert(new(), repeating: RepeatedRequest()), .repeated(second))
      try expect(two.insert(new(), repeating: RepeatedRequest(named: [second.id])), .repeated(first))
      try expect(two.insert(third, repeating: RepeatedRequest(named: [second.id, first.id])), .inserted(third))
    },
    Rule("what came to nothing and cost nothing answers no equal request") { world in
      let one = try world.process()
      func new() -> Prediction {
        var new = one.new("a cat")
        (new.agent, new.origin) = ("fox", .mcp)
        return new
      }
      let (first, second) = (new(), new())
      try one.insert(first)
      try one.change(first.id, .cancelAsked(deleteRemote: false, sendable: true))
      try expect(one.insert(second, repeating: RepeatedRequest()), .inserted(second))
      // In progress it answers for a day, finished for ten minutes.
      one.time.advance(RepeatedRequest.window * 2)
      try expect(one.insert(new(), repeating: RepeatedRequest()), .repeated(second))
      one.time.advance(RepeatedRequest.reach)
      let later = new()
      try expect(one.insert(later, repeating: RepeatedRequest()), .inserted(later))
    },
    Rule("the queue of an account has a limit, which a known key does not meet") { world in
      let (one, two) = (try world.process(), try world.process())
      let first = one.new("a", key: "k")
      try one.insert(first, queueLimit: 2)
      try two.insert(two.new("b"), queueLimit: 2)
      try expect(one.insert(one.new("c"), queueLimit: 2), .queueFull)
      try expect(one.insert(one.new("a", key: "k"), queueLimit: 0), .existing(first))
      let other = one.new("c", account: "other")
      try expect(one.insert(other, queueLimit: 2), .inserted(other))
      _ = try one.claimed()
      let next = one.new("d")
      try expect(one.insert(next, queueLimit: 2), .inserted(next))
    },
    Rule("the caps of agents count what is accepted and not sent yet") { world in
      let one = try world.process()
      func new(images: Int64) -> Prediction {
        var new = one.new()
        (new.origin, new.images, new.caps) = (.mcp, images, AgentCaps(images: 10, micros: nil))
        return new
      }
      try one.insert(new(images: 6))
      try expect(one.opened.agentUse(of: "account"), AgentUse(images: 6, micros: 0))
      guard case .overBudget = try one.insert(new(images: 5)) else { throw UnexpectedOutcome(outcome: "accepted") }
      guard case .inserted = try one.insert(new(images: 4)) else { throw UnexpectedOutcome(outcome: "refused") }
    },
    Rule("a user's grants to agents hold for all processes, until the day ends") { world in
      let (one, two) = (try world.process(), try world.process())
      let caps = AgentCaps(images: 3, micros: 7)
      let first = AgentGrants().adding(caps)
      func day() -> Int64 { Money.startOfDay(world.time.now.wall) }
      func grant(_ grants: AgentGrants, by process: some StoreCalls, day: Int64) throws {
        process.opened.grantAgents(grants, on: "account", day: day) { _ in }
        try expect(process.opened.flush(atMost: nil))
      }
      try expect(one.opened.agentGrants(of: "account"), AgentGrants())
      try grant(first, by: one, day: day())
      try expect(two.opened.agentGrants(of: "account"), AgentGrants(count: 1, images: 3, micros: 7))
      try expect(two.opened.agentGrants(of: "other"), AgentGrants())
      // The same grant a second time, by the process of another host with other caps.
      try grant(AgentGrants(count: 1, images: 50, micros: 50), by: two, day: day())
      try grant(first.adding(caps), by: two, day: day())
      try grant(first, by: one, day: day())
      try expect(one.opened.agentGrants(of: "account"), AgentGrants(count: 2, images: 6, micros: 14))
      world.time.advance(86_400_000)
      try expect(one.opened.agentGrants(of: "account"), AgentGrants())
      // An answer to a question of yesterday.
      try grant(first, by: one, day: day() - 86_400_000)
      try expect(one.opened.agentGrants(of: "account"), AgentGrants())
      try grant(first, by: one, day: day())
      try expect(two.opened.agentGrants(of: "account"), first)
    },
    Rule("completions come in the order of the calls, and flush waits for all of them") { world in
      let one = try world.process()
      let order = Protected<[Int]>([])
      let new = one.new()
      one.opened.insert(new, queueLimit: 9) { _ in order.withLock { $0.append(1) } }
      one.opened.change(new.id, .priced(5), by: nil) { _ in order.withLock { $0.append(2) } }
      one.opened.noteModel("m", of: "account") { order.withLock { $0.append(3) } }
      one.opened.delete([new.id]) { _ in order.withLock { $0.append(4) } }
      try expect(one.opened.flush(atMost: nil))
      try expect(order.withLock { $0 }, [1, 2, 3, 4])
    },
  ]

  // MARK: - Change

  static let changeRules: [Rule] = [
    Rule("a change is what the lifecycle says, and shows both sides") { world in
      let one = try world.process()
      let new = one.new()
      try one.insert(new)
      let wanted = try new.applying(.priced(7), by: nil, at: one.time.now.wall)
      let change = try one.wait { one.opened.change(new.id, .priced(7), by: nil, completion: $0) }
      try expect(change, Change(before: new, after: wanted))
      try expect(one.row(new.id), wanted)
    },
    Rule("a change that is not allowed writes nothing") { world in
      let (one, two) = (try world.process(), try world.process())
      try one.insert(one.new())
      let row = try one.claimed()
      let strangers: [Writer?] = [
        nil, Writer(owner: two.opened.owner, epoch: row.epoch), Writer(owner: row.writer.owner, epoch: 0),
      ]
      for writer in strangers {
        try expectRefusal { try two.change(row.id, .unsent(reason: "x"), by: writer) }
      }
      try expect(one.row(row.id), row)
      try expectRefusal { try one.change(PredictionID(at: 0), .priced(1)) }
    },
    Rule("an id is written, also by a process that does not own the row") { world in
      let (one, two) = (try world.process(), try world.process())
      try one.insert(one.new())
      let row = try one.claimed()
      try expect(two.change(row.id, .accepted(remoteID: "r", clockSkew: 3), by: nil).remoteID, "r")
      try expect(two.opened.isTaken("r", in: "account"))
      try expect(!two.opened.isTaken("r", in: "other") && !two.opened.isTaken("s", in: "account"))
      try expect(two.opened.sendTime(of: row.id)?.clockSkew, 3)
    },
    Rule("two processes that end one prediction: the first wins") { world in
      let (one, two) = (try world.process(), try world.process())
      let row = try one.polling()
      try one.change(row.id, .cancelAsked(deleteRemote: false, sendable: true))
      let after = try two.change(
        row.id, .finished(.failed(PredictionFailure(.remoteError, retryable: false, message: "x"), billing: .unknown)),
        by: row.writer)
      try expect(after.status, .cancelled)
    },
    Rule("a refusal pauses the account for all processes, and longer when it comes again") { world in
      let (one, two) = (try world.process(), try world.process())
      for length: Int64 in [60_000, 120_000, 240_000] {
        try one.insert(one.new())
        let row = try one.claimed()
        try one.change(
          row.id, .refused(PredictionFailure(.authentication, retryable: false, message: "No."), pause: 60_000),
          by: row.writer)
        try expect(two.opened.pauses()["account"]?.remaining(at: world.time.now.wall), length)
        world.time.advance(length)
      }
      try expect(two.opened.pauses()["account"]?.remaining(at: world.time.now.wall), nil)
    },
    Rule("a balance ends a pause only if it is still the same one") { world in
      let one = try world.process()
      try one.insert(one.new())
      let row = try one.claimed()
      try one.change(
        row.id, .refused(PredictionFailure(.insufficientCredit, retryable: false, message: "No."), pause: 60_000),
        by: row.writer)
      guard let pause = try one.opened.pauses()["account"] else { throw UnexpectedOutcome(outcome: "no pause") }
      var other = pause
      other.until += 1
      one.opened.noteBalance(5, of: "account", during: other, isOver: true) {}
      one.opened.flush()
      try expect(one.opened.pauses()["account"], pause)
      one.opened.noteBalance(5, of: "account", during: pause, isOver: false) {}
      one.opened.flush()
      guard let noted = try one.opened.pauses()["account"] else { throw UnexpectedOutcome(outcome: "no pause") }
      try expect(noted.balance == 5 && noted.until == pause.until)
      one.opened.noteBalance(6, of: "account", during: noted, isOver: true) {}
      one.opened.flush()
      try expect(one.opened.pauses()["account"]?.remaining(at: world.time.now.wall), nil)
    },
    Rule("an uploaded file is known to all processes of the account for its lifetime") { world in
      let (one, two) = (try world.process(), try world.process())
      one.opened.keepUpload(of: [1], for: "account", as: "https://x", lifetime: 1_000) {}
      one.opened.flush()
      try expect(two.opened.upload(of: [1], for: "account"), "https://x")
      try expect(two.opened.upload(of: [1], for: "other"), nil)
      try expect(two.opened.upload(of: [2], for: "account"), nil)
      world.time.advance(1_000)
      try expect(two.opened.upload(of: [1], for: "account"), nil)
    },
  ]
}
