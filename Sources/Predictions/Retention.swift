/// Decides when old predictions are deleted. A pure struct.
struct Retention: Sendable {
  /// The pauses in milliseconds: from the start of work to the first batch, between batches, and after the last batch.
  /// Batches are small and rare, because requests come first.
  static let delay: Int64 = 1_000
  static let pause: Int64 = 200
  static let interval: Int64 = 3_600_000

  /// The age at which predictions are deleted, in milliseconds.
  private let lifetime: Int64
  private let start: Moment
  /// The request whose batches are not finished.
  private var current: PruneRequest?
  /// When the next batch is due, on the steady clock; `nil` before work begins and while a batch is in progress.
  private(set) var dueAt: Int64?

  /// - Parameters:
  ///   - lifetime: in milliseconds.
  ///   - now: when the process began.
  init(lifetime: Int64, now: Moment) {
    self.lifetime = lifetime
    start = now
  }

  /// Starts with the process's work.
  mutating func begin(_ now: Moment) { dueAt = now.steady + Self.delay }

  /// Takes out the batch that is due, if there is one.
  mutating func takeDue(_ now: Moment) -> PruneRequest? {
    guard let at = dueAt, at <= now.steady else { return nil }
    dueAt = nil
    // A clock that was set forward since the process began must not make all predictions old.
    let wall = min(now.wall, start.wall + now.steady - start.steady)
    let request = current ?? PruneRequest(acceptedBefore: wall - lifetime)
    current = request
    return request
  }

  /// Notes that a batch is deleted.
  ///
  /// - Parameter last: where it ended, if there may be more.
  mutating func finish(last: PredictionID?, _ now: Moment) {
    current?.after = last
    if last == nil { current = nil }
    dueAt = now.steady + (last == nil ? Self.interval : Self.pause)
  }
}
