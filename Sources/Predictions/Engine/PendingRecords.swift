/// Events whose commit is in progress, and events whose commit failed because of the disk and is tried again. A pure struct.
struct PendingRecords: Sendable {
  /// An event to commit.
  struct Record: Sendable {
    var id: PredictionID
    var event: PredictionEvent
    var writer: Writer?
  }

  private var failed: [Record] = []
  private var underWay = 0
  /// How many retries in a row have failed.
  private var failures = 0
  /// Predictions whose failed commit is in the log already.
  private var reported: Set<PredictionID> = []
  /// When the failed ones are tried again, on the steady clock in milliseconds; `nil` while there are none.
  private(set) var retryAt: Int64?

  /// Whether a commit is in progress.
  var isWriting: Bool { underWay > 0 }

  /// Whether no commit waits for a retry.
  var isEmpty: Bool { failed.isEmpty }

  /// Begins a commit.
  mutating func begin() { underWay += 1 }

  /// Ends commits, or hands them over: each retry is begun again by itself.
  mutating func end(_ count: Int = 1) {
    underWay -= count
    assert(underWay >= 0, "a commit ended twice")
  }

  /// Notes that the disk works.
  mutating func succeed() {
    failures = 0
    reported = []
  }

  /// Adds a record whose commit failed. The pause before the next try grows from one second to half a minute.
  ///
  /// - Returns: whether this is the first failure of its prediction, to be reported.
  mutating func add(_ record: Record, now: Int64) -> Bool {
    failed.append(record)
    if retryAt == nil {
      retryAt = now + min(30_000, 1_000 << Int64(min(failures, 5)))
      failures += 1
    }
    return reported.insert(record.id).inserted
  }

  /// Takes out the failed records once their time has come. They count as in progress until `end`, so that an observer
  /// finds each of them in one place or the other.
  mutating func takeDue(_ now: Int64) -> [Record] {
    guard let at = retryAt, at <= now else { return [] }
    defer { failed = [] }
    retryAt = nil
    underWay += failed.count
    return failed
  }
}
