#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Core dumps, the memory of a process that a crash writes to disk.
enum CoreDumps {
  /// Turns core dumps off, since they would contain the key. A process without a key may write them.
  ///
  /// The limit is 1 and not 0, because Linux hands the image to a program that collects them (systemd-coredump, apport)
  /// whatever the limit, except where it is 1; a file of one byte is not written either. `PR_SET_DUMPABLE` would do the
  /// same, but would also give `/proc/<pid>` to root and keep debuggers away.
  static func forbid() {
    #if canImport(Glibc)
      let size = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    #else
      let size = RLIMIT_CORE
    #endif
    var limit = rlimit()
    guard getrlimit(size, &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 1)
    _ = setrlimit(size, &limit)
  }
}
