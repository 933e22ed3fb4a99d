/// Tasks that repeat while there is work: reading what other processes changed, recovery, the sign of life, retention.
/// A pure struct; all moments are milliseconds on the steady clock.
struct PeriodicTasks: Sendable {
  /// One task that is due.
  enum Kind: Sendable, CaseIterable {
    /// Read what other processes have changed of predictions that this one works on, or that a client waits for.
    case watch
    /// Take over the work of processes that have exited.
    case recover
    /// Show other processes that this one makes progress.
    case touch
  }

  private(set) var watchAt: Int64?
  private(set) var recoverAt: Int64?
  private(set) var touchAt: Int64?
  private var touchedAt: Int64?
  /// Whether a client may wait for a prediction that another process works on: then changes are read more often.
  var hasForeignWaiters = false
  /// `nil` where predictions are kept for any time.
  private var retention: Retention?
  private var isEnding = false

  init(retention: Retention? = nil) {
    self.retention = retention
  }

  /// The earliest moment of all.
  var next: Int64? { [watchAt, recoverAt, touchAt, retention?.dueAt].compactMap { $0 }.min() }

  /// Sets the moments that the work at hand asks for; a moment that is set already is never moved to a later one.
  mutating func plan(_ now: Int64, hasWork: Bool, hasQueue: Bool) {
    guard hasWork || hasQueue || hasForeignWaiters else {
      (watchAt, recoverAt, touchAt) = (nil, nil, nil)
      return
    }
    watchAt = min(watchAt ?? .max, now + (hasForeignWaiters ? 100 : 500))
    recoverAt = min(recoverAt ?? .max, now + (hasForeignWaiters ? 2_000 : 30_000))
    // At once where work begins: after an idle hour the last sign of life is an hour old, and others would think that
    // this process has stalled.
    touchAt = hasWork ? touchAt ?? max(now, touchedAt.map { $0 + 10_000 } ?? now) : nil
    // A process that ends takes nothing over. It finds what others did to its predictions in the rows that it writes;
    // hundreds of processes that wait to write would otherwise spend their time on reading each other's changes.
    if isEnding { (watchAt, recoverAt) = (nil, nil) }
  }

  /// Asks for recovery at this moment.
  mutating func recover(at moment: Int64) { recoverAt = moment }

  /// Takes out what is due.
  mutating func takeDue(_ now: Int64) -> Set<Kind> {
    var due: Set<Kind> = []
    for (kind, moment) in [(Kind.watch, \PeriodicTasks.watchAt), (.recover, \.recoverAt), (.touch, \.touchAt)] {
      guard let at = self[keyPath: moment], at <= now else { continue }
      self[keyPath: moment] = nil
      due.insert(kind)
      if kind == .touch { touchedAt = now }
    }
    return due
  }

  /// Plans no more for other processes: this one ends.
  mutating func end() {
    isEnding = true
    retention = nil
  }

  // MARK: - Retention

  /// Begins the retention.
  ///
  /// - Returns: false where predictions are kept for any time.
  mutating func beginRetention(_ now: Moment) -> Bool {
    retention?.begin(now)
    return retention != nil
  }

  /// Takes out the batch of old predictions that is due for deletion.
  mutating func takeExpired(_ now: Moment) -> PruneRequest? { retention?.takeDue(now) }

  /// Notes that a batch is deleted.
  ///
  /// - Parameter last: where it ended, if there may be more.
  mutating func finishBatch(last: PredictionID?, _ now: Moment) { retention?.finish(last: last, now) }
}
