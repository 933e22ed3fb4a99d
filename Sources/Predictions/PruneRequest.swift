/// A request to delete old predictions.
public struct PruneRequest: Sendable, Equatable {
  /// Selects predictions accepted before this moment, in milliseconds since 1970.
  public var acceptedBefore: Int64
  /// Predictions with one of these tags are kept.
  public var keptTags: [String]
  /// The last prediction of the batch before; only later ones are selected.
  public var after: PredictionID?

  /// A request for the first batch.
  public init(acceptedBefore: Int64, keptTags: [String] = []) {
    self.acceptedBefore = acceptedBefore
    self.keptTags = keptTags
  }
}

/// Predictions that were deleted in one transaction.
public struct PruneBatch: Sendable, Equatable {
  /// Their last state, oldest first.
  public var deleted: [Prediction]
  /// The last prediction that was examined; `nil` where there are no more.
  public var last: PredictionID?
  /// As in `DeleteOutcome`.
  public var scrubbed: Bool

  /// A batch.
  public init(deleted: [Prediction], last: PredictionID?, scrubbed: Bool) {
    self.deleted = deleted
    self.last = last
    self.scrubbed = scrubbed
  }
}

extension Prediction {
  /// Whether it may be deleted at all: nothing is left to do for it but searches of the history.
  public var mayBeDeleted: Bool { status.isTerminal && phase == nil || status == .unknown && phase == .looking }

  /// Whether it may be deleted because of its age alone: not while work remains, where it may have been charged
  /// (`unknown`), or where finished outputs were not saved.
  public var mayBePruned: Bool {
    guard phase == nil, failure?.kind != .downloadFailed else { return false }
    return switch status {
    case .completed: !files.isEmpty
    case .failed, .cancelled: true
    case .created, .processing, .unknown: false
    }
  }
}
