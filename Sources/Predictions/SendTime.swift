/// When a POST was out, by the clocks of its time. All figures are milliseconds.
///
/// The wall clock may have been set between the POST and a search of the history. What was noted of the steady clock, and
/// of the provider's, tells where the POST lies on the clocks of now.
public struct SendTime: Sendable, Equatable {
  /// When it could be sent from, by the wall clock as it was.
  public var sentAt: Int64
  /// When its reply was given up, by the wall clock as it was; `nil` where it was not.
  public var untilAt: Int64?
  /// `sentAt` on the steady clock, and the boot from which that counts; see `TimeSource.boot`.
  public var steady: Int64?
  /// `nil` where the boot was not known.
  public var boot: String?
  /// The provider's clock minus ours at the time, where an answer told it.
  public var clockSkew: Int64?

  /// A time.
  public init(
    sentAt: Int64, untilAt: Int64? = nil, steady: Int64? = nil, boot: String? = nil, clockSkew: Int64? = nil
  ) {
    self.sentAt = sentAt
    self.untilAt = untilAt
    self.steady = steady
    self.boot = boot
    self.clockSkew = clockSkew
  }

  /// Before it was sent: times are rounded, and a skew is known to a second.
  private static let before: Int64 = 5_000
  /// After its reply was given up: the provider may read a request late.
  private static let after: Int64 = 60_000
  /// How long a reply is hoped for where it is not known when that ended.
  private static let patience: Int64 = 120_000

  /// When the provider can have received it, by our wall clock as it is now.
  ///
  /// - Parameter boot: the present one.
  public func window(at now: Moment, boot: String?) -> ClosedRange<Int64> {
    window(from: sent(at: now, boot: boot))
  }

  /// When the provider can have received it, by the provider's clock.
  ///
  /// - Parameter presentSkew: the provider's clock minus ours as it is now.
  public func providerWindow(at now: Moment, boot: String?, presentSkew: Int64) -> ClosedRange<Int64> {
    window(from: clockSkew.map { sentAt + $0 } ?? sent(at: now, boot: boot) + presentSkew)
  }

  /// By our wall clock as it is now. Since the same boot the steady clock tells how long ago it was; otherwise the wall
  /// clock is taken at its word.
  private func sent(at now: Moment, boot: String?) -> Int64 {
    guard let steady, let boot, boot == self.boot, steady <= now.steady else { return sentAt }
    return now.wall - (now.steady - steady)
  }

  private func window(from sent: Int64) -> ClosedRange<Int64> {
    let length = untilAt.map { $0 - sentAt } ?? Self.patience
    // Negative where the clock was set back meanwhile.
    return sent - Self.before...sent + (length >= 0 ? length : Self.patience) + Self.after
  }
}
