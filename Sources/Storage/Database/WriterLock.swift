#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Decides which process may begin a writing transaction on a table.
///
/// SQLite's own lock costs several system calls an attempt, and with hundreds of processes most attempts fail. Here an
/// attempt is one `flock`, and the pauses between attempts grow. Programs older than this lock do not know it: against
/// them SQLite's lock and its busy handler still decide, so losing these files costs fairness and never safety.
///
/// Polling, because a process that waits inside the kernel and is stopped there holds up all behind it. Two files make it
/// fair: whoever is next holds `writer.next` while it waits for `writer.lock`, so a process that writes without a break
/// cannot take the lock again before it. That turn is a courtesy for two seconds: the process that has it may be stopped.
final class WriterLock {
  /// How long to try, in milliseconds.
  static let patience: Int64 = 30_000
  private static let courtesy: Int64 = 2_000
  /// How long a process may go on with further groups of writes that are waiting already, in milliseconds.
  private static let turn: Int64 = 20

  private let lock: Descriptor
  private let next: Descriptor
  /// When the lock was taken; `nil` while it is not held.
  private var heldSince: Int64?

  /// Opens the lock files of a state directory, and makes them where they are missing.
  init(in directory: String) throws(SystemError) {
    lock = try Descriptor(openingOwn: directory + "/writer.lock")
    next = try Descriptor(openingOwn: directory + "/writer.next")
  }

  /// Takes the lock, or keeps it. Called on the store's thread and while a table is opened, never on a thread that answers
  /// calls.
  ///
  /// - Returns: false when the time was up before.
  func acquire() -> Bool {
    if heldSince != nil { return true }
    let start = monotonicMilliseconds()
    var now = start
    var pauses = LockPauses()
    var hasTurn = false
    defer { if hasTurn { next.unlock() } }
    while true {
      hasTurn = hasTurn || next.lock(LOCK_EX)
      if hasTurn || now - start > Self.courtesy, lock.lock(LOCK_EX) { break }
      guard now - start < Self.patience else { return false }
      pauses.longest = Self.longestPause(afterWaiting: now - start, hasTurn: hasTurn)
      pauses.sleep()
      now = monotonicMilliseconds()
    }
    heldSince = now
    return true
  }

  /// In microseconds. Short for the one process that is next, so that the lock is never free for long; long for the crowd
  /// behind it, which would spend the CPU's time on looking; shorter for those who have waited so long that newer ones must
  /// not overtake them any more.
  private static func longestPause(afterWaiting milliseconds: Int64, hasTurn: Bool) -> UInt32 {
    hasTurn ? 5_000 : milliseconds > patience / 3 ? 25_000 : 250_000
  }

  /// Whether the turn is long enough for one more group.
  var mayContinue: Bool { heldSince.map { monotonicMilliseconds() - $0 < Self.turn } ?? false }

  /// Lets others write.
  func release() {
    guard heldSince != nil else { return }
    heldSince = nil
    lock.unlock()
  }
}

/// The pauses between attempts to take a lock that another process holds: from 1 ms to 50 ms, or what is said, each half as
/// long again as the one before, and shortened at random by up to a quarter, because equal pauses starve one of two processes.
struct LockPauses {
  /// What they grow to, in microseconds.
  var longest: UInt32 = 50_000
  private var pause: UInt32 = 1_000

  /// The next pause, in microseconds.
  mutating func next() -> UInt32 {
    let now = min(pause, longest)
    pause = now * 3 / 2
    return .random(in: now - now / 4...now)
  }

  /// Sleeps for the next pause.
  mutating func sleep() { usleep(next()) }
}

/// Milliseconds of a clock that nobody sets.
func monotonicMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
