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

  /// How many files a process must be allowed to open: with fewer nothing can be fetched and saved.
  static let least = 32
  /// What the program has open at rest: the standard streams and their copies, the signals' pipe, the output directory, the
  /// database twice with its log, its locks, and libcurl's own pipe.
  private static let atRest = 20
  /// What is open for a moment: the directory of a submit or of a file that gets its name, and what looks up a host.
  private static let reserve = 8

  /// - Parameters:
  ///   - limit: how many files the process may have open.
  ///   - open: how many it has open now.
  init(limit: Int, open: Int = 0) {
    let free = limit - max(open, Self.atRest) - Self.reserve
    // A large one has its connection, its file and the directory; an output that is made here has as many.
    large = max(1, min(large, free / 6))
    transfers = max(large + 1, min(transfers, free - 4 * large))
  }

  /// By the limit of this process and what it has open.
  static var ofThisProcess: HTTPSlots {
    let limit = limitOfThisProcess
    return HTTPSlots(limit: limit, open: (0..<Int32(limit)).count { fcntl($0, F_GETFD) != -1 })
  }

  /// How many files this process may have open; of more than 4,096 no more are counted.
  static let limitOfThisProcess: Int = {
    var limit = rlimit()
    #if canImport(Glibc)
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let kind = RLIMIT_NOFILE
    #endif
    return getrlimit(kind, &limit) == 0 ? Int(min(limit.rlim_cur, 4_096)) : 1_024
  }()
}
