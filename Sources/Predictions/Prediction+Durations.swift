extension Prediction {
  /// From its acceptance to the moment it could be sent, in milliseconds; `nil` before that, and where the clock was set
  /// back meanwhile, so that nobody knows.
  public var queuedMilliseconds: Int64? { Self.elapsed(from: createdAt, to: startedAt) }

  /// From its acceptance to its end, likewise.
  public var totalMilliseconds: Int64? { Self.elapsed(from: createdAt, to: finishedAt) }

  /// From the moment it could be sent to its end, likewise.
  public var workMilliseconds: Int64? { Self.elapsed(from: startedAt, to: finishedAt) }

  private static func elapsed(from begun: Int64?, to ended: Int64?) -> Int64? {
    guard let begun, let ended, ended >= begun else { return nil }
    return ended - begun
  }

  /// Whether the next search of the history may be made. The longest pause is an hour: a later time was written by a clock
  /// that has been set back since.
  public func isSearchDue(at now: Int64) -> Bool {
    nextAt.map { $0 <= now || $0 > now + Self.longestSearchPause } ?? true
  }

  /// Milliseconds.
  public static let longestSearchPause: Int64 = 3_600_000
}
