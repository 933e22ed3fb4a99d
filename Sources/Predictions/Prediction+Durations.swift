extension Prediction {
  /// From acceptance to the moment it could be sent, in milliseconds; `nil` before that moment, and where the clock was
  /// set back meanwhile.
  public var queuedMilliseconds: Int64? { Self.elapsed(from: createdAt, to: startedAt) }

  /// From acceptance to the end, likewise.
  public var totalMilliseconds: Int64? { Self.elapsed(from: createdAt, to: finishedAt) }

  /// From the moment it could be sent to the end, likewise.
  public var workMilliseconds: Int64? { Self.elapsed(from: startedAt, to: finishedAt) }

  private static func elapsed(from begun: Int64?, to ended: Int64?) -> Int64? {
    guard let begun, let ended, ended >= begun else { return nil }
    return ended - begun
  }

  /// Whether the next search of the history may be made. The longest pause is an hour: a later time was written before
  /// the clock was set back.
  public func isSearchDue(at now: Int64) -> Bool {
    nextAt.map { $0 <= now || $0 > now + Self.longestSearchPause } ?? true
  }

  /// The longest pause between two searches of the history, in milliseconds.
  public static let longestSearchPause: Int64 = 3_600_000
}
