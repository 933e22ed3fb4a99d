internal import Predictions

extension StoreConformance {
  // MARK: - Recovery

  static let recoveryRules: [Rule] = [
    Rule("a living process keeps its work") { world in
      let (one, two) = (try world.process(), try world.process())
      let rows = try unfinished(one)
      try expect(two.recover().taken, [])
      try expect(one.recover().taken, [])
      for row in rows { try expect(two.row(row.id), row) }
    },
    Rule("work of a process that has exited is taken over once, and never sent again") { world in
      let gone = try world.process()
      let rows = try unfinished(gone)
      gone.exit()
      world.time.advance(30_000)
      let (one, two) = (try world.process(), try world.process())
      let taken = try one.recover().taken
      try expect(Set(taken.map(\.id)), Set(rows.map(\.id)))
      try expect(two.recover().taken, [])
      for row in rows {
        let now = try one.row(row.id)
        try expect(now.epoch, row.epoch + 1)
        switch row.phase {
        case .sending: try expect(now.phase == .looking && now.owner == one.opened.owner)
        case .settling: try expect(now.phase == nil && now.status == .cancelled)
        default: try expect(now.phase == row.phase && now.owner == one.opened.owner)
        }
        // The former owner's writes are rejected.
        try expectRefusal {
          try one.change(row.id, .saved([]), by: row.writer)
        }
      }
      guard let sending = rows.first(where: { $0.phase == .sending }) else { throw UnexpectedOutcome(outcome: "none") }
      try expect(one.opened.sendTime(of: sending.id)?.untilAt, world.time.now.wall)
      try expect(one.claim(), .nothingQueued)
    },
    Rule("without a history a lost POST is unknown at once") { world in
      let gone = try world.process()
      try gone.insert(gone.new())
      _ = try gone.claimed()
      gone.exit()
      let taken = try world.process().recover(["account": false]).taken
      try expect(taken.count == 1 && taken[0].status == .unknown && taken[0].phase == nil)
    },
    Rule("work of accounts that a process does not serve is left to others") { world in
      let gone = try world.process()
      let row = try gone.polling()
      gone.exit()
      try expect(world.process().recover(["other": true]).taken, [])
      try expect(world.process().recover().taken.map(\.id), [row.id])
    },
    Rule("a search that rests is taken when it is due") { world in
      let one = try world.process()
      let row = try one.looking()
      let due = world.time.now.wall + 60_000
      try one.change(row.id, .lookedInVain(reason: "x", next: due, isSettled: true), by: row.writer)
      try expect(one.recover().taken, [])
      world.time.advance(60_000)
      try expect(one.recover().taken.map(\.id), [row.id])
      try expect(one.recover().taken, [])
    },
    Rule("what is queued for an hour ends once no living process can have accepted it") { world in
      let gone = try world.process()
      let old = gone.new("a")
      try gone.insert(old)
      world.time.advance(1_800_001)
      let young = gone.new("b", account: "second")
      try gone.insert(young)
      world.time.advance(1)
      let living = try world.process()
      try living.insert(living.new("c", account: "third"))
      gone.exit()
      world.time.advance(1_800_000)
      let recovery = try living.recover()
      try expect(recovery.ended.map(\.id), [old.id])
      try expect(recovery.ended.first?.failure?.kind == .interrupted && recovery.ended.first?.billing == Billing.none)
      try expect(recovery.queuedAccounts, ["second", "third"])
      world.time.advance(7_200_000)
      try expect(living.recover().ended.map(\.id), [young.id])
    },
    Rule("recovery names what this process has claimed") { world in
      let (one, two) = (try world.process(), try world.process())
      try one.insert(one.new())
      let row = try one.claimed()
      try expect(one.recover().sending, [row.id])
      try expect(two.recover().sending, [])
    },
    Rule("the record of a POST is kept for 8 days, with an open outcome for 30") { world in
      let one = try world.process()
      let polling = try one.polling("a")
      try one.insert(one.new("b"))
      let settled = try one.claimed()
      try one.change(settled.id, .unsent(reason: "x"), by: settled.writer)
      let open = try one.looking("c")
      try one.change(open.id, .lookedInVain(reason: "x", next: nil, isSettled: true), by: open.writer)
      func kept() throws -> [Bool] {
        _ = try one.recover()
        return try [polling, settled, open].map { try one.opened.sendTime(of: $0.id) != nil }
      }
      let day: Int64 = 86_400_000
      world.time.advance(8 * day)
      try expect(kept(), [true, true, true])
      world.time.advance(1)
      try expect(kept(), [true, false, true])
      world.time.advance(22 * day)
      try expect(kept(), [true, false, false])
    },
  ]

