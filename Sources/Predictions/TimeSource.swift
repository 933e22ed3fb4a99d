internal import Encoding

/// A moment on two clocks.
public struct Moment: Sendable, Equatable {
  /// Milliseconds on a clock that cannot be set and that counts a laptop's sleep. For delays within one boot only.
  public var steady: Int64
  /// Milliseconds since 1970, UTC. Only for what is stored or shown.
  public var wall: Int64

  /// A moment.
  public init(steady: Int64, wall: Int64) {
    self.steady = steady
    self.wall = wall
  }
}

/// The clock. Passed to every `init`, so that tests can use their own.
public protocol TimeSource: Sendable {
  /// The present moment.
  var now: Moment { get }

  /// Identifies the boot from which `steady` counts; `nil` where it is not known. Values of `steady` can be compared
  /// only within one boot.
  var boot: String? { get }

  /// A moment of the wall clock in local time, for people: `01:00 CET`.
  func clock(_ wall: Int64) -> String
}

extension TimeSource {
  /// `nil`: not known.
  public var boot: String? { nil }

  /// The moment in UTC.
  public func clock(_ wall: Int64) -> String { "\(Timestamp.text(wall).dropFirst(11).prefix(5)) UTC" }
}
