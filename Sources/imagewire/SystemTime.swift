#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Predictions

/// The machine's clocks.
struct SystemTime: TimeSource {
  var now: Moment {
    #if canImport(Darwin)
      // On macOS CLOCK_MONOTONIC goes on while the machine sleeps.
      let steady = CLOCK_MONOTONIC
    #else
      let steady = CLOCK_BOOTTIME
    #endif
    return Moment(steady: milliseconds(steady), wall: milliseconds(CLOCK_REALTIME))
  }

  private func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
