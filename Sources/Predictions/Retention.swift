/// When predictions that are over are deleted because of their age. A pure struct.
struct Retention: Sendable {
  /// How long after work began the first batch is due, how long after one batch the next, and how long after the last of
  /// them the table is searched again, all in milliseconds. Requests come first: a batch is small, and seldom.
  static let delay: Int64 = 1_000
  static let pause: Int64 = 200
  static let interval: Int64 = 3_600_000

  /// How long predictions are kept, in milliseconds.
  private let lifetime: Int64
  private let start: Moment
  /// The request whose batches are not all deleted yet.
  private var current: PruneRequest?
  /// When the next batch is due, on the steady clock; `nil` before work begins and while a batch is under way.
  private(set) var dueAt: Int64?

  /// - Parameters:
  ///   - lifetime: in milliseconds.
  ///   - now: when the process began.
  init(lifetime: Int64, now: Moment) {
    self.lifetime = lifetime
    start = now
  }

  /// Work begins.
  mutating func begin(_ now: Moment) { dueAt = now.steady + Self.delay }

  /// Hands over the batch that is due, if one is.
  mutating func takeDue(_ now: Moment) -> PruneRequest? {
    guard let at = dueAt, at <= now.steady else { return nil }
    dueAt = nil
    // A clock that was set forward since the process began must not make everything old.
    let wall = min(now.wall, start.wall + now.steady - start.steady)
    let request = current ?? PruneRequest(acceptedBefore: wall - lifetime)
    current = request
    return request
  }

  /// A batch is done.
  ///
  /// - Parameter last: where it ended, if there may be more.
  mutating func finish(last: PredictionID?, _ now: Moment) {
    current?.after = last
    if last == nil { current = nil }
    dueAt = now.steady + (last == nil ? Self.interval : Self.pause)
  }
}
