/// An event that may change the row of a prediction; Sources/Predictions/README.md, "Transitions", says what each does
/// in each state.
public enum PredictionEvent: Sendable, Equatable {
  /// A process has claimed it; the POST may follow, once.
  case claimed
  /// The provider quoted a price, in millionths of a dollar.
  case priced(Int64)
  /// It would cost more than allowed, or its price must be known and is not.
  case overBudget(BudgetRefusal)
  /// The provider refused to quote its price, so that a higher limit would not help. Nothing was sent.
  case priceRefused(PredictionFailure)
  /// Its request named no model, and the provider does not list the default model any more. Nothing was sent.
  case modelMissing(PredictionFailure)
  /// A file that it names could not be uploaded. Nothing was sent.
  case uploadFailed(PredictionFailure, pause: Int64?)
  /// A prediction whose output its input names cannot give it. Nothing was sent.
  case targetFailed(PredictionFailure)
  /// The caller cancels it. `sendable` is `false` where the writer has revoked its POST before the first byte.
  case cancelAsked(deleteRemote: Bool, sendable: Bool)
  /// The call that requested it was cancelled before it was answered. Ends it only if it is not sent; `sendable` as
  /// above.
  case withdrawn(sendable: Bool)
  /// It was queued for too long, or its claim was too old to be sent. Nothing was sent.
  case interrupted
  /// The process that accepted it has exited, and the provider's history does not have it: it was not sent.
  case notInHistory
  /// The process that accepted it has exited, and the provider's history has items that may be its or another's.
  case foundSeveral(reason: String)
  /// Nothing was sent.
  case unsent(reason: String)
  /// The provider refused it.
  case refused(PredictionFailure, pause: Int64?)
  /// The provider accepted it.
  case accepted(remoteID: String, clockSkew: Int64?)
  /// A partial image was stored as a file.
  case previewed(Preview)
  /// The outcome of the POST is unknown. `canLook`: the provider has a history to search.
  case ambiguous(reason: String, canLook: Bool)
  /// The reply to the POST is not understood, and is kept at this path. `canLook`: the provider has a history of its
  /// own to search.
  case unreadable(reason: String, reply: String, canLook: Bool)
  /// Its owner has exited; the writer takes over.
  case takenOver(canLook: Bool)
  /// The provider finished it, with outputs or a failure. `took`: how long, where that tells something about later ones; it is
  /// stored in the same commit.
  case finished(RemoteResult, took: JobDuration? = nil)
  /// These outputs are saved; it is over once all are.
  case saved([OutputFile])
  /// The other outputs could not be saved; `partial` is what came of them. A client may try again, unless `isFinal`: the
  /// provider no longer has them.
  case downloadGivenUp(reason: String, isFinal: Bool = false, partial: [PartialFile] = [])
  /// The provider gave fresh links.
  case relinked([String])
  /// A client asked for its result after the download was given up: the download runs again.
  case downloadAgain
  /// The history had exactly one match. For a queued prediction: it was sent from a later state of the database.
  case adopted(HistoryMatch)
  /// A search of the history found nothing; the next one is due at `next` (wall clock), never if `nil`. `isSettled`:
  /// this was the last of the searches after a lost reply, and from now on it is searched for only when a client asks.
  case lookedInVain(reason: String, next: Int64?, isSettled: Bool)
  /// The provider's bill has it, with this net amount in millionths of a dollar.
  case billed(Int64)
  /// The provider answered the request to delete.
  case deletionAnswered(DeletionOutcome)
}

/// The change that an event makes to the record of the POST (`sends`), which outlives the prediction.
public enum SendChange: Sendable, Equatable {
  /// The POST may be sent from now on. A second record for a prediction violates the primary key: at most one POST.
  case opened
  /// Nothing was sent.
  case unsent
  /// The provider refused.
  case refused
  /// The provider gave this id.
  case accepted(remoteID: String, clockSkew: Int64?)
  /// The history had this id, and no other prediction has it.
  case adopted(HistoryMatch)
  /// No reply is expected any more; the outcome stays open.
  case leftOpen
  /// It may have been sent at any time since its acceptance, from a later state of the database; the outcome stays
  /// open.
  case doubted
}

extension PredictionEvent {
  /// The change to the record of the POST, whatever the prediction's status and owner: an id is always recorded.
  public var sendChange: SendChange? {
    switch self {
    case .claimed: .opened
    case .unsent, .interrupted: .unsent
    case .refused: .refused
    case .accepted(let remoteID, let clockSkew): .accepted(remoteID: remoteID, clockSkew: clockSkew)
    case .adopted(let match): .adopted(match)
    case .ambiguous, .unreadable: .leftOpen
    case .cancelAsked(_, sendable: false), .withdrawn(sendable: false): .unsent
    case .foundSeveral: .doubted
    case .notInHistory, .priced, .overBudget, .priceRefused, .modelMissing, .uploadFailed, .targetFailed, .previewed,
      .cancelAsked,
      .withdrawn, .takenOver,
      .finished, .saved,
      .downloadGivenUp,
      .relinked, .downloadAgain, .lookedInVain, .billed, .deletionAnswered:
      nil
    }
  }
}

extension PredictionEvent {
  /// Whether it only tells what was billed, so that losing it loses no money.
  var isBill: Bool { if case .billed = self { true } else { false } }

  /// How long the job took, to be stored with this event.
  public var took: JobDuration? { if case .finished(_, let took) = self { took } else { nil } }

  /// The pause of the account that this begins; `nil` where it begins none.
  public var pause: (length: Int64, reason: PredictionFailure.Kind)? {
    switch self {
    case .refused(let failure, let length?), .uploadFailed(let failure, let length?): (length, failure.kind)
    default: nil
    }
  }
}

extension Prediction {
  /// What an event that is applied to this prediction does to the record of its POST. A cancellation proves that nothing
  /// was sent only while the reply to the POST is not known.
  public func sendChange(by event: PredictionEvent) -> SendChange? {
    switch event {
    case .cancelAsked, .withdrawn:
      phase == .sending || phase == .settling && remoteID == nil ? event.sendChange : nil
    case .unreadable: mayReceiveReply && remoteID == nil ? event.sendChange : nil
    default: event.sendChange
    }
  }
}

/// A change that the lifecycle does not allow. The writer has lost a race, and reads the row again.
public struct TransitionError: Error, Sendable, Equatable {
  /// The status of the prediction.
  public var status: PredictionStatus
  /// The phase of the prediction.
  public var phase: PredictionPhase?
  /// Why the change is not allowed.
  public var reason: Reason

  /// A refusal; also for a change that only the store can refuse, as a second prediction with one remote id.
  public init(status: PredictionStatus, phase: PredictionPhase?, reason: Reason) {
    self.status = status
    self.phase = phase
    self.reason = reason
  }

  /// Why a change is not allowed.
  public enum Reason: Sendable, Equatable {
    /// The table of transitions has none for this event in this state.
    case noSuchTransition
    /// The writer is not the owner, or another process has taken over since.
    case notOwner
  }
}
