#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How many transfers may be under way: fewer where the process may open only few files, so that none fails for that.
struct HTTPSlots: Equatable {
  /// All of them.
  var transfers = 64
  /// Downloads and uploads among them, so that no poll waits behind large files.
  var large = 4

  /// What the rest of the program has open at most: the standard streams, the table twice with its log, its locks, the
  /// client's own pipes and, for a moment, a certificate file.
  private static let reserve = 16

  /// - Parameter descriptors: how many files the process may have open.
  init(descriptors: Int) {
    let free = descriptors - Self.reserve
    // A large one has its connection, its file and, while that gets its name, the directory.
    large = max(1, min(large, free / 6))
    transfers = max(large + 1, min(transfers, free - 2 * large))
  }

  /// By the limit of this process.
  static var ofThisProcess: HTTPSlots {
    var limit = rlimit()
    #if canImport(Glibc)
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let kind = RLIMIT_NOFILE
    #endif
    guard getrlimit(kind, &limit) == 0 else { return HTTPSlots(descriptors: 1_024) }
    return HTTPSlots(descriptors: Int(min(limit.rlim_cur, 1 << 20)))
  }
}
