#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The bytes of a regular file, for an upload. Open until it is released.
final class FileSource: Sendable {
  private let descriptor: Int32

  /// Opens a file; `nil` where it cannot be read, is a link, or has another length.
  init?(_ path: String, bytes: Int64) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == bytes else {
      close(descriptor)
      return nil
    }
  }

  /// Whether there is something at a path.
  static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  deinit { close(descriptor) }

  /// Fills a buffer from an offset on; `nil` where the file cannot be read.
  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
    return count > 0 ? count : nil
  }
}
