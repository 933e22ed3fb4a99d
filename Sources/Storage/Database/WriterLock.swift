internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Decides which process may begin a writing transaction.
///
/// An attempt to take SQLite's lock costs several system calls, and with hundreds of processes most attempts fail. Here an
/// attempt is one `flock`, and the pauses between attempts grow. SQLite's lock keeps the file safe, also against programs
/// that do not know this lock; losing these files costs only fairness.
///
/// It polls, because a process that is stopped while it waits in the kernel would hold up all processes behind it. Two
/// files make it fair: the next process holds `writer.next` while it waits for `writer.lock`, so that a process that writes
/// without a break cannot take the lock before it. Others respect that turn for two seconds: its holder may be stopped.
final class WriterLock {
  /// How long to try, in milliseconds.
  static let patience: Int64 = 30_000
  private static let courtesy: Int64 = 2_000
  /// How long a process may go on with groups that are waiting already, in milliseconds.
  private static let turn: Int64 = 20

  private let lock: Descriptor
  private let next: Descriptor
  /// When the lock was taken; `nil` while it is not held.
  private var heldSince: Int64?

  /// Opens the lock files of a state directory; creates them where they are missing.
  init(in directory: String) throws(SystemError) {
    lock = try Descriptor(openingOwn: directory + "/writer.lock")
    next = try Descriptor(openingOwn: directory + "/writer.next")
  }

  /// Takes the lock, or keeps it. Called on the store's thread and while a database is opened, never on a thread that
  /// answers calls.
  ///
  /// - Returns: false after a time-out.
  func acquire() -> Bool {
    if heldSince != nil { return true }
    let start = MonotonicClock.milliseconds
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
      now = MonotonicClock.milliseconds
    }
    heldSince = now
    return true
  }

  /// In microseconds. Short for the next process, so that the lock is not free for long; long for the processes behind it,
  /// whose attempts cost processor time; shorter again for writers that have waited so long that newer ones must not overtake
  /// them.
  private static func longestPause(afterWaiting milliseconds: Int64, hasTurn: Bool) -> UInt32 {
    hasTurn ? 5_000 : milliseconds > patience / 3 ? 25_000 : 250_000
  }

  /// Whether the turn is long enough for one more group.
  var mayContinue: Bool { heldSince.map { MonotonicClock.milliseconds - $0 < Self.turn } ?? false }

  /// Releases the lock.
  func release() {
    guard heldSince != nil else { return }
    heldSince = nil
    lock.unlock()
  }
}

/// The pauses between attempts to take a lock that another process holds: from 1 ms to `longest`, each half as long again as
/// the one before, and shortened at random by up to a quarter, because equal pauses starve one of two processes.
struct LockPauses {
  /// In microseconds.
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
