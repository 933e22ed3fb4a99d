public import Predictions
internal import Threads

/// Time that stands still until a test moves it.
public final class ManualTime: TimeSource {
  private let moment: Protected<Moment>

  /// One name for the life of a test.
  public let boot: String? = "boot"

  /// - Parameter steady: the steady clock at the start; the same as the wall clock where it is not given.
  public init(_ wall: Int64 = 1_763_900_000_000, steady: Int64? = nil) {
    moment = Protected(Moment(steady: steady ?? wall, wall: wall))
  }

  /// The moment it is.
  public var now: Moment { moment.withLock { $0 } }

  /// Lets so many milliseconds pass on both clocks.
  public func advance(_ milliseconds: Int64) {
    moment.withLock { moment in
      moment.steady += milliseconds
      moment.wall += milliseconds
    }
  }

  /// Sets the wall clock; no time passes.
  public func set(by step: Int64) { moment.withLock { $0.wall += step } }
}
