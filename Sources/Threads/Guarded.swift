#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A value that only one thread at a time may look at.
///
/// On `pthread_mutex_t` and not `Synchronization.Mutex`, because the thread sanitizer on Linux understands the one and
/// reports false races for the other. The lock does not nest: a body that reaches the same `Guarded` again deadlocks.
///
/// `@unchecked Sendable`: every access to what `value` points to happens with `mutex` held. It is a pointer because the
/// runtime's own check for overlapping accesses would cost as much as the lock, and the lock already rules them out.
public final class Guarded<Value>: @unchecked Sendable {
  private let value: UnsafeMutablePointer<Value>
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  /// Guards a value.
  public init(_ value: sending Value) {
    self.value = .allocate(capacity: 1)
    self.value.initialize(to: value)
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      // Waits are measured on the clock that nobody can set.
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
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Runs a short, non-blocking body with the value.
  public func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value.pointee)
  }

  /// Runs a body that changes the value, and wakes every thread in `wait` so that it looks again.
  public func signal<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return body(&value.pointee)
  }

  /// Waits until the body answers something, asking again after every `signal`; `nil` once the time is up.
  ///
  /// - Parameter milliseconds: how long to wait at most; `nil` is for ever, 0 asks once.
  public func wait<Result>(
    atMost milliseconds: Int64? = nil, until body: (inout Value) -> sending Result?
  ) -> sending Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // A century is for ever, and its nanoseconds still fit.
    let deadline = milliseconds.map { monotonicNanoseconds() + min(max(0, $0), 3_155_760_000_000) * 1_000_000 }
    while true {
      if let result = body(&value.pointee) { return result }
      guard let deadline else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      let left = deadline - monotonicNanoseconds()
      if left <= 0 { return nil }
      #if canImport(Darwin)
        var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        pthread_cond_timedwait_relative_np(condition, mutex, &time)
      #else
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &time)
      #endif
    }
  }

  private func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
