/// The next moment at which the clock's thread wakes. A pure struct.
struct Alarm: Sendable {
  /// What a new moment asks for.
  enum Change: Sendable, Equatable {
    case unchanged
    /// There is something to wait for, and no thread yet.
    case first
    /// The thread must look again.
    case moved
  }

  /// On the steady clock in milliseconds; `nil` while there is nothing to wait for.
  private(set) var at: Int64?
  private var hasThread = false

  /// Sets the moment.
  mutating func set(_ next: Int64?) -> Change {
    guard next != at else { return .unchanged }
    at = next
    guard !hasThread, next != nil else { return .moved }
    hasThread = true
    return .first
  }

  /// The thread has woken: whatever is set next moves the alarm.
  mutating func ring() { at = nil }
}
