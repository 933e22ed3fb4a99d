import Predictions
import PredictionsTestSupport
import Testing

/// Sources/Predictions/README.md, "Transitions", row by row: from every situation, by every event, reported by the
/// owner, by another process and by a former owner. A pair that no row has must be refused.
@Suite("The table of transitions")
struct LifecycleTests {
  /// Everything that can happen to a prediction.
  enum Event: String, CaseIterable, CustomTestStringConvertible {
    case claimed, priced, overBudget, priceRefused, modelMissing, uploadFailed, cancel, cancelAndDelete, cancelUnsent
    case withdrawn,
      withdrawnUnsent
    case interrupted, unsent, refused, accepted
    case ambiguous, ambiguousForGood, takenOver, takenOverForGood, running, completed, refunded, saved, givenUp
    case relinked, downloadAgain, adopted, lookedInVain, lookedEnough, lookedForGood, deleted, notDeleted, previewed
    case notInHistory, foundSeveral, unreadable, unreadableForGood, billed, targetFailed

    var testDescription: String { rawValue }

    var event: PredictionEvent {
      switch self {
      case .claimed: .claimed
      case .priced: .priced(40_000)
      case .overBudget: .overBudget(BudgetRefusal("Too dear."))
      case .priceRefused: .priceRefused(PredictionFailure(.authentication, retryable: false, message: "No."))
      case .modelMissing: .modelMissing(PredictionFailure(.modelUnavailable, retryable: false, message: "Gone."))
      case .uploadFailed: .uploadFailed(PredictionFailure(.network, retryable: true, message: "No."), pause: nil)
      case .cancel: .cancelAsked(deleteRemote: false, sendable: true)
      case .cancelAndDelete: .cancelAsked(deleteRemote: true, sendable: true)
      case .cancelUnsent: .cancelAsked(deleteRemote: false, sendable: false)
      case .withdrawn: .withdrawn(sendable: true)
      case .withdrawnUnsent: .withdrawn(sendable: false)
      case .interrupted: .interrupted
      case .unsent: .unsent(reason: "No network.")
      case .refused: .refused(PredictionFailure(.rateLimited, retryable: true, message: "429"), pause: 60_000)
      case .accepted: .accepted(remoteID: "r-2", clockSkew: 12)
      case .ambiguous: .ambiguous(reason: "No reply.", canLook: true)
      case .ambiguousForGood: .ambiguous(reason: "No reply.", canLook: false)
      case .takenOver: .takenOver(canLook: true)
      case .takenOverForGood: .takenOver(canLook: false)
      case .running: .finished(.running)
      case .completed:
        .finished(
          .completed(
            outputs: [.location("https://cdn.example/a.png"), .bytes([1])], hasNSFWContents: [false, true],
            inferenceMilliseconds: 1_234))
      case .refunded:
        .finished(.failed(PredictionFailure(.contentRefused, retryable: false, message: "No."), billing: .refunded))
      case .saved: .saved([.sample])
      case .givenUp: .downloadGivenUp(reason: "The disk is full.")
      case .relinked: .relinked(["https://cdn.example/fresh.png"])
      case .downloadAgain: .downloadAgain
      case .adopted: .adopted(HistoryMatch(remoteID: "r-2", createdAt: Situation.sentAt, clockSkew: 0))
      case .lookedInVain: .lookedInVain(reason: "Nothing there.", next: Situation.sentAt + 9_000, isSettled: false)
      case .lookedEnough: .lookedInVain(reason: "Nothing there.", next: Situation.sentAt + 90_000, isSettled: true)
      case .lookedForGood: .lookedInVain(reason: "Nothing there.", next: nil, isSettled: true)
      case .deleted: .deletionAnswered(.deleted)
      case .notDeleted: .deletionAnswered(.failed(reason: "403"))
      case .previewed: .previewed(.sample)
      case .notInHistory: .notInHistory
      case .foundSeveral: .foundSeveral(reason: "The history has two.")
      case .billed: .billed(30_000)
      case .targetFailed: .targetFailed(PredictionFailure(.dependencyFailed, retryable: false, message: "It failed."))
      case .unreadable: .unreadable(reason: "Not understood.", reply: "/replies/1", canLook: true)
      case .unreadableForGood: .unreadable(reason: "Not understood.", reply: "/replies/1", canLook: false)
      }
    }
  }

  enum Fence { case anybody, owner }

  enum Outcome: Equatable {
    /// Status, phase and billing afterwards.
    case becomes(PredictionStatus, PredictionPhase?, Billing)
    /// Nothing changes.
    case same
  }

  /// A row of the table.
  struct Row {
    var events: [Event]
    var from: [Situation]
    var outcome: Outcome
    var fence: Fence

    init(_ events: [Event], _ from: [Situation], _ outcome: Outcome, by fence: Fence = .anybody) {
      (self.events, self.from, self.outcome, self.fence) = (events, from, outcome, fence)
    }
  }

