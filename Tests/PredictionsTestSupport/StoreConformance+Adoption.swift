internal import Predictions

extension StoreConformance {
  static let adoptionRules: [Rule] = [
    Rule("what is found is adopted, and its id is taken from then on") { world in
      let one = try world.process()
      let row = try one.looking()
      let adopted = try one.change(row.id, .adopted(match("r", world, skew: 4)), by: row.writer)
      try expect(adopted.remoteID == "r" && adopted.phase == .polling)
      try expect(one.opened.isTaken("r", in: "account"))
      try expect(one.opened.sendTime(of: row.id)?.clockSkew, 4)
    },
    Rule("an open POST that could have made the match forbids adoption, until its outcome is known") { world in
      let (one, two) = (try world.process(), try world.process())
      let row = try one.looking()
      world.time.advance(1_000)
      try two.insert(two.new())
      let twin = try two.claimed()
      try expectRefusal { try one.change(row.id, .adopted(match("r", world)), by: row.writer) }
      try expect(one.row(row.id), row)
      try two.change(twin.id, .accepted(remoteID: "t", clockSkew: 0), by: twin.writer)
      try expect(one.change(row.id, .adopted(match("r", world)), by: row.writer).remoteID, "r")
    },
    Rule("an id that another prediction has is not adopted") { world in
      let one = try world.process()
      let row = try one.looking()
      _ = try one.polling("a dog", remoteID: "r")
      try expectRefusal { try one.change(row.id, .adopted(match("r", world)), by: row.writer) }
      try expect(one.change(row.id, .adopted(match("s", world)), by: row.writer).remoteID, "s")
    },
    Rule("POSTs of other content, of another account or of another time forbid nothing") { world in
      let one = try world.process()
      let row = try one.looking()
      let found = match("r", world)
      try one.insert(one.new("a dog"))
      _ = try one.claimed()
      try one.insert(one.new(account: "other"))
      _ = try one.claimed("other")
      world.time.advance(60_000)
      try one.insert(one.new())
      _ = try one.claimed()
      try expect(one.change(row.id, .adopted(found), by: row.writer).remoteID, "r")
    },
    Rule("a POST whose prediction was deleted still forbids adoption") { world in
      let one = try world.process()
      let twin = try one.looking()
      try one.change(twin.id, .lookedInVain(reason: "x", next: nil, isSettled: true), by: twin.writer)
      guard case .deleted = try one.delete([twin.id]) else { throw UnexpectedOutcome(outcome: "not deleted") }
      let row = try one.looking()
      try expectRefusal { try one.change(row.id, .adopted(match("r", world)), by: row.writer) }
    },
    Rule("cancelling a prediction whose reply was lost leaves the outcome of its POST open") { world in
      let one = try world.process()
      let twin = try one.looking()
      try one.change(twin.id, .cancelAsked(deleteRemote: false, sendable: false), by: twin.writer)
      let row = try one.looking()
      try expectRefusal { try one.change(row.id, .adopted(match("r", world)), by: row.writer) }
    },
    Rule("a reply takes its id back from the prediction that adopted it") { world in
      let one = try world.process()
      let wrong = try one.looking()
      try one.change(wrong.id, .adopted(match("r", world)), by: wrong.writer)
      try one.insert(one.new("a dog"))
      let right = try one.claimed()
      try expect(one.change(right.id, .accepted(remoteID: "r", clockSkew: 0)).remoteID, "r")
      let back = try one.row(wrong.id)
      try expect(back.status == .unknown && back.phase == .looking && back.remoteID == nil)
      try expectRefusal { try one.change(wrong.id, .adopted(match("r", world)), by: back.writer) }
      try expect(one.change(wrong.id, .adopted(match("s", world)), by: back.writer).remoteID, "s")
    },
    Rule("a queued prediction adopts what was sent from a later state, unless the queue could dispute it") { world in
      let gone = try world.process()
      var (first, second) = (gone.new("a"), gone.new("a"))
      (first.acceptor, second.acceptor) = (gone.opened.owner, gone.opened.owner)
      try gone.insert(first)
      try gone.insert(second)
      gone.exit()
      let one = try world.process()
      let writer = Writer(owner: one.opened.owner, epoch: 0)
      // The history shows no input: both could have made it.
      try expectRefusal { try one.change(first.id, .adopted(match("r", world)), by: writer) }
      try expect(one.row(first.id), first)
      var named = match("r", world)
      named.isNamed = true
      let adopted = try one.change(first.id, .adopted(named), by: writer)
      try expect(adopted.phase == .polling && adopted.remoteID == "r")
      try expect(one.opened.sendTime(of: first.id)?.sentAt, named.createdAt)
    },
    Rule("a queued prediction that may have been sent stays open and is not sent") { world in
      let one = try world.process()
      try one.insert(one.new())
      guard case .needsSearch(let row) = try one.claim(orphans: .searched(now: true)) else {
        throw UnexpectedOutcome(outcome: "no search")
      }
      try one.change(row.id, .foundSeveral(reason: "Two."), by: Writer(owner: one.opened.owner, epoch: 0))
      try expect(one.row(row.id).billing, .unknown)
      let sent = try one.opened.sendTime(of: row.id)
      try expect(sent?.sentAt == row.createdAt && sent?.untilAt == world.time.now.wall)
      try expect(one.claim(), .nothingQueued)
    },
    Rule("a lost reply ends the window of its POST") { world in
      let one = try world.process()
      try one.insert(one.new())
      let row = try one.claimed()
      world.time.advance(70_000)
      try one.change(row.id, .ambiguous(reason: "x", canLook: true), by: row.writer)
      let sent = try one.opened.sendTime(of: row.id)
      try expect(sent?.untilAt == world.time.now.wall && sent?.sentAt == world.time.now.wall - 70_000)
    },
  ]

  private static func match(_ id: String, _ world: StoreWorld, skew: Int64 = 0) -> HistoryMatch {
    HistoryMatch(remoteID: id, createdAt: world.time.now.wall, clockSkew: skew)
  }
}
