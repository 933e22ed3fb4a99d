internal import Encoding

/// A moment on two clocks.
public struct Moment: Sendable, Equatable {
  /// Milliseconds on a clock that nobody sets and that counts a laptop's sleep. For delays; means nothing elsewhere.
  public var steady: Int64
  /// Milliseconds since 1970, UTC. Only for what is stored or shown.
  public var wall: Int64

  /// A moment.
  public init(steady: Int64, wall: Int64) {
    self.steady = steady
    self.wall = wall
  }
}

/// Tells the time. Comes in through `init` everywhere, so that tests can bring their own.
public protocol TimeSource: Sendable {
  /// The moment it is.
  var now: Moment { get }

  /// Names the start of the machine from which `steady` counts; `nil` where it is not known. What `steady` said is
  /// comparable only under the same name.
  var boot: String? { get }

  /// A moment of the wall clock as people here read it: `01:00 CET`.
  func clock(_ wall: Int64) -> String
}

extension TimeSource {
  /// Not known.
  public var boot: String? { nil }

  /// In UTC.
  public func clock(_ wall: Int64) -> String { "\(Timestamp.text(wall).dropFirst(11).prefix(5)) UTC" }
}
