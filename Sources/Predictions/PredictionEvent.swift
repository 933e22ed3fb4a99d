/// An event in the life of a prediction, as far as its row is concerned; Sources/Predictions/README.md, "Transitions",
/// says what each does in each state.
public enum PredictionEvent: Sendable, Equatable {
  /// A process took it to send it; the POST may follow, once.
  case claimed
  /// The provider said what it would cost, in millionths of a dollar.
  case priced(Int64)
  /// It would cost more than allowed, or nobody could say what it costs.
  case overBudget(BudgetRefusal)
  /// Its price could not be asked for a reason that no higher limit cures. Nothing was sent.
  case priceRefused(PredictionFailure)
  /// Nobody named its model, and the provider does not have the default one any more. Nothing was sent.
  case modelMissing(PredictionFailure)
  /// A file that it names could not be uploaded. Nothing was sent.
  case uploadFailed(PredictionFailure, pause: Int64?)
  /// The caller wants it stopped. `sendable` is `false` where the writer has just made sure, on the thread that sends,
  /// that not one byte was or will be written.
  case cancelAsked(deleteRemote: Bool, sendable: Bool)
  /// The call that ordered it was cancelled before it was answered. Ends only what is not sent; `sendable` as above.
  case withdrawn(sendable: Bool)
  /// It was found queued for too long, or was too late to be sent when its turn came. Nothing was sent.
  case interrupted
  /// The process that accepted it has exited, and the provider's history does not have it: it was not sent.
  case notInHistory
  /// The process that accepted it has exited, and the provider's history has something that could be it, or another's.
  case foundSeveral(reason: String)
  /// Nothing was sent.
  case unsent(reason: String)
  /// The provider said no.
  case refused(PredictionFailure, pause: Int64?)
  /// The provider took it.
  case accepted(remoteID: String, clockSkew: Int64?)
  /// A partial image came, and is a file now.
  case previewed(Preview)
  /// The POST's outcome is not known. `canLook`: the provider has a history to search.
  case ambiguous(reason: String, canLook: Bool)
  /// Its owner is gone; the writer takes over.
  case takenOver(canLook: Bool)
  /// The provider finished, one way or the other.
  case finished(RemoteResult)
  /// Its outputs are saved.
  case saved([OutputFile])
  /// Its outputs could not be saved, for now.
  case downloadGivenUp(reason: String)
  /// The provider gave fresh links.
  case relinked([String])
  /// Somebody asked for the result of one whose download was given up: again.
  case downloadAgain
  /// The history had exactly one match. For one that is queued: it was sent from a later state of the table.
  case adopted(HistoryMatch)
  /// The history was searched in vain; the next look is due at `next` (wall clock), or never. `isSettled`: these were
  /// the looks that follow a lost reply, and from now on it only is looked for when somebody asks.
  case lookedInVain(reason: String, next: Int64?, isSettled: Bool)
  /// The provider answered the request to delete.
  case deletionAnswered(DeletionOutcome)
}

/// What an event does to the record of the one POST (`sends`), which outlives the prediction.
public enum SendChange: Sendable, Equatable {
  /// It may be sent from now on. A second one for a prediction is a constraint error: "at most once" is a primary key.
  case opened
  /// Nothing was sent.
  case unsent
  /// The provider refused.
  case refused
  /// The provider gave this id.
  case accepted(remoteID: String, clockSkew: Int64?)
  /// The history had this id, and no other prediction does.
  case adopted(HistoryMatch)
  /// From now on no reply is hoped for; the outcome stays open.
  case leftOpen
  /// It may have been sent at any time since its acceptance, from a later state of the table; the outcome stays open.
  case doubted
}

extension PredictionEvent {
  /// What this does to the record of the POST, whatever the prediction's status: an id is never lost to a fence.
  public var sendChange: SendChange? {
    switch self {
    case .claimed: .opened
    case .unsent, .interrupted: .unsent
    case .refused: .refused
    case .accepted(let remoteID, let clockSkew): .accepted(remoteID: remoteID, clockSkew: clockSkew)
    case .adopted(let match): .adopted(match)
    case .ambiguous: .leftOpen
    case .cancelAsked(_, sendable: false), .withdrawn(sendable: false): .unsent
    case .foundSeveral: .doubted
    case .notInHistory, .priced, .overBudget, .priceRefused, .modelMissing, .uploadFailed, .previewed, .cancelAsked,
      .withdrawn, .takenOver,
      .finished, .saved,
      .downloadGivenUp,
      .relinked, .downloadAgain, .lookedInVain, .deletionAnswered:
      nil
    }
  }
}

/// A change the lifecycle does not allow; whoever tried it lost a race and reads the row again.
public struct TransitionError: Error, Sendable, Equatable {
  /// Where the prediction stood.
  public var status: PredictionStatus
  /// What was left to do.
  public var phase: PredictionPhase?
  /// Why not.
  public var reason: Reason

  /// A refusal; also for what only the table can refuse, as a second owner of one remote id.
  public init(status: PredictionStatus, phase: PredictionPhase?, reason: Reason) {
    self.status = status
    self.phase = phase
    self.reason = reason
  }

  /// Why a change is not allowed.
  public enum Reason: Sendable, Equatable {
    /// No line of the table leads from there with this event.
    case noSuchTransition
    /// The writer is not the owner, or was given up.
    case notOwner
  }
}
