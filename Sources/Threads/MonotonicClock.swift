#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The clock for durations within one process: it cannot be set, and may stand still while the machine sleeps.
public enum MonotonicClock {
  /// Nanoseconds since an arbitrary moment.
  public static var nanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Milliseconds since an arbitrary moment.
  public static var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
