/// What is done again and again while there is work, and not at all while there is none. All figures are milliseconds.
struct PeriodicTasks: Sendable, Equatable {
  /// To look whether another process has changed what we work on, or wait for.
  var watchAt: Int64?
  /// To look whether a process has died and left something.
  var recoverAt: Int64?
  /// To show others that we are getting on.
  var touchAt: Int64?
  /// When that was done last.
  private(set) var touchedAt: Int64?

  /// One thing that is due.
  enum Kind: Sendable, CaseIterable {
    case watch, recover, touch
  }

  /// The earliest of them.
  var next: Int64? { [watchAt, recoverAt, touchAt].compactMap { $0 }.min() }

  /// Sets what the work at hand asks for, without moving what is set already to a later moment.
  mutating func plan(_ now: Int64, hasWork: Bool, hasQueue: Bool, hasForeignWaiters: Bool) {
    guard hasWork || hasQueue || hasForeignWaiters else {
      (watchAt, recoverAt, touchAt) = (nil, nil, nil)
      return
    }
    watchAt = min(watchAt ?? .max, now + (hasForeignWaiters ? 100 : 500))
    recoverAt = min(recoverAt ?? .max, now + (hasForeignWaiters ? 2_000 : 30_000))
    // At once where work begins: after an idle hour the last sign of life is an hour old, and others would think us stalled.
    touchAt = hasWork ? touchAt ?? max(now, touchedAt.map { $0 + 10_000 } ?? now) : nil
  }

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
}
