/// When a POST may have been sent, by the clocks at that time. All figures are milliseconds.
///
/// The wall clock may have been set between the POST and a search of the history. The recorded values of the steady
/// clock and of the provider's clock give the time of the POST by the present clocks.
public struct SendTime: Sendable, Equatable {
  /// The earliest moment at which it could be sent, by the wall clock at that time.
  public var sentAt: Int64
  /// When its reply was given up, by the wall clock at that time; `nil` where it was not.
  public var untilAt: Int64?
  /// `sentAt` on the steady clock, which counts from `boot`; see `TimeSource.boot`.
  public var steady: Int64?
  /// `nil` where the boot was not known.
  public var boot: String?
  /// The provider's clock minus the local one at that time, where an answer showed it.
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

  /// The assumed wait for a reply, where its end was not recorded.
  private static let patience: Int64 = 120_000

  /// When the provider may have received it, by the present local wall clock.
  ///
  /// - Parameters:
  ///   - boot: the present boot.
  ///   - margins: of the provider's history.
  public func window(at now: Moment, boot: String?, within margins: HistoryWindow) -> ClosedRange<Int64> {
    window(from: sent(at: now, boot: boot), margins)
  }

  /// When the provider may have received it, by the provider's clock.
  ///
  /// - Parameters:
  ///   - presentSkew: the provider's clock minus the local one, now.
  ///   - margins: of the provider's history.
  public func providerWindow(
    at now: Moment, boot: String?, presentSkew: Int64, within margins: HistoryWindow
  ) -> ClosedRange<Int64> {
    window(from: clockSkew.map { sentAt + $0 } ?? sent(at: now, boot: boot) + presentSkew, margins)
  }

  /// The time of the POST by the present local wall clock. Within the same boot the steady clock gives its age;
  /// otherwise the recorded wall time is used.
  private func sent(at now: Moment, boot: String?) -> Int64 {
    guard let steady, let boot, boot == self.boot, steady <= now.steady else { return sentAt }
    return now.wall - (now.steady - steady)
  }

  private func window(from sent: Int64, _ margins: HistoryWindow) -> ClosedRange<Int64> {
    let length = untilAt.map { $0 - sentAt } ?? Self.patience
    // Negative where the clock was set back meanwhile.
    return sent - margins.before...sent + (length >= 0 ? length : Self.patience) + margins.after
  }
}
