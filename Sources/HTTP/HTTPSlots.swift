internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The number of transfers that may run at once: fewer where the process may open only few files, so that no transfer
/// fails for want of a file descriptor.
struct HTTPSlots: Equatable {
  /// All transfers.
  var transfers = 64
  /// Downloads and uploads among them, so that no poll waits behind large files.
  var large = 16

  /// The least number of files that the process must be allowed to open: with fewer, no output could be saved.
  static let least = 32
  /// Files that the program has open at rest: the standard streams and their copies, the pipe for signals, the output
  /// directory, the database twice with its log, its locks, and libcurl's own pipe.
  private static let atRest = 20
  /// Files that are open for a moment: the directory of a submit or of a file that is renamed, and sockets of DNS.
  private static let reserve = 8

  /// - Parameters:
  ///   - limit: the number of files that the process may have open.
  ///   - open: the number that it has open now.
  init(limit: Int, open: Int = 0) {
    let free = limit - max(open, Self.atRest) - Self.reserve
    // A download has a connection, a file and a directory open; an output that is drawn here needs as many.
    large = max(1, min(large, free / 6))
    transfers = max(large + 1, min(transfers, free - 4 * large))
  }

  /// By the limit of this process and what it has open.
  static var ofThisProcess: HTTPSlots {
    let limit = OpenFiles.limit
    return HTTPSlots(limit: limit, open: (0..<Int32(limit)).count { fcntl($0, F_GETFD) != -1 })
  }
}