  /// Situations that are over or cannot be cancelled any more.
  static let beyondCancel: [Situation] = [
    .fetching, .completed, .unsaved, .refetching, .failed, .cancelledUnsent, .cancelled, .settling, .settlingToDelete,
    .deleting, .cancelledFetching, .doubtful, .lookingAgain, .lost,
  ]
  /// The POST may have been sent, and no reply to it is known.
  static let unanswered: [Situation] = [.settling, .settlingToDelete]

  /// While the first searches run the public status is `processing`; the last of them makes it `unknown`.
  static let table: [Row] = [
    // Until it is sent
    Row([.claimed], [.queued, .awaiting, .chained], .becomes(.processing, .sending, .unknown)),
    Row([.priced], [.queued, .awaiting], .becomes(.created, .queued, .none)),
    Row([.priced, .notInHistory], [.chained], .becomes(.created, nil, .none)),
    Row([.targetFailed], [.chained], .becomes(.failed, nil, .none)),
    Row([.overBudget, .priceRefused, .modelMissing], [.queued, .awaiting, .chained], .becomes(.failed, nil, .none)),
    Row([.uploadFailed], [.awaiting, .chained], .becomes(.failed, nil, .none)),
    // Searched for before its first POST, because the process that accepted it has exited.
    Row([.notInHistory], [.queued, .awaiting], .becomes(.created, .queued, .none)),
    Row([.foundSeveral], [.queued, .awaiting, .chained], .becomes(.failed, nil, .unknown)),
    Row([.adopted], [.queued, .awaiting, .chained], .becomes(.processing, .polling, .unknown)),
    Row(
      [.cancel, .cancelAndDelete, .cancelUnsent, .withdrawn, .withdrawnUnsent], [.queued, .awaiting, .chained],
      .becomes(.cancelled, nil, .none)),
    Row([.interrupted], [.queued, .awaiting, .chained], .becomes(.failed, nil, .none)),
    // During the POST
    Row([.unsent], [.sending], .becomes(.failed, nil, .none), by: .owner),
    Row([.interrupted], [.sending], .becomes(.failed, nil, .none), by: .owner),
    Row([.refused], [.sending], .becomes(.failed, nil, .none), by: .owner),
    Row([.accepted], [.sending], .becomes(.processing, .polling, .unknown)),
    Row([.ambiguous], [.sending], .becomes(.processing, .looking, .unknown), by: .owner),
    Row([.ambiguousForGood], [.sending], .becomes(.unknown, nil, .unknown), by: .owner),
    Row([.takenOver], [.sending], .becomes(.processing, .looking, .unknown)),
    Row([.takenOverForGood], [.sending], .becomes(.unknown, nil, .unknown)),
    Row([.cancelUnsent, .withdrawnUnsent], [.sending], .becomes(.cancelled, nil, .none), by: .owner),
    Row([.cancel, .cancelAndDelete], [.sending], .becomes(.cancelled, .settling, .unknown)),
    Row([.cancelUnsent], unanswered, .becomes(.cancelled, nil, .none), by: .owner),
    Row([.takenOver, .takenOverForGood], unanswered, .becomes(.cancelled, nil, .unknown)),
    Row([.unsent, .refused, .interrupted], unanswered, .becomes(.cancelled, nil, .none), by: .owner),
    Row([.ambiguous, .ambiguousForGood], unanswered, .becomes(.cancelled, nil, .unknown), by: .owner),
    Row([.unreadable], [.sending, .polling, .looking], .becomes(.processing, .looking, .unknown), by: .owner),
    Row([.unreadableForGood], [.sending, .polling, .looking], .becomes(.unknown, nil, .unknown), by: .owner),
    Row([.unreadable], [.lookingAgain], .becomes(.unknown, .looking, .unknown), by: .owner),
    Row([.unreadableForGood], [.lookingAgain], .becomes(.unknown, nil, .unknown), by: .owner),
    Row([.unreadable, .unreadableForGood], unanswered, .becomes(.cancelled, nil, .unknown), by: .owner),
    Row([.accepted], [.settling], .becomes(.cancelled, nil, .unknown)),
    Row([.accepted], [.settlingToDelete], .becomes(.cancelled, .settling, .unknown)),
    // A preview changes nothing else.
    Row([.previewed], [.sending], .becomes(.processing, .sending, .unknown), by: .owner),
    Row([.previewed], [.polling], .becomes(.processing, .polling, .unknown), by: .owner),
    Row([.previewed], [.looking], .becomes(.processing, .looking, .unknown), by: .owner),
    Row([.previewed], [.fetching], .becomes(.processing, .fetching, .charged), by: .owner),
    // While the provider works
    Row([.completed], [.polling], .becomes(.processing, .fetching, .charged), by: .owner),
    Row([.refunded], [.polling], .becomes(.failed, nil, .refunded), by: .owner),
    Row([.running], Situation.allCases, .same),
    Row([.takenOver, .takenOverForGood], [.polling], .becomes(.processing, .polling, .unknown)),
    Row([.cancel, .cancelUnsent], [.polling], .becomes(.cancelled, nil, .unknown)),
    Row([.cancelAndDelete], [.polling], .becomes(.cancelled, .settling, .unknown)),
    Row(
      [.cancel, .cancelAndDelete, .cancelUnsent], [.looking], .becomes(.cancelled, nil, .unknown)),
    Row([.completed], [.cancelled, .deleting], .becomes(.cancelled, .fetching, .charged)),
    Row([.refunded], [.cancelled, .deleting], .becomes(.cancelled, nil, .refunded)),
    Row([.deleted, .notDeleted], [.deleting], .becomes(.cancelled, nil, .unknown), by: .owner),
    Row([.takenOver, .takenOverForGood], [.deleting], .becomes(.cancelled, .settling, .unknown)),
    // While its outputs are saved
    Row([.saved], [.fetching, .refetching], .becomes(.completed, nil, .charged), by: .owner),
    Row([.saved, .givenUp], [.cancelledFetching], .becomes(.cancelled, nil, .charged), by: .owner),
    Row([.givenUp], [.fetching, .refetching], .becomes(.completed, nil, .charged), by: .owner),
    Row([.relinked], [.fetching], .becomes(.processing, .fetching, .charged), by: .owner),
    Row([.relinked], [.refetching], .becomes(.completed, .fetching, .charged), by: .owner),
    Row([.relinked], [.cancelledFetching], .becomes(.cancelled, .fetching, .charged), by: .owner),
    Row([.downloadAgain], [.unsaved], .becomes(.completed, .fetching, .charged)),
    Row([.takenOver, .takenOverForGood], [.fetching], .becomes(.processing, .fetching, .charged)),
    Row([.takenOver, .takenOverForGood], [.refetching], .becomes(.completed, .fetching, .charged)),
    Row([.takenOver, .takenOverForGood], [.cancelledFetching], .becomes(.cancelled, .fetching, .charged)),
    // While it is searched for
    Row([.adopted], [.looking, .doubtful, .lookingAgain], .becomes(.processing, .polling, .unknown)),
    Row([.accepted], [.looking, .doubtful, .lookingAgain, .lost], .becomes(.processing, .polling, .unknown)),
    Row([.lookedInVain], [.looking], .becomes(.processing, .looking, .unknown)),
    Row([.lookedInVain], [.doubtful, .lookingAgain], .becomes(.unknown, .looking, .unknown)),
    Row([.lookedEnough], [.looking, .doubtful, .lookingAgain], .becomes(.unknown, .looking, .unknown)),
    Row([.takenOver, .takenOverForGood], [.looking], .becomes(.processing, .looking, .unknown)),
    Row(
      [.takenOver, .takenOverForGood], [.doubtful, .lookingAgain],
      .becomes(.unknown, .looking, .unknown)),
    Row([.lookedForGood], [.looking, .doubtful, .lookingAgain], .becomes(.unknown, nil, .unknown)),
    // The bill may come whenever it is over, and changes only the cost.
    Row([.billed], [.completed, .unsaved], .becomes(.completed, nil, .charged)),
    Row([.billed], [.refetching], .becomes(.completed, .fetching, .charged)),
    Row([.billed], [.cancelled], .becomes(.cancelled, nil, .unknown)),
    Row([.billed], [.deleting], .becomes(.cancelled, .settling, .unknown)),
    Row([.billed], [.cancelledFetching], .becomes(.cancelled, .fetching, .charged)),
    // When it has ended, or it is too late
    Row([.cancel, .cancelAndDelete], beyondCancel, .same),
    Row([.cancelUnsent], beyondCancel.filter { !unanswered.contains($0) }, .same),
    // An id is written in every state; what else follows depends on the state.
    Row([.accepted], [.polling], .becomes(.processing, .polling, .unknown)),
    Row([.accepted], [.fetching], .becomes(.processing, .fetching, .charged)),
    Row([.accepted], [.completed, .unsaved], .becomes(.completed, nil, .charged)),
    Row([.accepted], [.refetching], .becomes(.completed, .fetching, .charged)),
    Row([.accepted], [.failed], .becomes(.failed, nil, .unknown)),
    Row([.accepted], [.cancelled, .cancelledUnsent], .becomes(.cancelled, nil, .unknown)),
    Row([.accepted], [.deleting], .becomes(.cancelled, .settling, .unknown)),
    Row([.accepted], [.cancelledFetching], .becomes(.cancelled, .fetching, .charged)),
  ]

