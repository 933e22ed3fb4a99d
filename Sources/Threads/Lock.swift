#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The mutex and the condition of a `Protected`.
///
/// It uses `pthread_mutex_t` and not `Synchronization.Mutex`, for which the thread sanitizer on Linux reports false races.
///
/// `@unchecked Sendable`: the two pointers never change, and POSIX allows any thread to use the objects behind them.
@usableFromInline
final class Lock: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  @usableFromInline
  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    #if DEBUG
      // A thread that takes the lock twice gets an error instead of waiting for itself.
      var kind = pthread_mutexattr_t()
      pthread_mutexattr_init(&kind)
      pthread_mutexattr_settype(&kind, Int32(PTHREAD_MUTEX_ERRORCHECK))
      pthread_mutex_init(mutex, &kind)
      pthread_mutexattr_destroy(&kind)
    #else
      pthread_mutex_init(mutex, nil)
    #endif
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      // Waits are measured on the clock that cannot be set.
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  @usableFromInline
  func lock() {
    let result = pthread_mutex_lock(mutex)
    assert(result == 0, "the lock does not nest, and this thread holds it already")
  }

  @usableFromInline
  func unlock() { pthread_mutex_unlock(mutex) }

  #if DEBUG
    /// Whether the calling thread holds the lock. Waits while another thread holds it.
    @usableFromInline
    var isHeldByThisThread: Bool {
      guard pthread_mutex_lock(mutex) == 0 else { return true }
      pthread_mutex_unlock(mutex)
      return false
    }
  #endif

  /// Wakes all waiting threads; each checks its condition again once it has the lock.
  @usableFromInline
  func wakeAll() { pthread_cond_broadcast(condition) }

  /// The monotonic time in so many milliseconds, in nanoseconds. At most a century ahead, so that it fits into 64 bits.
  @usableFromInline
  static func deadline(in milliseconds: Int64) -> Int64 {
    MonotonicClock.nanoseconds + min(max(0, milliseconds), 3_155_760_000_000) * 1_000_000
  }

  /// Releases the lock until `wakeAll` or a spurious wakeup, and takes it again.
  ///
  /// - Returns: `false` where the deadline had passed before.
  @usableFromInline
  func wait(until deadline: Int64?) -> Bool {
    guard let deadline else {
      pthread_cond_wait(condition, mutex)
      return true
    }
    let left = deadline - MonotonicClock.nanoseconds
    if left <= 0 { return false }
    #if canImport(Darwin)
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #else
      var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
      pthread_cond_timedwait(condition, mutex, &time)
    #endif
    return true
  }
}
