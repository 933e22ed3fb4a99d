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
    var testDescription: String { name }
  }

  static let rows = [
    Row(name: "20 s ± 10%", draw: { plain(20, 0.1, &$1) }, awaited: (0.51, 7.0), others: (1.08, 3.4)),
    Row(name: "20 s ± 30%", draw: { plain(20, 0.3, &$1) }, awaited: (0.59, 10.6), others: (1.62, 4.3)),
    Row(name: "6 s ± 20%", draw: { plain(6, 0.2, &$1) }, awaited: (0.50, 3.4), others: (1.01, 1.7)),
    Row(name: "45 s ± 25%", draw: { plain(45, 0.25, &$1) }, awaited: (0.73, 16.7), others: (2.20, 7.2)),
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
    for (price, wanted) in [(PollPrice.awaited, row.awaited), (.others, row.others)] {
      let found = Self.run(row.jobs, price, row.draw)
      #expect(abs(found.lateness - wanted.0) <= wanted.0 / 10, "late by \(found.lateness), not \(wanted.0)")
      #expect(abs(found.polls - wanted.1) <= wanted.1 / 10, "\(found.polls) polls, not \(wanted.1)")
    }
  }

  private static func run(
    _ jobs: Int, _ price: PollPrice, _ draw: (Int, inout SplitMix64) -> Job
  ) -> (lateness: Double, polls: Double) {
    var random = SplitMix64(seed: 7)
    var known: [JobDuration] = []
    var (lateness, polls) = (0.0, 0)
    for number in 0..<jobs {
      let schedule = PollSchedule(kind: known, model: [])
      let job = draw(number, &random)
      var age = 0.0
      while true {
        let next = schedule.next(after: age, price: price, jitter: .random(in: 0.85...1.15, using: &random))
        polls += 1
        guard next < job.done else {
          lateness += next - job.done
          let own = Int64(job.inference * 1_000)
          if let one = JobDuration(kind: 1, still: Int64(age * 1_000), done: Int64(next * 1_000), inference: own) {
            known.insert(one, at: 0)
            known = Array(known.prefix(PollSchedule.newest))
          }
          break
        }
        age = next
      }
    }
    return (lateness / Double(jobs), Double(polls) / Double(jobs))
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
