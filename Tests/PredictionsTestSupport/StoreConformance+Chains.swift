internal import Predictions

extension StoreConformance {
  static let chainRules: [Rule] = [
    Rule("a prediction that waits has no phase, is not claimed, and tells what it waits for") { world in
      let one = try world.process()
      let (a, b) = (try one.polling(), one.new("b"))
      let c = try one.chained(to: [OutputReference(a.id, 1), OutputReference(a.id, 2)])
      try expect(c.phase == nil && c.references == .awaited && c.waitsFor == [a.id] && c.targets.count == 2)
      try expect(one.row(c.id), c)
      try expect(one.opened.isAwaited(a.id))
      try one.insert(b)
      try expect(one.claimed().id, b.id)
      try expect(one.claim(), .nothingQueued)
      let round = try one.follow()
      try expect(round.isWaiting && round.ready.isEmpty && round.ended.isEmpty && !round.hasMore)
      var query = ListQuery()
      query.status = .created
      let listed = try one.opened.list(query).predictions
      try expect(listed.map(\.id) == [c.id] && listed[0].waitsFor == [a.id])
    },
    Rule("it is claimed straight from there once its targets are completed, with the input to be sent") { world in
      let one = try world.process()
      let a = try one.polling()
      let c = try one.chained(to: [OutputReference(a.id, 1)])
      try one.complete(a.id)
      let ready = try one.row(c.id)
      try expect(ready.waitsFor == [] && ready.isChained)
      try expect(one.follow().ready, ["account"])
      try expect(one.claim(), .nothingQueued)
      var request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, mayUpload: true)
      try expect(one.claim(request), .needsUpload(ready))
      request.mayUpload = false
      let sent = Array("{\"prompt\":\"c\",\"image\":\"https://x\"}".utf8)
      request.uploaded = [UploadedInput(id: c.id, sent: sent)]
      guard case .claimed(let row) = try one.claim(request) else { throw UnexpectedOutcome(outcome: "not claimed") }
      try expect(row.id == c.id && row.phase == .sending && row.references == .done && row.sent == sent)
      try expect(one.row(c.id), row)
      try expect(!one.opened.isAwaited(a.id) && !one.follow().isWaiting)
      try expectRefusal { try one.change(row.id, .claimed, by: row.writer) }
    },
    Rule("the oldest of both queues comes first") { world in
      let one = try world.process()
      let a = try one.polling()
      let c = try one.chained(to: [OutputReference(a.id, 1)])
      world.time.advance(5)
      let b = one.new("b")
      try one.insert(b)
      var request = ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil)
      request.uploaded = [UploadedInput(id: c.id, sent: nil)]
      try one.complete(a.id)
      guard case .claimed(let first) = try one.claim(request), case .claimed(let second) = try one.claim(request) else {
        throw UnexpectedOutcome(outcome: "not both")
      }
      try expect([first.id, second.id], [c.id, b.id])
    },
    Rule("a target that is over without outputs ends all that wait for it, and those that wait for them") { world in
      let one = try world.process()
      let a = try one.polling()
      let b = try one.chained(to: [OutputReference(a.id, 1)])
      let c = try one.chained(to: [OutputReference(b.id, 1)])
      let other = try one.chained(to: [OutputReference(try one.looking("x").id, 1)])
      try one.change(
        a.id, .finished(.failed(PredictionFailure(.remoteError, retryable: true, message: "x"), billing: .refunded)),
        by: try one.row(a.id).writer)
      let round = try one.follow()
      try expect(round.ended.map(\.id), [b.id, c.id])
      try expect(round.isWaiting && !round.hasMore)
      for row in round.ended {
        try expect(row.status == .failed && row.failure?.kind == .dependencyFailed && row.billing == .none)
        try expect(one.row(row.id), row)
        try expect(one.opened.sendTime(of: row.id), nil)
      }
      // In the first searches it may still be found.
      try expect(one.row(other.id).isChained)
      let looking = other.targets[0].target
      try one.change(
        looking, .lookedInVain(reason: "x", next: world.time.now.wall + 60_000, isSettled: true),
        by: try one.row(looking).writer)
      try expect(one.follow().ended.map(\.id), [other.id])
      try expect(!one.follow().isWaiting)
    },
    Rule("a completed target without the output is found at the claim") { world in
      let one = try world.process()
      let a = try one.polling()
      let c = try one.chained(to: [OutputReference(a.id, 2)])
      try one.complete(a.id)
      guard
        case .refused(let ended) = try one.claim(
          ClaimRequest(account: "account", maxConcurrency: nil, maxPerMinute: nil, mayUpload: true))
      else { throw UnexpectedOutcome(outcome: "not refused") }
      try expect(ended.id == c.id && ended.failure?.kind == .dependencyFailed && ended.billing == .none)
    },
    Rule("at most 256 are ended in one transaction") { world in
      let one = try world.process()
      let a = one.new("a")
      try one.insert(a)
      for _ in 0..<300 { _ = try one.chained(to: [OutputReference(a.id, 1)]) }
      try one.change(a.id, .cancelAsked(deleteRemote: false, sendable: true))
      let (first, second) = (try one.follow(), try one.follow())
      try expect(first.ended.count == 256 && first.hasMore && first.isWaiting)
      try expect(second.ended.count == 44 && !second.hasMore && !second.isWaiting)
    },
    Rule("what others wait for is not deleted and not pruned") { world in
      let one = try world.process()
      let a = try one.polling()
      let c = try one.chained(to: [OutputReference(a.id, 1)])
      try one.complete(a.id)
      try expect(one.delete([a.id]), .awaited(by: [c.id]))
      world.time.advance(1_000)
      try expect(one.prune(PruneRequest(acceptedBefore: world.time.now.wall)).deleted, [])
      try one.change(c.id, .cancelAsked(deleteRemote: false, sendable: true))
      guard case .deleted = try one.delete([a.id]) else { throw UnexpectedOutcome(outcome: "not deleted") }
    },
    Rule("a chain is cancelled in one transaction; what was sent goes on") { world in
      let one = try world.process()
      let sent = try one.polling("x", remoteID: "r-9")
      let a = one.new("a")
      try one.insert(a)
      let b = try one.chained(to: [OutputReference(a.id, 1)])
      let c = try one.chained(to: [OutputReference(b.id, 1)])
      let other = try one.chained(to: [OutputReference(sent.id, 1)])
      let done = try one.cancelChain(b.id)
      try expect(done.change.after.status == .cancelled && done.cancelled.map(\.id) == [c.id])
      try expect(done.cancelled[0].failure?.kind == .cancelled && done.cancelled[0].billing == .none)
      try expect(one.row(a.id).phase == .queued && one.row(other.id).isChained)
    },
    Rule("waiting predictions fill the queue and count for the caps of agents") { world in
      let one = try world.process()
      let a = try one.polling()
      _ = try one.chained(to: [OutputReference(a.id, 1)]) {
        $0.origin = .mcp
        $0.images = 3
      }
      try expect(one.insert(one.new(), queueLimit: 1), .queueFull)
      try expect(one.opened.agentUse(of: "account"), AgentUse(images: 3, micros: 0))
    },
    Rule("a target must be there, and at most 32 wait for each other") { world in
      let one = try world.process()
      var new = one.new("x")
      let missing = one.ids.next(at: world.time.now.wall)
      new.wait(for: [OutputReference(missing, 1)])
      try expect(one.insert(new), .targetMissing(missing))
      var last = try one.polling()
      for _ in 0..<ChainPolicy.depthLimit { last = try one.chained(to: [OutputReference(last.id, 1)]) }
      var deeper = one.new("deeper")
      deeper.wait(for: [OutputReference(last.id, 1)])
      try expect(one.insert(deeper), .tooDeep)
      try expect(one.opened.prediction(deeper.id), nil)
    },
    Rule("unattended for an hour it ends; processes that could serve it renew its time") { world in
      let one = try world.process()
      let a = try one.polling()
      let c = try one.chained(to: [OutputReference(a.id, 1)])
      let begin = world.time.now.wall
      world.time.advance(600_001)
      try expect(one.follow(["other"]).ended, [])
      try expect(one.row(c.id).attendedAt, begin)
      _ = try one.follow()
      try expect(one.row(c.id).attendedAt, begin + 600_001)
      try expect(one.row(c.id).revision, c.revision)
      world.time.advance(3_599_999)
      try expect(one.follow(["other"]).ended, [])
      world.time.advance(1)
      let ended = try one.follow().ended
      try expect(ended.map(\.id) == [c.id] && ended[0].failure?.kind == .interrupted && ended[0].billing == .none)
    },
    Rule("what was sent from a later state of the database is adopted from the wait") { world in
      let gone = try world.process()
      let a = try gone.polling()
      let c = try gone.chained(to: [OutputReference(a.id, 1)]) { $0.acceptor = gone.opened.owner }
      try gone.complete(a.id)
      gone.exit()
      let one = try world.process()
      guard
        case .needsSearch(let row) = try one.claim(
          ClaimRequest(
            account: "account", maxConcurrency: nil, maxPerMinute: nil, mayUpload: true, orphans: .searched(now: true)))
      else { throw UnexpectedOutcome(outcome: "not searched for") }
      try expect(row.id, c.id)
      let adopted = try one.change(
        c.id, .adopted(HistoryMatch(remoteID: "r-7", createdAt: world.time.now.wall, clockSkew: 0)),
        by: Writer(owner: one.opened.owner, epoch: row.epoch))
      try expect(adopted.phase == .polling && adopted.references == .done)
      try expect(one.row(c.id), adopted)
      try expect(one.opened.sendTime(of: c.id) != nil)
    },
  ]
}

