#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The limit of open files.
enum OpenFiles {
  /// Raises the limit to 4,096, or as far as the system allows. Shells and hosts set 256 or fewer for programs that use
  /// select(2), and expect other programs to raise it.
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
