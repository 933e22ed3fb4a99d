/// The pauses between attempts, for one pace. All figures are milliseconds; Sources/Predictions/README.md,
/// "Retries and polling".
///
/// WaveSpeed asks for at least 2 s between polls, growing. On loopback, where test servers and the user's own gateways
/// run, the same curves run faster.
struct RetryPolicy: Sendable, Equatable {
  /// Whether polls come when earlier jobs say that they pay (`PollSchedule`), and not in pauses that only grow.
  var learns: Bool
  /// Before the first poll after the provider accepted the prediction; the least before one that a client asks for.
  var firstPoll: Int64
  /// The longest pause between polls, in the first ten minutes.
  var longestPoll: Int64
  /// After a poll without information; doubles up to 30 s.
  var transient: Int64
  /// After a poll that was refused; doubles up to 5 min.
  var paused: Int64
  /// Between two balance requests for an account that pauses for missing credit.
  var balance: Int64
  /// "No such prediction" counts only this long after it was accepted, …
  var goneGrace: Int64
  /// … and is final only when it was said three times over at least this long.
  var goneSpan: Int64
  /// When the history is searched, counted from the moment at which the reply was lost.
  var looks: [Int64]
  /// How far apart two searches must be for a match to count.
  var lookSpan: Int64
  /// Before each further try of a download, of an upload, or of a request to delete.
  var downloads: [Int64]
  /// How many polls a second are sent for all predictions of an account together.
  var pollsPerSecond: Int

  static let remote = RetryPolicy(
    learns: true, firstPoll: 2_000, longestPoll: 10_000, transient: 1_000, paused: 30_000, balance: 15_000,
    goneGrace: 10_000,
    goneSpan: 60_000,
    looks: [2_000, 5_000, 10_000, 20_000, 30_000], lookSpan: 5_000, downloads: [2_000, 15_000],
    pollsPerSecond: 20)

  static let near = RetryPolicy(
    learns: false, firstPoll: 50, longestPoll: 10_000, transient: 50, paused: 300, balance: 300, goneGrace: 250,
    goneSpan: 1_500,
    looks: [100, 250, 500, 1_000, 1_500], lookSpan: 250, downloads: [50, 250],
    pollsPerSecond: 2_000)
}

extension RetryPolicy {
  init(_ pace: PollPace) {
    self =
      switch pace {
      case .remote: .remote
      case .near: .near
      }
  }

  /// The pause before the next poll: grows by half each time, and is longer for predictions that have run for long.
  func poll(after polls: Int, age: Int64) -> Int64 {
    if age > 3_600_000 { return 300_000 }
    if age > 600_000 { return 60_000 }
    var pause = firstPoll
    for _ in 0..<min(polls, 32) where pause < longestPoll { pause += pause / 2 }
    return min(pause, longestPoll)
  }

  /// The least pause before the next search for a prediction that is still unknown at this age: a minute in the first
  /// hour, an hour in the seven days that the history reaches back; `nil` afterwards.
  func nextLook(atAge age: Int64) -> Int64? {
    if age < 3_600_000 { return 60_000 }
    return age < 7 * 86_400_000 ? 3_600_000 : nil
  }

  /// The pause after this many polls in a row without information.
  func transient(after failures: Int) -> Int64 {
    Swift.min(transient << Int64(Swift.min(max(failures - 1, 0), 20)), 30_000)
  }

  /// The pause after this many polls in a row that were refused.
  func paused(after refusals: Int) -> Int64 {
    Swift.min(paused << Int64(Swift.min(max(refusals - 1, 0), 20)), 300_000)
  }
}