  static let now = Situation.sentAt + 60_000
  static let stranger = Writer(owner: "stranger", epoch: Situation.owner.epoch)
  static let givenUp = Writer(owner: Situation.owner.owner, epoch: Situation.owner.epoch - 1)
  static let writers: [Writer?] = [Situation.owner, stranger, givenUp, nil]

  @Test("no pair of event and situation is in two rows")
  func isAFunction() {
    var seen: Set<String> = []
    for row in Self.table {
      for event in row.events {
        for situation in row.from {
          let pair = "\(event) from \(situation)"
          #expect(seen.insert(pair).inserted, "\(pair) is in two rows")
        }
      }
    }
  }

  @Test("every pair of event and situation, by every writer", arguments: Event.allCases, Situation.allCases)
  func everyPair(event: Event, situation: Situation) throws {
    let before = situation.prediction
    let row = Self.table.first { $0.events.contains(event) && $0.from.contains(situation) }
    for writer in Self.writers {
      let result = attempt(before, event, by: writer)
      guard let row else {
        #expect(throws: TransitionError.self, "by \(name(writer))") { try result.get() }
        continue
      }
      guard row.fence == .anybody || writer == Situation.owner else {
        let fenced = TransitionError(status: before.status, phase: before.phase, reason: .notOwner)
        #expect(result == .failure(fenced), "by \(name(writer))")
        continue
      }
      let after = try result.get()
      switch row.outcome {
      case .same: #expect(after == before)
      case .becomes(let status, let phase, let billing):
        #expect(after.status == status)
        #expect(after.phase == phase)
        #expect(after.billing == billing)
      }
    }
  }