extension StoreProcess {
  /// Inserts a prediction that waits for outputs.
  func chained(to references: [OutputReference], _ change: (inout Prediction) -> Void = { _ in }) throws -> Prediction {
    var new = new("with \(references.map(\.text).joined(separator: " "))")
    change(&new)
    new.wait(for: references)
    guard case .inserted(let row) = try insert(new) else { throw UnexpectedOutcome(outcome: "not inserted") }
    return row
  }

  /// Finishes a prediction with one saved output.
  func complete(_ id: PredictionID, at address: String = "https://x/1") throws {
    try change(
      id, .finished(.completed(outputs: [.location(address)], hasNSFWContents: [], inferenceMilliseconds: nil)),
      by: try row(id).writer)
    let file = OutputFile(path: "/x.png", mediaType: "image/png", bytes: 1, sha256: "00", width: 1, height: 1)
    try change(id, .saved([file]), by: try row(id).writer)
  }

  func follow(_ accounts: Set<String> = ["account"]) throws -> ChainRound {
    try wait { opened.follow(accounts: accounts, completion: $0) }
  }

  func cancelChain(_ id: PredictionID) throws -> ChainCancellation {
    try wait {
      opened.cancelChain(of: id, .cancelAsked(deleteRemote: false, sendable: true), by: nil, completion: $0)
    }
  }
}
