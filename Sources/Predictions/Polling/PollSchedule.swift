#if canImport(Glibc)
  internal import func Glibc.exp
  internal import func Glibc.log
#elseif canImport(Musl)
  internal import func Musl.exp
  internal import func Musl.log
#else
  internal import func Darwin.exp
  internal import func Darwin.log
#endif

/// When to ask about a job next, and how long it will still take, from how long earlier jobs took. A pure struct: two tables
/// over a grid of ages. All times are seconds since the provider accepted the job.
///
/// A poll costs seconds of lateness. With the hazard rate h of the duration, the best density of polls at the price c is
/// sqrt(h / 2c) (Keller, "Optimum Checking Schedules for Systems Subject to Random Failure", 1974). So the next poll comes
/// where N, the integral of sqrt(h / 2), has grown by sqrt(c).
struct PollSchedule: Sendable, Equatable {
  /// The ages of the tables: 0, then eight to the octave from 1/32 s to 4096 s.
  static let edges = [0] + (0...17 * 8).map { exp(log(2.0) * (Double($0) / 8 - 5)) }
  /// How many durations are used for one level.
  static let newest = 64
  /// The k-th newest duration weighs this factor to the power of k: half after 16.
  private static let aging = exp(-log(2.0) / 16)
  /// A duration is widened by this share at each end, so that the past is not taken too literally.
  private static let blur = 0.08
  /// The share of jobs that still run at each edge where nothing is known: log-logistic, half of them after 12 s. Its hazard
  /// ends as 1.5/t, so a job that is long overdue is asked about ever less.
  private static let prior = edges.map { $0 == 0 ? 1 : 1 / (1 + exp(1.5 * log($0 / 12))) }

  /// Of a model about which nothing is known.
  static let unknown = PollSchedule(kind: [], model: [])

  /// The share of jobs that still run at each edge.
  private let running: [Double]
  /// The integral from 0 to each edge of sqrt(h / 2).
  private let density: [Double]

  /// - Parameters:
  ///   - kind: durations of this kind of job, newest first.
  ///   - model: those of all kinds of the model.
  init(kind: [JobDuration], model: [JobDuration]) {
    let running = Self.level(kind, above: Self.level(model, above: Self.prior))
    var density = [0.0]
    density.reserveCapacity(running.count)
    for i in 1..<running.count {
      // The hazard is constant between two edges, so that h times their distance is ln(S[i-1] / S[i]).
      let hazard = max(log(running[i - 1] / running[i]), 0)
      density.append(density[i - 1] + (hazard * (Self.edges[i] - Self.edges[i - 1]) / 2).squareRoot())
    }
    self.running = running
    self.density = density
  }

  /// One level: the level above counts as one duration, and each duration is spread evenly over its widened self.
  private static func level(_ durations: [JobDuration], above: [Double]) -> [Double] {
    let edges = edges
    var (sum, total, weight) = (above, 1.0, 1.0)
    for duration in durations.prefix(newest) {
      let from = Double(duration.stillMilliseconds) / 1_000 * (1 - blur)
      let to = Double(duration.doneMilliseconds) / 1_000 * (1 + blur)
      for i in edges.indices where edges[i] < to { sum[i] += weight * min((to - edges[i]) / (to - from), 1) }
      total += weight
      weight *= aging
    }
    return sum.map { $0 / total }
  }

  /// When to ask next.
  ///
  /// - Parameters:
  ///   - age: of the job when it was asked about last; 0 where it was not.
  ///   - price: what a poll may cost.
  ///   - jitter: 0.85 to 1.15, on the step and not on the time.
  ///   - stretch: 1, or more where the account has many jobs; see `PollLoad`.
  /// - Returns: the age at that moment.
  func next(after age: Double, price: PollPrice, jitter: Double = 1, stretch: Double = 1) -> Double {
    let longest = PollPrice.longestPause(atAge: age)
    let earliest = age + min(price.shortestPause * stretch, 10)
    let latest = age + min(longest * stretch, max(longest, 60))
    let target = density(at: age) + price.seconds.squareRoot() * jitter * stretch
    let i = Self.place(of: target, in: density)
    guard i < density.count else { return latest }
    let part = (target - density[i - 1]) / (density[i] - density[i - 1])
    return min(max(Self.edges[i - 1] + part * (Self.edges[i] - Self.edges[i - 1]), earliest), latest)
  }

  /// How long until half of the jobs that run at this age are done; `nil` beyond the grid.
  func remaining(at age: Double) -> Double? {
    guard let last = Self.edges.last, age < last, let least = running.last else { return nil }
    let target = running(at: age) / 2
    guard target > least else { return nil }
    // The first edge at which no more than the target run.
    var (low, high) = (1, running.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if running[middle] <= target { high = middle } else { low = middle + 1 }
    }
    let rest = log(target / running[low - 1]) / log(running[low] / running[low - 1])
    return max(Self.edges[low - 1] + rest * (Self.edges[low] - Self.edges[low - 1]) - age, 0)
  }

  /// How likely a job that runs at one age is done at a later one, from 0 to 1.
  func likelihood(from age: Double, to later: Double) -> Double {
    max(0, 1 - running(at: later) / running(at: age))
  }

  /// The share of jobs that still run at an age. Beyond the grid it stands still.
  private func running(at age: Double) -> Double {
    let (i, part) = Self.position(age)
    return running[i - 1] * exp(part * log(running[i] / running[i - 1]))
  }

  /// N at an age: linear between edges. Beyond the grid it stands still.
  private func density(at age: Double) -> Double {
    let (i, part) = Self.position(age)
    return density[i - 1] + part * (density[i] - density[i - 1])
  }

  /// The edge behind an age, and which part of the way to it has passed.
  private static func position(_ age: Double) -> (edge: Int, part: Double) {
    let i = min(place(of: age, in: edges), edges.count - 1)
    return (i, min((age - edges[i - 1]) / (edges[i] - edges[i - 1]), 1))
  }

  /// The first index whose value is greater; the values rise, and the first is not greater.
  private static func place(of value: Double, in values: [Double]) -> Int {
    var (low, high) = (1, values.count)
    while low < high {
      let middle = (low + high) / 2
      if values[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
