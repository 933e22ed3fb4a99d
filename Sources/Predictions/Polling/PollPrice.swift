/// What a poll may cost, by who waits for it. Seconds.
struct PollPrice: Sendable, Equatable {
  /// How many seconds of lateness one poll is worth.
  var seconds: Double
  /// The shortest pause between two polls.
  var shortestPause: Double

  /// Of a prediction that a client waits for now. Where nothing is known it makes three quarters of the polls of WaveSpeed's
  /// own client, at a host 80 ms away (`make bench`, part `felt`).
  static let awaited = PollPrice(seconds: 0.07, shortestPause: 1)
  /// Of any other.
  static let others = PollPrice(seconds: 0.5, shortestPause: 2)

  /// The longest pause, however little is expected.
  ///
  /// - Parameter age: seconds since the provider accepted the job.
  static func longestPause(atAge age: Double) -> Double { age > 3_600 ? 300 : age > 600 ? 60 : 10 }
}
