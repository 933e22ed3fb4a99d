import JSON
import Predictions
import PredictionsTestSupport
import Testing
import Threads

/// The engine's behaviour, seen by its calls, the store and the provider.
@Suite("The engine")
struct EngineTests {
  private static let lost = ScriptedProvider.Submit.answer(.ambiguous(reason: "No reply."))

  // MARK: - The main job

  @Test("a submit is answered when it is committed, and becomes a file, for one POST")
  func mainJob() throws {
    let rig = Rig()
    let accepted = try rig.submit()
    #expect(accepted.status == .created || accepted.status == .processing)
    #expect(rig.table.row(accepted.id) != nil)
    let it = try rig.result(accepted.id)
    #expect(it.status == .completed)
    #expect(it.billing == .charged)
    #expect(it.remoteID == "r-1")
    #expect(it.outputs == ["https://cdn.example/1.png"])
    #expect(it.failure == nil)
    let file = try #require(it.files.first)
    #expect(rig.engine.contents(of: file, for: nil) == Array("https://cdn.example/1.png".utf8))
    #expect(rig.posts == [it.id])
    #expect(try rig.row(it.id) == it)
    #expect(try rig.engine.snapshot(it.id)?.resultURL == "https://api.example/r-1")
  }

  @Test("every side effect follows the commit that allows it")
  func commitsComeFirst() throws {
    let rig = Rig()
    _ = try rig.result(try rig.submit().id)
    #expect(
      rig.journal.all == [
        "committed created", "committed claimed", "POST", "committed accepted", "poll", "committed finished",
        "download", "committed saved",
      ])
  }

  @Test("several outputs are saved in their order")
  func severalOutputs() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.polls = [.answered(ScriptedProvider.finished(3), after: nil)] }
    let it = try rig.result(try rig.submit().id)
    #expect(it.files.count == 3)
    for (index, file) in it.files.enumerated() {
      #expect(rig.engine.contents(of: file, for: nil) == Array("https://cdn.example/\(index + 1).png".utf8))
    }
  }

  @Test("of very many outputs 64 are saved, and the others stay as URLs")
  func veryManyOutputs() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.polls = [.answered(ScriptedProvider.finished(70), after: nil)] }
    let it = try rig.result(try rig.submit().id)
    #expect(it.files.count == 64 && rig.journal.count("download") == 64)
    #expect(it.outputs == (1...70).map { "https://cdn.example/\($0).png" })
  }

  @Test("outputs that come as bytes are saved without a download")
  func bytes() throws {
    let rig = Rig()
    let result = RemoteResult.completed(outputs: [.bytes([1, 2, 3])], hasNSFWContents: [], inferenceMilliseconds: nil)
    rig.provider.state.withLock { $0.polls = [.answered(result, after: nil)] }
    let it = try rig.result(try rig.submit().id)
    #expect(rig.engine.contents(of: try #require(it.files.first), for: nil) == [1, 2, 3])
    #expect(rig.journal.count("download") == 0)
  }

  @Test("a reply that is finished already needs no poll")
  func finishedAtOnce() throws {
    let rig = Rig()
    rig.provider.state.withLock {
      $0.submits = [.answer(.accepted(remoteID: "r-9", result: ScriptedProvider.finished(), clockSkew: 0))]
    }
    let it = try rig.result(try rig.submit().id)
    #expect(it.status == .completed)
    #expect(it.remoteID == "r-9")
    #expect(rig.journal.count("poll") == 0)
  }

  @Test("a refusal and a remote failure end as failed, for one POST")
  func failures() throws {
    let rig = Rig()
    let failure = PredictionFailure(.invalidInput, retryable: false, message: "No such size.")
    rig.provider.state.withLock { $0.submits = [.answer(.refused(failure, pause: nil))] }
    let refused = try rig.result(try rig.submit().id)
    #expect(refused.status == .failed)
    #expect(refused.billing == .none)
    #expect(refused.failure == failure)
    rig.provider.state.withLock { $0.polls = [.answered(.failed(failure, billing: .refunded), after: nil)] }
    let failed = try rig.result(try rig.submit().id)
    #expect(failed.status == .failed)
    #expect(failed.billing == .refunded)
    #expect(rig.posts == [refused.id, failed.id])
  }

  @Test("a poll without information is repeated, whatever its reason")
  func pollsGoOn() throws {
    let rig = Rig()
    rig.provider.state.withLock {
      $0.polls = [
        .transient(reason: "502", after: nil), .transient(reason: "429", after: 300), .paused(reason: "401"),
        .answered(.running, after: nil), .gone(reason: "404"), .answered(ScriptedProvider.finished(), after: nil),
      ]
    }
    #expect(try rig.result(try rig.submit().id).status == .completed)
    #expect(rig.journal.count("poll") == 6)
    #expect(rig.posts.count == 1)
  }

  @Test(
    "result of a prediction without files is answered after the commit that begins the download, or at the deadline")
  func missingFiles() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.downloads = [.refused(reason: "No.")] }
    let id = try rig.submit().id
    try rig.eventually("the download is given up") { rig.table.row(id)?.failure?.kind == .downloadFailed }
    rig.table.hold(.change)
    let (patient, hasty, none) = (Answers(), Answers(), Answers())
    try rig.engine.wait(for: [id], atMost: 600_000, completion: patient.take)
    try rig.engine.wait(for: [id], atMost: 500, completion: hasty.take)
    try rig.engine.wait(for: [id], atMost: 0, completion: none.take)
    #expect(none.all.count == 1)
    try rig.eventually("the hasty one is answered") { hasty.all.count == 1 }
    #expect(hasty.all.first?.isFulfilled == false)
    #expect(patient.all.isEmpty)
    rig.table.release(.change)
    try rig.eventually("the patient one is answered") { !patient.all.isEmpty }
    #expect(patient.all.first?.isFulfilled == true)
    #expect(patient.all.first?.snapshots.first?.prediction.files.count == 1)
  }

  // MARK: - Commit before side effect

  @Test("nothing is sent before the claim is committed")
  func noPOSTBeforeTheClaim() throws {
    let rig = Rig()
    rig.table.hold(.claim)
    let answers = Answers()
    let answer = Protected<PredictionEngine.Accepted?>(nil)
    try rig.engine.submit(rig.request()) { result in answer.signal { $0 = try? result.get() } }
    let id = try #require(answer.wait(atMost: 20_000) { $0 }).snapshot.prediction.id
    try rig.engine.wait(for: [id], atMost: 600_000, completion: answers.take)
    for _ in 0..<50 { rig.advance(1_000) }
    #expect(rig.posts.isEmpty)
    #expect(try rig.row(id).status == .created)
    rig.table.release(.claim)
    try rig.eventually("it is sent") { rig.posts == [id] }
  }

  @Test("a claim that could not be committed is not sent; it is claimed again, and then sent once")
  func failedClaim() throws {
    let rig = Rig()
    rig.table.fail(.claim, [.lost, .lost])
    let id = try rig.submit().id
    try rig.soon("the claim fails") { rig.journal.count("failed commit") == 1 }
    #expect(rig.posts.isEmpty)
    #expect(try rig.result(id).status == .completed)
    #expect(rig.journal.count("failed commit") == 2)
    #expect(rig.posts == [id])
  }

  @Test("a claim whose commit is in doubt is not sent")
  func unconfirmedClaim() throws {
    let rig = Rig()
    rig.table.fail(.claim, [.unconfirmed])
    let id = try rig.submit().id
    let it = try rig.result(id)
    #expect(it.status == .failed)
    #expect(it.failure?.kind == .interrupted)
    #expect(it.billing == .none)
    #expect(rig.posts.isEmpty)
    #expect(try rig.result(try rig.submit().id).status == .completed, "the queue goes on")
  }

  @Test(
    "a submit that was answered with an error is not sent, whether it was written or not", arguments: [true, false])
  func failedInsert(isWritten: Bool) throws {
    let rig = Rig()
    rig.table.hold(.claim)
    rig.table.fail(.insert, [isWritten ? .unconfirmed : .lost])
    let answer = Protected<SubmitError?>(nil)
    try rig.engine.submit(rig.request()) { result in
      if case .failure(let error) = result { answer.signal { $0 = error } }
    }
    guard case .storage(_, let id)? = answer.wait(atMost: 20_000, until: { $0 }) else {
      Issue.record("It was accepted.")
      return
    }
    try rig.eventually("it is void") {
      rig.table.row(id)?.status == .failed || !isWritten && rig.time.now.steady > 1_003_000
    }
    #expect(rig.table.row(id)?.failure?.kind == (isWritten ? .interrupted : nil))
    rig.table.release(.claim)
    let next = try rig.submit().id
    #expect(try rig.result(next).status == .completed)
    #expect(rig.posts == [next])
  }

  @Test("a remote id that cannot be committed is tried again until it is")
  func remoteIDIsKept() throws {
    let rig = Rig()
    rig.table.fail(.change, [.lost, .lost, .unconfirmed, .lost]) { if case .accepted = $0 { true } else { false } }
    let id = try rig.submit("a secret prompt").id
    try rig.eventually("it is written", by: 500) { rig.table.row(id)?.remoteID == "r-1" }
    #expect(try rig.result(id).status == .completed)
    #expect(rig.journal.count("failed commit") == 4)
    #expect(rig.posts == [id])
    let notices = rig.notices.withLock { $0 }
    #expect(!notices.isEmpty)
    #expect(notices.allSatisfy { !$0.contains("secret") })
  }

  @Test("files whose commit fails are not saved twice, and the prediction completes")
  func savedIsKept() throws {
    let rig = Rig()
    rig.table.fail(.change, [.lost, .lost]) { if case .saved = $0 { true } else { false } }
    let it = try rig.result(try rig.submit().id)
    #expect(it.status == .completed)
    #expect(rig.journal.count("download") == 1)
    #expect(rig.outputs.state.withLock { $0.files.count } == 1)
  }

  // MARK: - A lost reply

  @Test("a prediction whose reply was lost is not sent again; it is found in the history")
  func adopted() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.submits = [Self.lost]
      state.searches = [
        .found([]),
        .found([HistoryMatch(remoteID: "r-7", createdAt: rig.time.now.wall, clockSkew: 0)]),
      ]
    }
    let id = try rig.submit().id
    try rig.soon("it is looked for") { rig.table.row(id)?.phase == .looking }
    #expect(try rig.status(id).status == .processing)
    #expect(try rig.status(id).billing == .unknown)
    let it = try rig.result(id)
    #expect(it.status == .completed)
    #expect(it.remoteID == "r-7")
    #expect(rig.posts == [id])
  }

  @Test("a prediction that is not found ends as unknown, with a hint, and is not sent again")
  func unknown() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [Self.lost] }
    let it = try rig.result(try rig.submit().id)
    #expect(it.status == .unknown)
    #expect(it.billing == .unknown)
    #expect(it.failure?.kind == .submissionUnknown)
    #expect(it.failure?.hint?.isEmpty == false)
    #expect(try rig.cancel(it.id).status == .unknown)
    #expect(rig.posts == [it.id])
  }

  @Test("without a history it is unknown at once")
  func noHistory() throws {
    let rig = Rig(keepsHistory: false)
    rig.provider.state.withLock { $0.submits = [Self.lost] }
    let id = try rig.submit().id
    try rig.soon("it is unknown") { rig.table.row(id)?.status == .unknown }
    #expect(try rig.row(id).phase == nil)
    #expect(rig.posts == [id])
  }

  // MARK: - Cancelling

  @Test("a cancellation in the queue costs nothing, and nothing is sent")
  func cancelQueued() throws {
    let rig = Rig(limits: AccountLimits(maxConcurrency: 1))
    rig.provider.state.withLock { $0.submits = [.hang] }
    let first = try rig.submit().id
    try rig.soon("the first is out") { rig.posts == [first] }
    let second = try rig.submit().id
    let cancelled = try rig.cancel(second)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.billing == .none)
    rig.provider.reply(.accepted(remoteID: "r-1", result: .running, clockSkew: 0))
    #expect(try rig.result(first).status == .completed)
    #expect(rig.posts == [first])
  }

  @Test("a cancellation before the first byte revokes the POST")
  func cancelBeforeTheFirstByte() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    let cancelled = try rig.cancel(id)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.billing == .none)
    rig.provider.start()
    try rig.soon("nothing is left to do") { rig.engine.drain(atMost: 0) }
    #expect(rig.posts.isEmpty)
    #expect(try rig.row(id).billing == .none)
  }

  @Test("a cancellation revokes the POST at once, before it is committed")
  func cancelBeforeItsCommit() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    rig.table.hold(.change)
    let answer = Protected<PredictionSnapshot?>(nil)
    rig.engine.cancel(id, deleteRemote: false) { result in answer.signal { $0 = try? result.get() } }
    rig.provider.start()
    rig.table.release(.change)
    #expect(answer.wait(atMost: 20_000) { $0 }?.prediction.billing == Billing.none)
    try rig.soon("nothing is left to do") { rig.engine.drain(atMost: 0) }
    #expect(rig.posts.isEmpty)
    #expect(try rig.row(id).status == .cancelled)
  }

  @Test("a revoked POST ends as cancelled, not failed, even if the provider reports it before the cancellation")
  func cancelOvertaken() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    rig.table.state.withLock { $0.beforeChange = { rig.provider.start() } }
    let cancelled = try rig.cancel(id)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.billing == .none)
    try rig.soon("nothing is left to do") { rig.engine.drain(atMost: 0) }
    #expect(rig.posts.isEmpty)
    #expect(try rig.row(id).status == .cancelled)
  }

  @Test("a cancellation during the POST ends at once, says that it may be billed, and records the remote id")
  func cancelWhileSending() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let id = try rig.submit().id
    try rig.soon("it is out") { rig.posts == [id] }
    let cancelled = try rig.cancel(id)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.billing == .unknown)
    #expect(cancelled.error.contains("bill"))
    rig.provider.reply(.accepted(remoteID: "r-5", result: .running, clockSkew: 0))
    try rig.soon("the id is written") { rig.table.row(id)?.remoteID == "r-5" }
    #expect(try rig.row(id).status == .cancelled)
    for _ in 0..<20 { rig.advance(1_000) }
    #expect(rig.journal.count("poll") == 0)
  }

  @Test("a cancellation during a POST that was not sent costs nothing")
  func cancelThenUnsent() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let id = try rig.submit().id
    try rig.soon("it is out") { rig.posts == [id] }
    #expect(try rig.cancel(id).billing == .unknown)
    rig.provider.reply(.unsent(reason: "The connection broke."))
    try rig.soon("it is settled") { rig.table.row(id)?.phase == nil }
    #expect(try rig.row(id).billing == .none)
    #expect(try rig.row(id).status == .cancelled)
  }

  @Test("a cancellation while the provider works ends the polls")
  func cancelWhilePolling() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.polls = Array(repeating: .answered(.running, after: nil), count: 100_000) }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.journal.count("poll") > 2 }
    let cancelled = try rig.cancel(id)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.billing == .unknown)
    #expect(cancelled.error.contains("r-1"))
    try rig.soon("nothing is left to do") { rig.engine.drain(atMost: 0) }
    let polls = rig.journal.count("poll")
    for _ in 0..<50 { rig.advance(10_000) }
    try rig.soon("nothing more is in progress") { rig.engine.drain(atMost: 0) }
    #expect(rig.journal.count("poll") <= polls + 1, "one may have been in progress")
    #expect(try rig.cancel(id) == cancelled, "cancelling twice is cancelling once")
  }

  @Test("delete_remote requests the deletion at the provider")
  func deleteRemotely() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.journal.count("poll") == 1 }
    #expect(try rig.cancel(id, deleteRemote: true).status == .cancelled)
    try rig.eventually("it is deleted there") { rig.table.row(id)?.phase == nil }
    #expect(rig.provider.state.withLock { $0.deleted } == [id])
    #expect(try rig.row(id).failure?.hint?.contains("delete") == true)
  }

  @Test("an image that was paid for and arrives after the cancellation is kept")
  func cancelTooLate() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let id = try rig.submit().id
    try rig.eventually("it is polled") { rig.journal.count("poll") == 1 }
    let answerPoll = try #require(rig.provider.state.withLock { $0.hangingPolls.first })
    #expect(try rig.cancel(id).status == .cancelled)
    answerPoll(.answered(ScriptedProvider.finished(), after: nil))
    try rig.eventually("it is saved") { rig.table.row(id)?.files.count == 1 }
    let it = try rig.row(id)
    #expect(it.status == .cancelled)
    #expect(it.billing == .charged)
    #expect(it.phase == nil && it.owner == nil)
  }

  // MARK: - Waiting

  @Test("at its deadline a wait is answered with the present state, without a failure")
  func timeOut() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let id = try rig.submit().id
    try rig.soon("it is out") { rig.posts == [id] }
    let answers = Answers()
    try rig.engine.wait(for: [id], atMost: 50_000, completion: answers.take)
    rig.advance(49_999)
    #expect(answers.all.isEmpty)
    rig.advance(1)
    try rig.soon("the time is up") { !answers.all.isEmpty }
    #expect(answers.all.count == 1)
    #expect(answers.all[0].isFulfilled == false)
    #expect(answers.all[0].snapshots.map(\.prediction.status) == [.processing])
    #expect(try rig.row(id).phase == .sending, "waiting is not working")
  }

  @Test("a wait without time is answered at once, and so is one for a finished prediction")
  func atOnce() throws {
    let rig = Rig()
    let id = try rig.submit().id
    let now = Answers()
    #expect(try rig.engine.wait(for: [id], atMost: 0, completion: now.take) == nil)
    #expect(now.all.count == 1)
    _ = try rig.result(id)
    let over = Answers()
    #expect(try rig.engine.wait(for: [id], atMost: 50_000, completion: over.take) == nil)
    #expect(over.all.map(\.isFulfilled) == [true])
  }

  @Test("several waits for several predictions are answered once each, by their own mode")
  func severalWaiters() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang, .hang] }
    let (one, other) = (try rig.submit("one").id, try rig.submit("other").id)
    try rig.soon("both are out") { rig.posts.count == 2 }
    let (any, all, single, ended) = (Answers(), Answers(), Answers(), Answers())
    try rig.engine.wait(for: [one, other], mode: .any, atMost: 600_000, completion: any.take)
    try rig.engine.wait(for: [other, one], mode: .all, atMost: 600_000, completion: all.take)
    try rig.engine.wait(for: [one], atMost: 600_000, completion: single.take)
    let wait = try #require(try rig.engine.wait(for: [one], atMost: 600_000, completion: ended.take))
    #expect(rig.engine.endWait(wait))
    #expect(!rig.engine.endWait(wait))
    rig.provider.reply(.accepted(remoteID: "r-1", result: .running, clockSkew: 0))
    try rig.eventually("one is over") { any.all.count == 1 && single.all.count == 1 }
    #expect(all.all.isEmpty)
    #expect(any.all[0].snapshots.map(\.prediction.id) == [one, other])
    rig.provider.reply(.accepted(remoteID: "r-2", result: .running, clockSkew: 0))
    try rig.eventually("all are over") { all.all.count == 1 }
    #expect(all.all[0].isFulfilled)
    #expect(all.all[0].snapshots.map(\.prediction.id) == [other, one])
    #expect(any.all.count == 1 && single.all.count == 1)
    #expect(ended.all.isEmpty)
  }

  @Test("a wait for a prediction that does not exist is an error")
  func waitForNothing() throws {
    let rig = Rig()
    let nothing = PredictionID(sequence: 1, lowBits: 1)
    #expect(throws: StoreError.notFound) {
      try rig.engine.wait(for: [nothing], atMost: 1_000) { _ in Issue.record("answered") }
    }
    #expect(try rig.engine.snapshot(nothing) == nil)
  }

  // MARK: - The same order twice

  @Test("the same key and content is the same prediction and one POST; other content is refused")
  func idempotency() throws {
    let rig = Rig()
    let first = try rig.submit("a cat", key: "k").id
    #expect(try rig.submit("a cat", key: "k").id == first)
    let done = try rig.result(first)
    #expect(try rig.submit("a cat", key: "k") == done, "also when it is over")
    do {
      try rig.submit("a dog", key: "k")
      Issue.record("It was accepted.")
    } catch SubmitError.conflict(let id, deleted: false, difference: _) {
      #expect(id == first)
    }
    #expect(try rig.submit("a cat").id != first)
    try rig.eventually("both are done") { rig.journal.count("committed saved") == 2 }
    #expect(rig.posts.count == 2)
  }

  // MARK: - Downloads

  @Test("a full disk loses no image that was paid for: result tries again")
  func downloadAgain() throws {
    let rig = Rig()
    rig.outputs.state.withLock { $0.faults = [.diskFull(path: "/out")] }
    let id = try rig.submit().id
    let unsaved = try rig.result(id)
    #expect(unsaved.status == .completed)
    #expect(unsaved.billing == .charged)
    #expect(unsaved.failure?.kind == .downloadFailed)
    #expect(unsaved.outputs == ["https://cdn.example/1.png"])
    #expect(unsaved.files.isEmpty)
    #expect(try rig.status(id) == unsaved, "a status alone tries nothing")
    let saved = try rig.result(id)
    #expect(saved.status == .completed)
    #expect(saved.failure == nil)
    #expect(saved.files.count == 1)
    #expect(rig.posts == [id])
  }

  @Test("a broken download is tried again; an expired link is refreshed")
  func downloads() throws {
    let rig = Rig()
    rig.provider.state.withLock {
      $0.downloads = [.transient(reason: "cut"), .expired(reason: "403"), .written()]
    }
    let it = try rig.result(try rig.submit().id)
    #expect(it.status == .completed && it.failure == nil && it.files.count == 1)
    #expect(rig.journal.count("download") == 3)
    #expect(rig.journal.count("poll") == 2, "one to learn that it is done, one for the fresh link")
    #expect(rig.outputs.state.withLock { $0.unfinished } == 0, "no temporary file is left")
  }

  @Test("a download that always fails is given up after its tries")
  func downloadGivenUp() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.downloads = Array(repeating: .transient(reason: "cut"), count: 100) }
    let it = try rig.result(try rig.submit().id)
    #expect(it.status == .completed)
    #expect(it.failure?.kind == .downloadFailed)
    #expect(rig.journal.count("download") == 3)
    #expect(rig.outputs.state.withLock { $0.unfinished } == 0)
  }

  // MARK: - Limits

  @Test("no more are in progress than the account allows, and the oldest goes first")
  func limits() throws {
    let rig = Rig(limits: AccountLimits(maxConcurrency: 2, maxQueued: 3))
    rig.provider.state.withLock { $0.submits = [.hang, .hang] }
    let ids = try (0..<5).map { number in
      defer { rig.time.advance(1) }
      let id = try rig.submit("\(number)").id
      if number < 2 { try rig.soon("it is out") { rig.posts.contains(id) } }
      return id
    }
    #expect(throws: SubmitError.queueFull(limit: 3)) { try rig.submit("one too many") }
    for _ in 0..<20 { rig.advance(1_000) }
    try rig.soon("nothing more is claimed") { rig.store.hasChanged() == false }
    #expect(rig.posts == Array(ids.prefix(2)))
    rig.provider.reply(.accepted(remoteID: "x-1", result: .running, clockSkew: 0))
    rig.provider.reply(.accepted(remoteID: "x-2", result: .running, clockSkew: 0))
    try rig.eventually("all are done", by: 100) { rig.journal.count("committed saved") == 5 }
    #expect(rig.posts == ids)
  }

  // MARK: - What cannot be accepted

  @Test("an invalid request is an error, and no prediction exists")
  func refusedAtOnce() throws {
    let rig = Rig()
    rig.engine.install(.unconfigured(hint: "Set KEY."), as: "keyless")
    func error(_ change: (inout PredictionRequest) -> Void) -> SubmitError? {
      var request = rig.request()
      change(&request)
      do throws(SubmitError) {
        try rig.engine.submit(request) { _ in }
        return nil
      } catch {
        return error
      }
    }
    #expect(error { $0.provider = "keyless" } == .notConfigured(provider: "keyless", hint: "Set KEY."))
    guard case .invalid("provider", let message)? = error({ $0.provider = "nobody" }) else {
      Issue.record("An unknown provider was accepted.")
      return
    }
    #expect(message.contains("nobody") && message.contains("scripted"))
    guard
      case .invalid(
        "input.script",
        "input.script works only with the played provider; scripted would charge for it.")? = error({
          $0.input["script"] = .object(JSONObject())
        })
    else {
      Issue.record("A paid provider accepted a field that works only with another one.")
      return
    }
    guard case .folder(.folder("/unwritable", _), isDefault: false)? = error({ $0.outputDirectory = "/unwritable" })
    else {
      Issue.record("A folder that cannot be written was accepted.")
      return
    }
    rig.store.flush()
    #expect(rig.table.state.withLock { $0.rows.isEmpty })
  }

  // MARK: - Beginning and ending

  @Test("a process that was only started does nothing; the first call that names a prediction begins the work")
  func probe() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    try rig.soon("it is claimed") { rig.table.row(id)?.owner == "me" }
    rig.engine.stop()
    rig.table.kill("me")
    let next = Rig(sharing: rig, owner: "next")
    for _ in 0..<20 { next.advance(10_000) }
    next.store.flush()
    #expect(try rig.row(id).owner == "me")
    _ = try next.status(id)
    try next.soon("it is taken over") { rig.table.row(id)?.owner == "next" }
    #expect(rig.posts.isEmpty && next.posts.isEmpty, "a prediction that may have been sent is not sent again")
  }

  @Test("a prediction that an exited process had sent is not sent again; its polls continue")
  func takeover() throws {
    let rig = Rig()
    rig.provider.state.withLock {
      $0.submits = [.answer(.accepted(remoteID: "r-1", result: .running, clockSkew: 0)), .hang]
      $0.pollsHang = true
    }
    let (polling, sending) = (try rig.submit("one").id, try rig.submit("two").id)
    try rig.eventually("both are out") { rig.posts.count == 2 && rig.table.row(polling)?.phase == .polling }
    rig.engine.stop()
    rig.table.kill("me")
    let next = Rig(sharing: rig, owner: "next")
    #expect(try next.result(polling).status == .completed)
    #expect(try next.result(sending).status == .unknown)
    #expect(next.posts.isEmpty)
  }

  @Test("a prediction that is evicted between its read and its wait does not count as finished")
  func forgottenMeanwhile() throws {
    let rig = Rig()
    let other = Rig(sharing: rig, owner: "other")
    rig.provider.state.withLock { $0.submits = [.hang, .hang] }
    let (one, two) = (try rig.submit("one").id, try rig.submit("two").id)
    try rig.soon("both are out") { rig.posts.count == 2 }
    // While the other process reads the predictions of its wait, one of them changes, and the change is noted before
    // the wait begins.
    rig.table.state.withLock {
      $0.afterRead = (
        one,
        {
          _ = try? rig.cancel(one)
          other.time.advance(1_000)
        }
      )
    }
    let answers = Answers()
    try other.engine.wait(for: [one, two], mode: .any, atMost: 600_000, completion: answers.take)
    try other.soon("it is answered") { answers.all.count == 1 }
    #expect(answers.all[0].snapshots.map(\.prediction.id) == [one, two])
    #expect(answers.all[0].snapshots.map(\.prediction.status) == [.cancelled, .processing])
  }

  @Test("a wait is answered when another process finishes the prediction, and one that it cancels is not sent here")
  func otherProcess() throws {
    let rig = Rig()
    let other = Rig(sharing: rig, owner: "other")
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    let answers = Answers()
    try other.engine.wait(for: [id], atMost: 600_000, completion: answers.take)
    let cancelled = try other.cancel(id)
    #expect(cancelled.status == .cancelled)
    try other.eventually("the waiter is answered") { answers.all.count == 1 }
    rig.provider.start()
    try rig.soon("it is settled") { rig.table.row(id)?.phase == nil }
    #expect(rig.posts.isEmpty)
    #expect(try rig.row(id).status == .cancelled)
    #expect(try rig.row(id).billing == .none)
    let next = try rig.submit("two").id
    try other.engine.wait(for: [next], atMost: 600_000, completion: answers.take)
    try rig.eventually("it is done and known") {
      other.advance(0)
      return answers.all.count == 2
    }
    #expect(answers.all[1].snapshots.map(\.prediction.status) == [.completed])
    // Either process may send it, but only one.
    #expect(rig.posts + other.posts == [next])
  }

  @Test("a claim older than half a minute, as after a laptop's sleep, is not sent")
  func lateClaim() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.wait] }
    let id = try rig.submit().id
    _ = rig.provider.state.wait(atMost: 20_000) { $0.waiting.isEmpty ? nil : true }
    rig.time.advance(60_000)
    rig.provider.start()
    let it = try rig.result(id)
    #expect(it.status == .failed)
    #expect(it.failure?.kind == .interrupted)
    #expect(it.billing == .none)
    #expect(rig.posts.isEmpty)
  }

  @Test("stop answers all waits, and nothing more is sent")
  func stop() throws {
    let rig = Rig(limits: AccountLimits(maxConcurrency: 1))
    rig.provider.state.withLock { $0.submits = [.hang] }
    let (first, second) = (try rig.submit("one").id, try rig.submit("two").id)
    try rig.soon("it is out") { rig.posts == [first] }
    let answers = Answers()
    try rig.engine.wait(for: [first], atMost: 600_000, completion: answers.take)
    try rig.engine.wait(for: [second], atMost: 600_000, completion: answers.take)
    rig.engine.stop()
    #expect(answers.all.map(\.isFulfilled) == [false, false])
    #expect(answers.all.flatMap(\.snapshots).map(\.prediction.id) == [first, second])
    try rig.engine.wait(for: [first], atMost: 600_000, completion: answers.take)
    #expect(answers.all.count == 3, "nobody waits any more")
    rig.provider.reply(.accepted(remoteID: "r-1", result: ScriptedProvider.finished(), clockSkew: 0))
    try rig.eventually("what was out is written") { rig.table.row(first)?.remoteID == "r-1" }
    for _ in 0..<20 { rig.advance(1_000) }
    rig.store.flush()
    #expect(rig.posts == [first])
    #expect(try rig.row(second).status == .created)
  }

  @Test("a claim that waits for the store when stop is called takes nothing; the next process sends it")
  func stopBeforeAClaim() throws {
    let rig = Rig(keepsHistory: false)
    rig.table.hold(.claim)
    let id = try rig.submit().id
    try rig.soon("the claim waits") { rig.table.state.withLock { $0.claimsBegun } == 1 }
    rig.engine.stop()
    rig.table.release(.claim)
    rig.store.flush()
    #expect(rig.posts == [])
    let left = try rig.row(id)
    #expect(left.status == .created && left.phase == .queued)
    rig.table.kill("me")
    let next = Rig(sharing: rig, owner: "next", keepsHistory: false)
    #expect(try next.result(id).status == .completed)
    #expect(rig.posts == [] && next.posts == [id])
  }

  @Test("drain waits for a POST until its reply is committed, and no longer than its limit")
  func drain() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.submits = [.hang]
      state.pollsHang = true
    }
    let id = try rig.submit().id
    try rig.soon("it is out") { rig.posts == [id] }
    #expect(rig.engine.drain(atMost: 20) == false)
    rig.table.hold(.change)
    rig.provider.reply(.accepted(remoteID: "r-1", result: .running, clockSkew: 0))
    let drained = Protected<Bool?>(nil)
    startThread {
      let isDone = rig.engine.drain(atMost: 20_000)
      drained.signal { $0 = isDone }
    }
    #expect(drained.wait(atMost: 50) { $0 } == nil, "its reply is not committed yet")
    rig.table.release(.change)
    #expect(drained.wait(atMost: 20_000) { $0 } == true)
    #expect(try rig.row(id).remoteID == "r-1")
  }

  @Test("drain sends the predictions that the limits allow, and leaves the rest to the next process")
  func drainTheQueue() throws {
    let rig = Rig(limits: AccountLimits(maxConcurrency: 2))
    rig.provider.state.withLock { $0.polls = Array(repeating: .answered(.running, after: nil), count: 100) }
    let ids = try (0..<4).map { number in
      defer { rig.time.advance(1) }
      return try rig.submit("\(number)").id
    }
    #expect(rig.engine.drain(atMost: 20_000))
    #expect(rig.posts == Array(ids.prefix(2)))
    #expect(try ids.map { try rig.row($0).status } == [.processing, .processing, .created, .created])
  }

  @Test("a deletion removes the prediction and its files; an unfinished prediction is not deleted")
  func delete() throws {
    let rig = Rig()
    let done = try rig.result(try rig.submit().id)
    rig.provider.state.withLock { $0.submits = [.hang] }
    let running = try rig.submit().id
    func delete(_ ids: [PredictionID]) throws -> DeleteOutcome {
      let answer = Protected<Result<DeleteOutcome, StoreError>?>(nil)
      rig.engine.delete(ids, files: true) { result, _ in answer.signal { $0 = result } }
      rig.engine.settle()
      return try #require(answer.wait(atMost: 20_000) { $0 }).get()
    }
    #expect(try delete([done.id, running]) == .unfinished([running]))
    #expect(try rig.status(done.id) == done)
    #expect(try delete([done.id]) == .deleted([done], scrubbed: true))
    #expect(try rig.engine.snapshot(done.id) == nil)
    #expect(rig.engine.contents(of: done.files[0], for: nil) == nil)
  }
}
