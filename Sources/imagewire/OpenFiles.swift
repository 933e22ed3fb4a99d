#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How many files the process may have open.
enum OpenFiles {
  /// Raises the limit to 4,096 or as far as the system lets a process raise it: shells and hosts begin with 256 or fewer,
  /// for the sake of programs that use select(2). Such limits are for the process itself to raise.
  static func raiseLimit() {
    #if canImport(Glibc)
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let kind = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < 4_096 else { return }
    limit.rlim_cur = min(limit.rlim_max, 4_096)
    _ = setrlimit(kind, &limit)
  }
}
