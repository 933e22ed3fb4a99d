import Encoding
import Testing

@testable import Predictions

/// The figures are those of an independent program in Python.
@Suite("When to ask next")
struct PollScheduleTests {
  private static func durations(_ pairs: [(Double, Double)]) -> [JobDuration] {
    pairs.compactMap {
      JobDuration(kind: 1, still: Int64(($0 * 1_000).rounded()), done: Int64(($1 * 1_000).rounded()))
    }
  }

  static let known20 = durations([20.1, 18.4, 23.9, 16.2, 21.0, 19.5, 26.3, 14.8].map { ($0 - 0.5, $0 + 0.5) })
  static let twoModes = durations([(2.5, 3.1), (2.6, 3.2), (38, 41), (2.4, 3.3), (39.5, 42), (2.2, 2.9)])
  static let late = durations([(43, 45)])
  static let constant = durations(Array(repeating: (15, 15), count: 64))

  @Test("how likely a job is done by a later age")
  func likelihood() {
    let known = PollSchedule(kind: Self.known20, model: Self.known20)
    #expect(known.likelihood(from: 0, to: 8) < 0.1)
    #expect(known.likelihood(from: 0, to: 19.702).rounded(to: 2) == 0.5)
    #expect(known.likelihood(from: 0, to: 30) > 0.8)
    #expect(known.likelihood(from: 18, to: 17) == 0 && known.likelihood(from: 5_000, to: 9_000) == 0)
    // The prior: log-logistic, half of all after twelve seconds.
    #expect(PollSchedule.unknown.likelihood(from: 0, to: 12).rounded(to: 2) == 0.5)
  }

  struct Vector: Sendable, CustomTestStringConvertible {
    var name: String
    var kind: [JobDuration] = []
    var model: [JobDuration] = []
    var age: Double
    var price: PollPrice
    var stretch = 1.0
    var next: Double
    var remaining: Double
    var testDescription: String { "\(name) at \(age) s" }
  }

  static let vectors = [
    Vector(name: "never seen", age: 0, price: .ofReference, next: 1.816, remaining: 12.002),
    Vector(name: "never seen", age: 0, price: .others, next: 4.703, remaining: 12.002),
    Vector(name: "never seen", age: 300, price: .ofReference, next: 304.428, remaining: 177.516),
    Vector(name: "20 s", kind: known20, model: known20, age: 0, price: .ofReference, next: 10, remaining: 19.702),
    Vector(name: "20 s", kind: known20, model: known20, age: 10, price: .ofReference, next: 14.238, remaining: 9.731),
    Vector(name: "20 s", kind: known20, model: known20, age: 18, price: .others, next: 20.249, remaining: 3.188),
    Vector(name: "20 s", kind: known20, model: known20, age: 40, price: .ofReference, next: 41.767, remaining: 26.939),
    Vector(name: "two modes", kind: twoModes, model: twoModes, age: 0, price: .others, next: 3.208, remaining: 3.098),
    Vector(
      name: "two modes", kind: twoModes, model: twoModes, age: 4, price: .ofReference, next: 9.476, remaining: 35.723),
    Vector(name: "own kind", kind: late, model: twoModes, age: 36, price: .ofReference, next: 38.169, remaining: 7.069),
    Vector(name: "constant", kind: constant, model: constant, age: 14, price: .ofReference, next: 15, remaining: 0.963),
    Vector(
      name: "20 s, stretched", kind: known20, model: known20, age: 10, price: .others, stretch: 3, next: 21.408,
      remaining: 9.731),
  ]

  @Test("the vectors, within a hundredth", arguments: vectors)
  func vector(_ vector: Vector) throws {
    let schedule = PollSchedule(kind: vector.kind, model: vector.model)
    let pause = schedule.next(after: vector.age, price: vector.price, stretch: vector.stretch) - vector.age
    #expect(abs(pause - (vector.next - vector.age)) <= (vector.next - vector.age) / 100)
    let remaining = try #require(schedule.remaining(at: vector.age))
    #expect(abs(remaining - vector.remaining) <= vector.remaining / 100)
  }

