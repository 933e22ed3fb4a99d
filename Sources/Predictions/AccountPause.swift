/// A pause of an account: no process sends anything for the account before it ends. All times are milliseconds.
///
/// Pure: a store keeps it in the account's row, and begins and reads it inside its transactions.
public struct AccountPause: Sendable, Equatable {
  /// Why the provider refused.
  public var reason: PredictionFailure.Kind
  /// Its length when it began.
  public var length: Int64
  /// When it ends, by the wall clock.
  public var until: Int64
  /// The balance, in millionths, that was too little when it was last read; `nil` where it was not read.
  public var balance: Int64?

  /// A pause.
  public init(reason: PredictionFailure.Kind, length: Int64, until: Int64, balance: Int64? = nil) {
    self.reason = reason
    self.length = length
    self.until = until
    self.balance = balance
  }

  /// The longest pause for a problem that a person must solve: a key, an empty account.
  private static let longest: Int64 = 600_000

  /// How long it still lasts; `nil` once it is over.
  ///
  /// If more time remains than the pause was long, the wall clock was set back since, and it is not known when the
  /// pause began: it counts as over. At worst the provider refuses one more request, which costs nothing.
  public func remaining(at now: Int64) -> Int64? {
    let left = until - now
    return (1...max(length, 1)).contains(left) ? left : nil
  }

  /// The pause after a refusal.
  ///
  /// For a problem that a person must solve, a pause that begins within ten minutes of one for the same reason is twice
  /// as long, up to ten minutes. A pause that would end before the present one changes nothing.
  ///
  /// - Parameter last: the present or the previous pause; `nil` where there was none.
  public static func after(
    _ last: AccountPause?, because reason: PredictionFailure.Kind, for length: Int64, at now: Int64
  ) -> AccountPause {
    var next = AccountPause(reason: reason, length: length, until: now + length)
    let isForPeople = reason == .authentication || reason == .insufficientCredit
    if let last, isForPeople, last.reason == reason, now - last.until < longest, last.until - now <= longest {
      next.length = min(longest, max(length, 2 * last.length))
      next.until = now + next.length
      next.balance = last.balance
    }
    if let last, let left = last.remaining(at: now), left > next.length { return last }
    return next
  }

  /// Whether a balance shows a top-up: it covers the next prediction and is higher than the balance that was too
  /// little.
  ///
  /// - Parameter price: of the next prediction; `nil` where it is not known.
  public func isToppedUp(balance now: Int64, price: Int64?) -> Bool {
    if let balance, now <= balance { return false }
    return price.map { now >= $0 } ?? (balance != nil)
  }
}

/// Why an accepted prediction is not sent at the moment, and until when: its account pauses.
public struct Waiting: Sendable, Equatable {
  /// Why the provider refused the account's last request.
  public var reason: PredictionFailure.Kind
  /// The end of the pause, milliseconds since 1970.
  public var until: Int64

  /// The state of a prediction whose account pauses.
  public init(reason: PredictionFailure.Kind, until: Int64) {
    self.reason = reason
    self.until = until
  }

  /// The reason in a few words, for people.
  public var words: String {
    switch reason {
    case .insufficientCredit: "the account has not enough credit"
    case .authentication: "the provider does not accept the key"
    case .rateLimited: "the provider takes no more requests for now"
    default: "the account pauses (\(reason.rawValue))"
    }
  }
}