  /// One prediction in each unfinished phase but `queued`.
  private static func unfinished(_ one: StoreProcess) throws -> [Prediction] {
    var rows = [try one.polling("a", remoteID: "1")]
    let fetching = try one.polling("b", remoteID: "2")
    rows.append(
      try one.change(
        fetching.id,
        .finished(.completed(outputs: [.location("https://x/")], hasNSFWContents: [], inferenceMilliseconds: nil)),
        by: fetching.writer))
    rows.append(try one.looking("c"))
    try one.insert(one.new("d"))
    let settling = try one.claimed()
    rows.append(try one.change(settling.id, .cancelAsked(deleteRemote: false, sendable: true)))
    try one.insert(one.new("e"))
    rows.append(try one.claimed())
    try expect(rows.map(\.phase), [.polling, .fetching, .looking, .settling, .sending])
    return rows
  }

  // MARK: - Delete and prune

  static let deletionRules: [Rule] = [
    Rule("predictions are deleted all or none") { world in
      let one = try world.process()
      let over = try cancelled(one)
      let unfinished = try one.polling()
      let missing = PredictionID(at: 0)
      try expect(one.delete([over.id, missing]), .notFound(missing))
      try expect(one.delete([over.id, unfinished.id]), .unfinished([unfinished.id]))
      try expect(one.row(over.id), over)
      guard case .deleted(let rows, _) = try one.delete([over.id, over.id]) else {
        throw UnexpectedOutcome(outcome: "not deleted")
      }
      try expect(rows, [over])
      try expect(one.opened.prediction(over.id), nil)
      try expect(one.opened.input(of: over.id), nil)
      try expect(one.delete([over.id]), .notFound(over.id))
    },
    Rule("an unknown prediction can be deleted while searches for it are planned") { world in
      let one = try world.process()
      let row = try one.looking()
      try expect(one.delete([row.id]), .unfinished([row.id]))
      let due = world.time.now.wall + 60_000
      try one.change(row.id, .lookedInVain(reason: "x", next: due, isSettled: true), by: row.writer)
      guard case .deleted = try one.delete([row.id]) else { throw UnexpectedOutcome(outcome: "not deleted") }
    },
    Rule("pruning deletes what is old and over, oldest first, in batches, and keeps what a tag or a rule keeps") {
      world in
      let one = try world.process()
      var old: [Prediction] = []
      for _ in 0..<5 {
        world.time.advance(1_000)
        old.append(try cancelled(one))
      }
      let tagged = try cancelled(one, tags: ["keep"])
      let unknown = try one.looking("b")
      try one.change(unknown.id, .lookedInVain(reason: "x", next: nil, isSettled: true), by: unknown.writer)
      try one.insert(one.new("c"))
      world.time.advance(1_000)
      let bound = world.time.now.wall
      let young = try cancelled(one)
      var request = PruneRequest(acceptedBefore: bound, keptTags: ["keep"])
      var deleted: [PredictionID] = []
      repeat {
        let batch = try one.prune(request)
        deleted += batch.deleted.map(\.id)
        request.after = batch.last
      } while request.after != nil
      try expect(deleted, old.map(\.id))
      for row in [tagged, young] { try expect(one.row(row.id), row) }
      try expect(one.opened.list(ListQuery()).predictions.count, 4)
    },
    Rule("a pruned prediction is deleted as any other: its key stays taken, and the log names it") { world in
      let one = try world.process()
      let new = one.new("a cat", key: "k")
      try one.insert(new)
      try one.change(new.id, .cancelAsked(deleteRemote: false, sendable: true))
      let before = try one.opened.changes(after: nil).newest
      try expect(one.prune(PruneRequest(acceptedBefore: new.createdAt + 1)).deleted.map(\.id), [new.id])
      try expect(one.opened.changes(after: before).changes.map(\.isDeleted), [true])
      try expect(one.insert(one.new("a cat", key: "k")), .conflict(new.id, deleted: true, difference: nil))
    },
  ]

  private static func cancelled(_ one: StoreProcess, tags: [String] = []) throws -> Prediction {
    var new = one.new("over")
    new.tags = tags
    try one.insert(new)
    return try one.change(new.id, .cancelAsked(deleteRemote: false, sendable: true))
  }
}
