#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The number of files that this process may have open (`RLIMIT_NOFILE`).
public enum OpenFiles {
  /// Enough for everything that the program opens.
  private static let enough: rlim_t = 4_096

  /// The limit, or 4,096 where it is higher. Read once, so call `raiseLimit` before.
  public static let limit = Int(min(limits?.rlim_cur ?? 1_024, enough))

  /// Raises the limit to 4,096, or as far as the system allows: shells and hosts start programs with 256 or 1,024, for
  /// the sake of programs that use select(2), and expect the others to raise it.
  public static func raiseLimit() {
    guard var limits, limits.rlim_cur < enough else { return }
    limits.rlim_cur = min(limits.rlim_max, enough)
    _ = setrlimit(kind, &limits)
  }

  private static var limits: rlimit? {
    var limits = rlimit()
    return getrlimit(kind, &limits) == 0 ? limits : nil
  }

  #if canImport(Glibc)
    private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
  #else
    private static var kind: Int32 { RLIMIT_NOFILE }
  #endif
}
