#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Encoding
internal import Predictions

/// The machine's clocks.
struct SystemTime: TimeSource {
  var now: Moment {
    #if canImport(Darwin)
      // On macOS CLOCK_MONOTONIC includes the time that the machine sleeps.
      let steady = CLOCK_MONOTONIC
    #else
      let steady = CLOCK_BOOTTIME
    #endif
    return Moment(steady: milliseconds(steady), wall: milliseconds(CLOCK_REALTIME))
  }

  var boot: String? { Self.boot }

  #if canImport(Darwin)
    private static let boot: String? = {
      var bytes = [UInt8](repeating: 0, count: 64)
      var count = bytes.count
      guard sysctlbyname("kern.bootsessionuuid", &bytes, &count, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
    }()
  #else
    private static let boot: String? = {
      let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(file, &bytes, bytes.count)
      return count > 0 ? String(decoding: bytes.prefix(count).prefix { $0 > 0x20 }, as: UTF8.self) : nil
    }()
  #endif

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
