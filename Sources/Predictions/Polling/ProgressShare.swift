/// The share of a job that is done, as it is shown: an estimate that grows with time, never falls, and stays below 0.99
/// before the end. A pure struct; all times are seconds.
public struct ProgressShare: Sendable, Equatable {
  /// The share that was shown last.
  public private(set) var shown = 0.0
  private var at = 0.0

  /// Nothing is shown yet.
  public init() {}

  /// The share at an age that is not smaller than the one before.
  ///
  /// - Parameter remaining: how long the job will still take; `nil` where that is not known.
  @discardableResult
  public mutating func update(at age: Double, remaining: Double?) -> Double {
    let told = remaining.map { age + $0 > 0 ? min(age / (age + $0), 0.98) : 0 } ?? 0
    return update(at: age, toldShare: told)
  }

  /// The same, where another estimate says the share.
  @discardableResult
  public mutating func update(at age: Double, toldShare told: Double) -> Double {
    let crept = shown + (0.99 - shown) * max(age - at, 0) / (4 * age + 20)
    shown = max(told, crept)
    at = max(age, at)
    return shown
  }
}
