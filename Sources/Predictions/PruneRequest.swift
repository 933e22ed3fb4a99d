/// Which predictions are old enough to be deleted.
public struct PruneRequest: Sendable, Equatable {
  /// Those that were accepted before this, in milliseconds since 1970.
  public var acceptedBefore: Int64
  /// Those with one of these tags are kept.
  public var keptTags: [String]
  /// Only those accepted after this one, with which the batch before ended.
  public var after: PredictionID?

  /// A request for the first batch.
  public init(acceptedBefore: Int64, keptTags: [String] = []) {
    self.acceptedBefore = acceptedBefore
    self.keptTags = keptTags
  }
}

/// Old predictions that were deleted in one transaction.
public struct PruneBatch: Sendable, Equatable {
  /// Their last state, oldest first.
  public var deleted: [Prediction]
  /// Where the next batch begins; `nil` where there is nothing more.
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
  /// Whether it may be deleted for no other reason than its age. Never where something is left to do for it, where nobody
  /// knows whether it was charged (`unknown`), or where outputs that exist were never saved.
  public var mayBePruned: Bool {
    guard phase == nil, failure?.kind != .downloadFailed else { return false }
    return switch status {
    case .completed: !files.isEmpty
    case .failed, .cancelled: true
    case .created, .processing, .unknown: false
    }
  }
}