  @Test("invariants of every transition", arguments: Event.allCases, Situation.allCases)
  func laws(event: Event, situation: Situation) {
    let before = situation.prediction
    for writer in Self.writers {
      guard let after = try? attempt(before, event, by: writer).get() else { continue }
      #expect(before.status.mayBecome(after.status))
      if before.status.isTerminal, before.status != .unknown { #expect(after.status == before.status) }
      #expect(after.status.isTerminal == (after.finishedAt != nil))
      #expect(after.isLegal, "\(after.status) · \(String(describing: after.phase))")

      // A new revision shows clients a change, and engines which of two rows is newer.
      if shown(after) != shown(before) {
        #expect(after.revision == before.revision + 1)
      } else {
        #expect(after.revision - before.revision <= 1)
      }
      if after == before || unfenced(after) == unfenced(before) { #expect(after.revision == before.revision) }

      // Ownership: predictions without work have no owner, and the epoch only grows.
      if after.phase == nil || after.phase == .queued { #expect(after.owner == nil) }
      #expect(after.epoch >= before.epoch)
      if after.owner != nil, after.owner != before.owner { #expect(after.epoch > before.epoch) }

      // Money.
      #expect(after.phase != .sending || before.isUnsent || before.phase == .sending, "nothing leads back to sending")
      #expect(before.remoteID == nil || after.remoteID != nil, "an id is never lost")
      #expect(after.remoteID == nil || after.billing != .none, "what the provider has may cost")
      #expect(before.billing != .charged || after.billing == .charged)
      #expect(before.outputs.isEmpty || !after.outputs.isEmpty)
      if after.status == .completed { #expect(after.billing == .charged && !after.outputs.isEmpty) }
      if after.status == .unknown { #expect(after.billing == .unknown && after.failure?.kind == .submissionUnknown) }

      // Texts: `error` is the failure's message, and empty without a failure.
      #expect((after.failure == nil) == after.error.isEmpty)
      #expect((after.failure != nil) == (after.status.isTerminal && after.status != .completed || after.isUnsaved))
      if after.status == .completed, let failure = after.failure { #expect(failure.kind == .downloadFailed) }
      if after.status == .cancelled { #expect(after.failure?.kind == .cancelled) }

      // The request does not change.
      #expect(after.id == before.id && after.input == before.input && after.fingerprint == before.fingerprint)
      #expect(after.account == before.account && after.outputDirectory == before.outputDirectory)
    }
  }

  // MARK: - What the lines say besides status, phase and billing

  @Test("a claim takes a prediction once")
  func claim() throws {
    let it = try Situation.queued.prediction.applying(.claimed, by: Writer(owner: "me", epoch: 0), at: Self.now)
    #expect(it.owner == "me")
    #expect(it.epoch == 1)
    #expect(it.startedAt == Self.now)
    #expect(throws: TransitionError.self) { try it.applying(.claimed, by: Writer(owner: "me", epoch: 1), at: Self.now) }
  }

  @Test("the estimate is stored, and becomes the cost when it is finished")
  func price() throws {
    let me = Writer(owner: "me", epoch: 1)
    var it = try Situation.queued.prediction.applying(.priced(40_000), by: nil, at: Self.now)
    #expect(it.estimateMicros == 40_000)
    it = try it.applying(.claimed, by: me, at: Self.now)
    it = try it.applying(.accepted(remoteID: "r-1", clockSkew: nil), by: me, at: Self.now)
    #expect(it.costMicros == nil)
    #expect(try it.applying(Event.completed.event, by: me, at: Self.now).costMicros == 40_000)
    #expect(try it.applying(Event.refunded.event, by: me, at: Self.now).costMicros == 0)
  }

  @Test("after a search the writer counts as the acceptor; an adopted prediction was sent when the provider created it")
  func searched() throws {
    let it = Situation.awaiting.prediction
    let vouched = try it.applying(.notInHistory, by: Writer(owner: "me", epoch: 0), at: Self.now)
    #expect(vouched.acceptor == "me" && vouched.owner == nil)
    let match = HistoryMatch(remoteID: "r-2", createdAt: Self.now - 40_000, clockSkew: 1_000)
    let adopted = try it.applying(.adopted(match), by: Writer(owner: "me", epoch: 0), at: Self.now)
    #expect(adopted.owner == "me" && adopted.epoch == 1 && adopted.remoteID == "r-2")
    #expect(adopted.startedAt == Self.now - 41_000 && adopted.uploads == .done)
    let doubted = try it.applying(.foundSeveral(reason: "There are two."), by: nil, at: Self.now)
    #expect(doubted.failure?.kind == .interrupted && doubted.failure?.retryable == false)
    #expect(doubted.error == "There are two. It is not sent, because it may have been sent before.")
  }

  @Test(
    "what the sandbox draws costs nothing, whatever happens to it", arguments: Situation.allCases, Event.allCases)
  func free(situation: Situation, event: Event) {
    var it = situation.prediction
    it.provider = Prediction.freeProvider
    for writer in Self.writers {
      guard case .success(let after) = attempt(it, event, by: writer), after.revision > it.revision else { continue }
      #expect(after.billing == .none)
      #expect(!after.error.contains("bill it") && !after.error.contains("paid"))
    }
  }

  @Test(
    "an id is written in every state after the claim",
    arguments: Situation.allCases.filter { !$0.prediction.isUnsent })
  func idIsWritten(situation: Situation) throws {
    for writer in Self.writers {
      #expect(try attempt(situation.prediction, .accepted, by: writer).get().remoteID == "r-2")
    }
  }

  @Test("the bill is the cost, whatever comes later")
  func bill() throws {
    var it = Situation.completed.prediction
    it.estimateMicros = 50_000
    it.costMicros = 50_000
    #expect(it.cost == Cost(micros: 50_000, source: .quoted) && it.awaitsBill)
    let billed = try it.applying(.billed(30_000), by: nil, at: Self.now)
    #expect(billed.cost == Cost(micros: 30_000, source: .billed) && !billed.awaitsBill)
    #expect(billed.revision == it.revision + 1)
    #expect(try billed.applying(.billed(30_000), by: nil, at: Self.now) == billed)
    var cancelled = Situation.cancelled.prediction
    cancelled.estimateMicros = 50_000
    #expect(cancelled.cost == Cost(micros: 50_000, source: .estimated))
    cancelled = try cancelled.applying(.billed(30_000), by: nil, at: Self.now)
    let finished = try cancelled.applying(Event.completed.event, by: Situation.owner, at: Self.now)
    #expect(finished.cost == Cost(micros: 30_000, source: .billed))
    let refunded = try cancelled.applying(Event.refunded.event, by: Situation.owner, at: Self.now)
    #expect(refunded.cost == Cost(micros: 30_000, source: .billed))
    #expect(Situation.queued.prediction.cost == nil)
    #expect(Situation.cancelledUnsent.prediction.cost == Cost(micros: 0, source: .none))
    var free = Situation.queued.prediction
    free.provider = Prediction.freeProvider
    #expect(free.cost == Cost(micros: 0, source: .none))
  }

  @Test("a reply that could not be read is named, and goes on when it is read again")
  func unreadable() throws {
    for situation in [Situation.sending, .polling, .looking] {
      let kept = try attempt(.init(situation: situation), .unreadableForGood, by: Situation.owner).get()
      #expect(kept.unreadReply == "/replies/1" && kept.failure?.hint?.contains("/replies/1. imagewire reread") == true)
      let id = kept.remoteID ?? "r-2"
      let again = try kept.applying(.accepted(remoteID: id, clockSkew: nil), by: Self.stranger, at: Self.now)
      #expect(again.status == .processing && again.phase == .polling && again.owner == Self.stranger.owner)
      #expect(again.unreadReply == "/replies/1" && again.failure == nil)
      // The second of two.
      #expect(try again.applying(.accepted(remoteID: id, clockSkew: nil), by: Situation.owner, at: Self.now) == again)
    }
    let settled = try attempt(.init(situation: .settling), .unreadable, by: Situation.owner).get()
    #expect(settled.failure?.hint?.contains("/replies/1") == true && settled.needsNoReply)
    let looking = try attempt(.init(situation: .sending), .unreadable, by: Situation.owner).get()
    #expect(looking.failure == nil && !looking.needsNoReply)
    let lost = try looking.applying(Event.lookedForGood.event, by: Situation.owner, at: Self.now)
    #expect(
      lost.failure?.hint?.contains("/replies/1") == true && lost.failure?.hint?.contains("check the bill") == true)
  }

  @Test("the same reply twice changes nothing")
  func sameReplyTwice() throws {
    let it = Situation.polling.prediction
    #expect(try it.applying(.accepted(remoteID: "r-1", clockSkew: 5), by: nil, at: Self.now) == it)
  }

  @Test("a takeover makes the writer the owner, and rejects the former one")
  func takeover() throws {
    for situation in [
      Situation.polling, .looking, .fetching, .refetching, .cancelledFetching, .deleting, .lookingAgain,
    ] {
      let taken = try situation.prediction.applying(
        .takenOver(canLook: true), by: Writer(owner: "taker", epoch: 3), at: Self.now)
      #expect(taken.owner == "taker", "\(situation)")
      #expect(taken.epoch == 4, "\(situation)")
    }
    let taken = try Situation.fetching.prediction.applying(
      .takenOver(canLook: true), by: Writer(owner: "taker", epoch: 3), at: Self.now)
    #expect(throws: TransitionError.self) { try taken.applying(.saved([.sample]), by: Situation.owner, at: Self.now) }
    let saved = try taken.applying(.saved([.sample]), by: Writer(owner: "taker", epoch: 4), at: Self.now)
    #expect(saved.status == .completed)
  }

  @Test("a preview stays while its process works on the prediction, and no longer", arguments: Event.allCases)
  func preview(event: Event) throws {
    for situation in [Situation.sending, .polling, .looking, .fetching] {
      let shown = try attempt(situation.prediction, .previewed, by: Situation.owner).get()
      #expect(shown.preview == .sample)
      #expect(shown.revision == situation.prediction.revision + 1)
      guard let after = try? attempt(shown, event, by: Situation.owner).get() else { continue }
      #expect((after.preview != nil) == (after.status == .processing && after.epoch == shown.epoch))
      if after.preview == nil { #expect(after.revision == shown.revision + 1) }
    }
  }

  @Test("the first search is due two seconds later")
  func firstLook() throws {
    for event in [Event.ambiguous, .takenOver] {
      let it = try attempt(.init(situation: .sending), event, by: Situation.owner).get()
      #expect(it.nextAt == Self.now + 2_000)
      #expect(it.tries == 0)
      #expect(it.failure == nil)
    }
  }

  @Test("a cancellation after the POST says that it may still be billed, and names the remote id")
  func cancelIsHonest() throws {
    let sending = try attempt(.init(situation: .sending), .cancel, by: Self.stranger).get()
    #expect(sending.owner == Situation.owner.owner, "the owner stays, to learn the id")
    #expect(sending.epoch == Situation.owner.epoch)
    #expect(sending.error.contains("may finish and bill"))
    let polling = try attempt(.init(situation: .polling), .cancel, by: nil).get()
    #expect(polling.error.contains("may still finish and bill") && polling.error.contains("r-1"))
    for situation in [Situation.queued, .sending, .settling] {
      let unsent = try attempt(.init(situation: situation), .cancelUnsent, by: Situation.owner).get()
      #expect(unsent.error.contains("Nothing was spent"))
    }
    // Not once it is known that it was not sent.
    for event in [Event.unsent, .interrupted] {
      let settled = try attempt(.init(situation: .settling), event, by: Situation.owner).get()
      #expect(settled.error.contains("Nothing was spent") && settled.failure?.kind == .cancelled)
    }
  }

  @Test("outputs are stored, under short names where they are bytes")
  func outputs() throws {
    let it = try attempt(.init(situation: .polling), .completed, by: Situation.owner).get()
    #expect(it.outputs == ["https://cdn.example/a.png", "inline:2"])
    #expect(it.hasNSFWContents == [false, true])
    #expect(it.inferenceMilliseconds == 1_234)
    #expect(it.finishedAt == nil)
  }

  @Test("the images of a cancelled prediction are fetched under a new epoch by the process that learned of them")
  func cancelledButFinished() throws {
    for writer in [Situation.owner, Self.stranger, Self.givenUp] {
      let it = try attempt(.init(situation: .cancelled), .completed, by: writer).get()
      #expect(it.owner == writer.owner)
      #expect(it.epoch == Situation.owner.epoch + 1)
      let saved = try it.applying(.saved([.sample]), by: Writer(owner: writer.owner, epoch: it.epoch), at: Self.now)
      #expect(saved.files == [.sample])
      #expect(saved.error == it.error)
    }
  }

  @Test("the hint says how the provider answered the deletion")
  func deletion() throws {
    let deleted = try attempt(.init(situation: .deleting), .deleted, by: Situation.owner).get()
    #expect(deleted.failure?.hint?.contains("did") == true)
    let refused = try attempt(.init(situation: .deleting), .notDeleted, by: Situation.owner).get()
    #expect(refused.failure?.hint?.contains("403") == true)
  }

  @Test("short names of outputs become file URLs; URLs stay")
  func savedOutputs() throws {
    var it = Situation.fetching.prediction
    it.outputs = ["https://cdn.example/1.png", "sandbox:2", "inline:3"]
    let files = (1...3).map {
      OutputFile(
        path: "/o ut/é%?#.png", mediaType: "image/png", bytes: 1, sha256: "", width: nil, height: nil, index: $0)
    }
    let saved = try it.applying(.saved(files), by: Situation.owner, at: Self.now)
    let url = "file:///o%20ut/%C3%A9%25%3F%23.png"
    #expect(saved.outputs == ["https://cdn.example/1.png", url, url])
    #expect(saved.files.count == 3)
    #expect(saved.finishedAt == Self.now)
  }

  @Test("each output stands for itself: what is saved stays, and what is missing is named and tried again")
  func someOutputs() throws {
    func file(_ index: Int) -> OutputFile {
      OutputFile(
        path: "/out/\(index).png", mediaType: "image/png", bytes: 1, sha256: "", width: nil, height: nil, index: index)
    }
    var it = Situation.fetching.prediction
    it.outputs = ["https://cdn.example/1.png", "inline:2", "inline:3"]
    it = try it.applying(.saved([file(2)]), by: Situation.owner, at: Self.now)
    #expect(it.status == .processing && it.phase == .fetching && it.missingOutputs == [1, 3])
    #expect(it.revision == Situation.fetching.prediction.revision, "clients see nothing yet")
    it = try it.applying(.downloadGivenUp(reason: "reset"), by: Situation.owner, at: Self.now)
    #expect(it.status == .completed && it.files.map(\.index) == [2])
    #expect(it.failure?.missing == [1, 3] && it.failure?.isFinal == false)
    #expect(it.error == "It is finished and paid for, but 2 of its 3 files could not be saved. reset.")
    #expect(it.outputs == ["https://cdn.example/1.png", "file:///out/2.png", "inline:3"])
    it = try it.applying(.downloadAgain, by: Situation.owner, at: Self.now)
    let writer = Writer(owner: Situation.owner.owner, epoch: it.epoch)
    it = try it.applying(.saved([file(1)]), by: writer, at: Self.now)
    #expect(it.status == .completed && it.phase == .fetching && it.files.map(\.index) == [1, 2])
    // A commit that is tried again adds nothing.
    it = try it.applying(.saved([file(1), file(3)]), by: writer, at: Self.now)
    #expect(it.phase == nil && it.failure == nil && it.files == [file(1), file(2), file(3)])
    #expect(it.outputs == ["https://cdn.example/1.png", "file:///out/2.png", "file:///out/3.png"])
  }

  @Test("what came of a missing output is kept until the output is whole")
  func partialFiles() throws {
    func part(_ index: Int, _ bytes: Int64) -> PartialFile {
      PartialFile(index: index, path: "/out/\(index)-\(bytes).png.partial", bytes: bytes, sha256: "")
    }
    var it = Situation.fetching.prediction
    it.outputs = ["https://cdn.example/1.png", "https://cdn.example/2.png"]
    it = try it.applying(
      .downloadGivenUp(reason: "reset", partial: [part(1, 10), part(2, 10)]), by: Situation.owner, at: Self.now)
    #expect(it.failure?.partial == [part(1, 10), part(2, 10)])
    #expect(it.failure?.hint?.hasSuffix("What came of it is kept in 1-10.png.partial and 1 other file.") == true)
    it = try it.applying(.downloadAgain, by: Situation.owner, at: Self.now)
    var writer = Writer(owner: Situation.owner.owner, epoch: it.epoch)
    it = try it.applying(.downloadGivenUp(reason: "reset", partial: [part(2, 20)]), by: writer, at: Self.now)
    #expect(it.failure?.partial == [part(1, 10), part(2, 20)])
    it = try it.applying(.downloadAgain, by: Situation.owner, at: Self.now)
    writer.epoch = it.epoch
    var file = OutputFile.sample
    file.index = 1
    it = try it.applying(.saved([file]), by: writer, at: Self.now)
    #expect(it.failure?.partial == [part(2, 20)])
    file.index = 2
    it = try it.applying(.saved([file]), by: writer, at: Self.now)
    #expect(it.failure == nil)
  }

  @Test("what the provider no longer has is not tried again")
  func goneOutputs() throws {
    let it = try Situation.fetching.prediction.applying(
      .downloadGivenUp(reason: "404", isFinal: true), by: Situation.owner, at: Self.now)
    #expect(it.failure?.isFinal == true && it.failure?.hint?.contains("no longer has it") == true)
    #expect(throws: TransitionError.self) { try it.applying(.downloadAgain, by: Situation.owner, at: Self.now) }
  }

  @Test("a download that was given up keeps its links, is paid for, and is tried again")
  func downloadAgain() throws {
    var it = try attempt(.init(situation: .fetching), .givenUp, by: Situation.owner).get()
    #expect(it.outputs == ["https://cdn.example/1.png"])
    #expect(it.failure?.kind == .downloadFailed)
    #expect(it.failure?.message.contains("The disk is full.") == true)
    let finishedAt = it.finishedAt
    it = try it.applying(.downloadAgain, by: Writer(owner: "other", epoch: 0), at: Self.now + 1)
    #expect(it.owner == "other")
    #expect(it.epoch == Situation.owner.epoch + 1)
    it = try it.applying(.saved([.sample]), by: Writer(owner: "other", epoch: it.epoch), at: Self.now + 2)
    #expect(it.failure == nil)
    #expect(it.error == "")
    #expect(it.finishedAt == finishedAt)
  }

  @Test("an unknown prediction that is found is in progress again, and has an owner")
  func reopened() throws {
    for situation in [Situation.looking, .doubtful, .lookingAgain, .lost] {
      for event in [Event.adopted, .accepted] where situation != .lost || event == .accepted {
        let it = try attempt(.init(situation: situation), event, by: Situation.owner).get()
        #expect(it.owner == Situation.owner.owner, "\(event) from \(situation)")
        #expect(it.failure == nil && it.error == "" && it.finishedAt == nil)
        #expect(it.remoteID == "r-2")
      }
    }
  }

  @Test("searches are counted; the last one says to check the bill")
  func looks() throws {
    let once = try attempt(.init(situation: .looking), .lookedInVain, by: Situation.owner).get()
    #expect(once.tries == 1)
    #expect(once.nextAt == Situation.sentAt + 9_000)
    let enough = try attempt(.init(situation: .looking), .lookedEnough, by: Situation.owner).get()
    #expect(enough.owner == nil)
    #expect(enough.nextAt == Situation.sentAt + 90_000)
    #expect(enough.failure?.hint?.isEmpty == false)
    let lost = try attempt(.init(situation: .doubtful), .lookedForGood, by: Situation.owner).get()
    #expect(lost.nextAt == nil)
    #expect(lost.failure?.hint?.contains("bill") == true)
  }

  @Test("a prediction whose adopted id was another's is unknown again; one that has ended only loses the id")
  func displaced() {
    var polling = Situation.polling.prediction
    polling.outputs = ["https://cdn.example/1.png"]
    let doubtful = polling.displaced(at: Self.now)
    #expect(doubtful.status == .unknown)
    #expect(doubtful.phase == .looking)
    #expect(doubtful.billing == .unknown)
    #expect(doubtful.outputs.isEmpty)
    #expect(doubtful.remoteID == nil)
    #expect(doubtful.revision == polling.revision + 1)
    #expect(doubtful.failure?.kind == .submissionUnknown)
    let over = Situation.completed.prediction.displaced(at: Self.now)
    #expect(over.status == .completed)
    #expect(over.files == [.sample])
    #expect(over.remoteID == nil)
  }

  @Test("every POST's record is closed by exactly the events that tell its outcome", arguments: Event.allCases)
  func sends(event: Event) {
    let change = event.event.sendChange
    switch event {
    case .claimed: #expect(change == .opened)
    case .unsent, .interrupted, .cancelUnsent, .withdrawnUnsent: #expect(change == .unsent)
    case .refused: #expect(change == .refused)
    case .accepted: #expect(change == .accepted(remoteID: "r-2", clockSkew: 12))
    case .adopted:
      #expect(change == .adopted(HistoryMatch(remoteID: "r-2", createdAt: Situation.sentAt, clockSkew: 0)))
    case .ambiguous, .ambiguousForGood, .unreadable, .unreadableForGood: #expect(change == .leftOpen)
    case .foundSeveral: #expect(change == .doubted)
    default: #expect(change == nil)
    }
  }

  // MARK: - Pieces

  private func attempt(
    _ prediction: Prediction, _ event: Event, by writer: Writer?
  ) -> Result<Prediction, TransitionError> {
    Result { () throws(TransitionError) in try prediction.applying(event.event, by: writer, at: Self.now) }
  }

  private func name(_ writer: Writer?) -> String { writer.map { "\($0.owner), epoch \($0.epoch)" } ?? "nobody" }

  /// The fields that clients can see.
  private func shown(_ prediction: Prediction) -> Prediction {
    var shown = unfenced(prediction)
    shown.phase = nil
    if !shown.status.isTerminal {
      (shown.outputs, shown.hasNSFWContents, shown.inferenceMilliseconds) = ([], [], nil)
    }
    return shown
  }

  /// Without the owner and the time of the next search.
  private func unfenced(_ prediction: Prediction) -> Prediction {
    var bare = prediction
    (bare.owner, bare.epoch, bare.revision, bare.nextAt, bare.tries) = (nil, 0, 0, nil, 0)
    bare.acceptor = nil
    (bare.deleteRemote, bare.costMicros, bare.estimateMicros) = (false, nil, nil)
    return bare
  }
}

extension Prediction {
  fileprivate init(situation: Situation) { self = situation.prediction }

  /// Whether status and phase go together.
  fileprivate var isLegal: Bool {
    switch status {
    case .created: (phase == .queued) != (references == .awaited)
    case .processing: [.sending, .polling, .looking, .fetching].contains(phase)
    case .completed: [nil, .fetching].contains(phase)
    case .failed: phase == nil
    case .cancelled: [nil, .settling, .fetching].contains(phase)
    case .unknown: [nil, .looking].contains(phase)
    }
  }

  /// Completed, and its files are not saved.
  fileprivate var isUnsaved: Bool { status == .completed && failure?.kind == .downloadFailed }
}
