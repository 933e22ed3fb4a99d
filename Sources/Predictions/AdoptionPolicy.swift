/// Decides whether a prediction may take over what was found for it in its provider's history;
/// Sources/Predictions/README.md, "Money rules", 7.
///
/// A value of facts, which a store reads inside the transaction that adopts.
public struct AdoptionPolicy: Sendable, Equatable {
  /// Another POST of the account whose outcome is not known; its prediction may have been deleted.
  public struct OtherSend: Sendable, Equatable {
    /// `nil` where it was not recorded, as before table version 6.
    public var model: String?
    /// `nil` where it was not recorded.
    public var likeness: Likeness?
    /// When it was sent.
    public var time: SendTime

    /// A POST.
    public init(model: String?, likeness: Likeness?, time: SendTime) {
      self.model = model
      self.likeness = likeness
      self.time = time
    }
  }

  /// The time of the decision.
  public var now: Moment
  /// The present boot; see `TimeSource.boot`.
  public var boot: String?
  /// Whether the outcome of the prediction's own POST is not known.
  public var isSendOpen: Bool
  /// Whether another prediction of the account has the id, or had it when it was deleted.
  public var isTaken: Bool
  /// The account's other POSTs whose outcome is not known.
  public var others: [OtherSend]
  /// The account's other queued predictions of the model whose accepting processes have exited; needed only where
  /// `readsQueue` says so.
  public var queued: [Likeness?]

  /// Facts.
  public init(
    now: Moment, boot: String?, isSendOpen: Bool, isTaken: Bool, others: [OtherSend] = [], queued: [Likeness?] = []
  ) {
    self.now = now
    self.boot = boot
    self.isSendOpen = isSendOpen
    self.isTaken = isTaken
    self.others = others
    self.queued = queued
  }

  /// Whether `queued` matters: a match for a queued prediction was sent from a later state of the database, and may as
  /// well have been made for another one in the queue.
  public static func readsQueue(for prediction: Prediction) -> Bool { prediction.isUnsent }

  /// When a queued prediction is taken to have been sent for which a match was found, by our clock: about when the
  /// provider created the match.
  public static func assumedSend(of match: HistoryMatch, at now: Int64) -> Int64 {
    min(now, match.createdAt - match.clockSkew)
  }

  /// Whether the prediction may have the match.
  public func allows(_ match: HistoryMatch, for prediction: Prediction) -> Bool {
    guard isSendOpen, !isTaken else { return false }
    let ours = prediction.likeness
    let open = others.map { other in
      TwinGate.OpenSend(
        model: other.model, likeness: other.likeness,
        window: other.time.providerWindow(
          at: now, boot: boot, presentSkew: match.clockSkew, within: match.window))
    }
    if TwinGate.holdsBack(match, model: prediction.model, ours: ours, others: open) { return false }
    return !(Self.readsQueue(for: prediction) && TwinGate.isDisputed(match, ours: ours, queued: queued))
  }
}
