/// When this process takes over work of others: begun by its first call or some time after a `submit`, one run at a
/// time. A pure struct.
struct RecoveryRuns: Sendable {
  /// Whether work has begun; a process that is only probed has no side effects.
  private(set) var hasBegun = false
  /// When work begins without a call, on the steady clock in milliseconds.
  private(set) var beginsAt: Int64?
  private var isRunning = false
  private var mustRepeat = false
  private var isEnding = false

  /// Begins the work.
  ///
  /// - Returns: whether this is the first time.
  mutating func begin() -> Bool {
    defer { hasBegun = true }
    beginsAt = nil
    return !hasBegun
  }

  /// Begins the work at a later moment, unless it has begun, is planned already or `end` was called.
  ///
  /// - Returns: whether the moment was set.
  mutating func begin(at moment: Int64) -> Bool {
    guard !hasBegun, !isEnding, beginsAt == nil else { return false }
    beginsAt = moment
    return true
  }

  /// Whether the planned moment has come.
  func isDue(_ now: Int64) -> Bool { beginsAt.map { $0 <= now } ?? false }

  /// Plans nothing from now on: the process ends.
  mutating func end() {
    isEnding = true
    beginsAt = nil
  }

  /// Notes a new provider. A run that is in progress does not serve it, so another one follows.
  ///
  /// - Returns: whether a run is to be started for it.
  mutating func addProvider() -> Bool {
    mustRepeat = isRunning
    return hasBegun
  }

  /// Starts a run.
  ///
  /// - Returns: false while one is in progress.
  mutating func start() -> Bool {
    guard !isRunning else { return false }
    isRunning = true
    return true
  }

  /// Ends a run.
  ///
  /// - Returns: whether another one is to follow.
  mutating func finish() -> Bool {
    isRunning = false
    defer { mustRepeat = false }
    return mustRepeat
  }
}
