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

  func clock(_ wall: Int64) -> String {
    var seconds = time_t(wall / 1_000)
    var local = tm()
    var text = [CChar](repeating: 0, count: 64)
    guard localtime_r(&seconds, &local) != nil, strftime(&text, text.count, "%H:%M %Z", &local) > 0 else {
      return Timestamp.text(wall)
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