  @Test("what is older than the newest 64 counts nothing")
  func newest() {
    let other = Self.durations(Array(repeating: (200, 200), count: 100))
    #expect(
      PollSchedule(kind: Self.constant + other, model: other) == PollSchedule(kind: Self.constant, model: other))
  }

  // MARK: - Properties

  /// Estimates of random histories, from one duration to a hundred.
  private static func histories(_ count: Int) -> [PollSchedule] {
    var random = SplitMix64(seed: 3)
    return (0..<count).map { _ in
      let durations = (0..<Int.random(in: 0...100, using: &random)).compactMap { _ -> JobDuration? in
        let done = Int64.random(in: 1...Int64.random(in: 2...4_000_000, using: &random), using: &random)
        let still = done - Int64.random(in: 0...min(done, 15_000), using: &random)
        return JobDuration(kind: 1, still: still, done: done)
      }
      return PollSchedule(kind: Array(durations.prefix(Int.random(in: 0...64, using: &random))), model: durations)
    }
  }

  private static let ages = [
    0, 0.01, 0.5, 1, 3, 7.7, 20, 59, 61, 300, 599, 601, 2_000, 3_599, 3_601, 4_095, 4_097, 1e5,
  ]

  @Test("a poll comes within its bounds, never before the last one, and not later where somebody waits")
  func bounds() {
    for schedule in Self.histories(40) + [.unknown] {
      for age in Self.ages {
        for stretch in [1, 1.3, 4, 50] {
          for jitter in [0.85, 1, 1.15] {
            let longest = PollPrice.longestPause(atAge: age)
            for price in [PollPrice.awaited, .others] {
              let pause = schedule.next(after: age, price: price, jitter: jitter, stretch: stretch) - age
              #expect(pause >= min(price.shortestPause * stretch, 10) - 1e-9)
              #expect(pause <= min(longest * stretch, max(longest, 60)) + 1e-9)
            }
            let awaited = schedule.next(after: age, price: .awaited, jitter: jitter, stretch: stretch)
            let other = schedule.next(after: age, price: .others, jitter: jitter, stretch: stretch)
            #expect(awaited <= other)
          }
        }
      }
    }
  }

  @Test("a larger step leads to a later poll, so the integral rises without a pause on the grid")
  func rises() {
    for schedule in Self.histories(20) + [.unknown] {
      for age in stride(from: 0.0, to: 500, by: 7.3) {
        var last = age
        for seconds in [0.01, 0.1, 0.4, 1.6] {
          let price = PollPrice(seconds: seconds, shortestPause: 0)
          let next = schedule.next(after: age, price: price, stretch: 1)
          #expect(next > last || next == age + PollPrice.longestPause(atAge: age), "\(age) \(seconds)")
          last = max(last, next)
        }
      }
    }
  }

  @Test("what is overdue is asked about ever less")
  func overdue() {
    let schedule = PollSchedule(kind: Self.known20, model: Self.known20)
    let pauses = [60, 150, 500].map { schedule.next(after: $0, price: .awaited) - $0 }
    #expect(pauses == pauses.sorted() && pauses[0] > 1.5 && pauses[2] > 5)
  }

  @Test("beyond the grid nothing is estimated, and the longest pause holds")
  func beyond() {
    let schedule = PollSchedule(kind: Self.known20, model: Self.known20)
    #expect(schedule.remaining(at: 4_096) == nil && schedule.remaining(at: 1e6) == nil)
    #expect(schedule.next(after: 5_000, price: .others) == 5_300)
  }
}

@Suite("How long a job took")
struct JobDurationTests {
  @Test("two ages that are too far apart tell too little")
  func span() {
    #expect(JobDuration(kind: 1, still: 0, done: 15_000) != nil)
    #expect(JobDuration(kind: 1, still: 0, done: 15_001) == nil)
    #expect(JobDuration(kind: 1, still: 20_000, done: 40_000) != nil)
    #expect(JobDuration(kind: 1, still: 19_999, done: 40_000) == nil)
  }

  @Test("ages that cannot be are refused", arguments: [(-1, 5), (6, 5), (0, 0), (0, -3), (4_096_000, 4_096_001)])
  func impossible(still: Int64, done: Int64) { #expect(JobDuration(kind: 1, still: still, done: done) == nil) }

  @Test("the provider's own time only raises the lower end")
  func inference() {
    func still(_ inference: Int64?) -> Int64? {
      JobDuration(kind: 1, still: 8_000, done: 12_000, inference: inference)?.stillMilliseconds
    }
    #expect([nil, 7_000, 8_001, 12_000, 12_001].map(still) == [8_000, 8_000, 8_001, 12_000, 8_000])
    #expect(JobDuration(kind: 1, still: 0, done: 30_000, inference: 28_000)?.stillMilliseconds == 28_000)
  }
}

@Suite("How many polls an account wants")
struct PollLoadTests {
  @Test("pauses are stretched where an account wants more polls than it may send")
  func stretch() {
    var load = PollLoad(limit: 20)
    #expect(load.stretch(isAwaited: true) == 1)
    let others = (0..<50).map { _ in PollLoad.Demand(isAwaited: false, pause: 2) }
    for demand in others { load.replace(nil, by: demand) }
    #expect(load.stretch(isAwaited: false) == 1.25)
    #expect(load.stretch(isAwaited: true) == 1)
    let awaited = (0..<15).map { _ in PollLoad.Demand(isAwaited: true, pause: 1) }
    for demand in awaited { load.replace(nil, by: demand) }
    #expect(load.stretch(isAwaited: false) == 2.5, "each may use half")
    #expect(load.stretch(isAwaited: true) == 1.5)
    for demand in others + awaited { load.replace(demand, by: nil) }
    #expect(load == PollLoad(limit: 20))
  }
}

@Suite("The share that is shown")
struct ProgressShareTests {
  @Test("it grows with every look, never falls, and stays below 0.99")
  func grows() {
    let twoModes = PollScheduleTests.twoModes
    for schedule in [PollSchedule.unknown, PollSchedule(kind: twoModes, model: twoModes)] {
      var share = ProgressShare()
      var last = 0.0
      for second in 1...20_000 {
        let shown = share.update(at: Double(second), remaining: schedule.remaining(at: Double(second)))
        #expect(shown > last && shown < 0.99)
        last = shown
      }
      #expect(last > 0.9)
    }
  }

  @Test("it says what the estimate says, while that does not fall")
  func told() {
    var share = ProgressShare()
    #expect(share.update(at: 5, remaining: 15) == 0.25)
    #expect(share.update(at: 10, remaining: 10) == 0.5)
    #expect(share.update(at: 11, remaining: 100) > 0.5)
    #expect(share.update(at: 40, remaining: 0) == 0.98)
    #expect(share.update(at: 40, remaining: nil) == 0.98)
  }
}

extension Double {
  fileprivate func rounded(to digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    return (self * scale).rounded() / scale
  }
}

extension PollPrice {
  /// The price of the independent program's figures for what a client waits for.
  static let ofReference = PollPrice(seconds: 0.05, shortestPause: 1)
}
