import Encoding
import Testing

@testable import Predictions

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Jobs of many shapes, each learned from the polls of those before it. The figures are those of an independent program, over 600
/// jobs a row.
@Suite("Lateness and polls of simulated jobs")
struct PollSimulationTests {
  /// Seconds: until it is done, and what the provider says it took.
  struct Job: Sendable {
    var done: Double
    var inference: Double
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var jobs = 240
    var draw: @Sendable (Int, inout SplitMix64) -> Job
    /// Mean seconds of lateness, and polls a job.
    var awaited: (Double, Double)
    var others: (Double, Double)
    /// The polls of a client that asks every second.
    var everySecond = 0.0
    var testDescription: String { name }
  }

  static let rows = [
    Row(
      name: "20 s ± 10%", draw: { plain(20, 0.1, &$1) }, awaited: (0.51, 7.0), others: (1.08, 3.4), everySecond: 20.6),
    Row(
      name: "20 s ± 30%", draw: { plain(20, 0.3, &$1) }, awaited: (0.59, 10.6), others: (1.62, 4.3), everySecond: 21.7),
    Row(name: "6 s ± 20%", draw: { plain(6, 0.2, &$1) }, awaited: (0.50, 3.4), others: (1.01, 1.7), everySecond: 6.6),
    Row(
      name: "45 s ± 25%", draw: { plain(45, 0.25, &$1) }, awaited: (0.73, 16.7), others: (2.20, 7.2), everySecond: 47),
    Row(name: "20 s, any", jobs: 600, draw: { plain(20, 1, &$1) }, awaited: (1.11, 17.9), others: (3.14, 6.1)),
    Row(
      name: "3 s or 40 s", jobs: 600, draw: { plain(share(&$1) < 0.7 ? 3 : 40, 0.15, &$1) }, awaited: (0.54, 6.4),
      others: (1.14, 3.0)),
    Row(
      name: "60, 20, 6 s, changing", jobs: 600, draw: { plain([60, 20, 6][$0 / 40 % 3], 0.15, &$1) },
      awaited: (0.81, 9.6), others: (2.10, 4.3)),
    Row(
      name: "12 s and half of the time a queue", jobs: 600, draw: { queued(&$1) }, awaited: (0.65, 11.3),
      others: (1.91, 4.3)),
  ]

  @Test("the table", arguments: rows)
  func row(_ row: Row) {
    for (price, wanted) in [(PollPrice.ofReference, row.awaited), (.others, row.others)] {
      let found = Self.run(row.jobs, price, row.draw)
      #expect(abs(found.lateness - wanted.0) <= wanted.0 / 10, "late by \(found.lateness), not \(wanted.0)")
      #expect(abs(found.polls - wanted.1) <= wanted.1 / 10, "\(found.polls) polls, not \(wanted.1)")
    }
  }

  /// What users are promised: seconds of lateness, and how many of the polls of a client that asks each second.
  @Test("known models", arguments: rows.prefix(4))
  func goals(_ row: Row) {
    let awaited = Self.run(row.jobs, .awaited, row.draw)
    let others = Self.run(row.jobs, .others, row.draw)
    let isLong = row.name.hasPrefix("45")
    #expect(awaited.lateness <= (isLong ? 1 : 0.7) && others.lateness <= (isLong ? 2.4 : 1.8))
    #expect(awaited.polls <= row.everySecond * 0.6 && others.polls <= row.everySecond * 0.3)
  }

  /// A model that ends in the longest pause is learned from too, so that its next job is noticed sooner.
  @Test func whatEndsInTheLongestPauseIsLearnedFrom() {
    let found = Self.run(240, .others, answer: 0.08, tells: false) { Self.plain(20, 0.3, &$1) }
    #expect(found.lateness < 2 && found.learned == 240)
  }

  /// - Parameters:
  ///   - answer: how long the answer to a poll takes.
  ///   - tells: whether the provider says how long it worked.
  private static func run(
    _ jobs: Int, _ price: PollPrice, answer: Double = 0, tells: Bool = true, _ draw: (Int, inout SplitMix64) -> Job
  ) -> (lateness: Double, polls: Double, learned: Int) {
    var random = SplitMix64(seed: 7)
    var known: [JobDuration] = []
    var (lateness, polls, learned) = (0.0, 0, 0)
    for number in 0..<jobs {
      let schedule = PollSchedule(kind: known, model: [])
      let job = draw(number, &random)
      var age = 0.0
      while true {
        let next = schedule.next(after: age, price: price, jitter: .random(in: 0.85...1.15, using: &random))
        polls += 1
        guard next < job.done else {
          lateness += next - job.done
          let own = tells ? Int64(job.inference * 1_000) : nil
          let done = Int64((next + answer) * 1_000)
          if let one = JobDuration(kind: 1, still: Int64(age * 1_000), done: done, inference: own) {
            learned += 1
            known.insert(one, at: 0)
            known = Array(known.prefix(PollSchedule.newest))
          }
          break
        }
        age = next
      }
    }
    return (lateness / Double(jobs), Double(polls) / Double(jobs), learned)
  }

  private static func share(_ random: inout SplitMix64) -> Double { .random(in: 0..<1, using: &random) }

  private static func plain(_ median: Double, _ sigma: Double, _ random: inout SplitMix64) -> Job {
    let done = spread(median, sigma, &random)
    return Job(done: done, inference: done)
  }

  /// The provider's figure leaves its queue out.
  private static func queued(_ random: inout SplitMix64) -> Job {
    let own = spread(12, 0.15, &random)
    return Job(done: own + (share(&random) < 0.5 ? -15 * log(1 - share(&random)) : 0), inference: own)
  }

  /// A time around a median, by Box and Muller.
  private static func spread(_ median: Double, _ sigma: Double, _ random: inout SplitMix64) -> Double {
    let (a, b) = (1 - share(&random), share(&random))
    return median * exp(sigma * (-2 * log(a)).squareRoot() * cos(2 * .pi * b))
  }
}
