#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The contents of a small file: settings or a key.
enum SmallFile: Equatable, Sendable {
  /// There is no file of that name.
  case absent
  /// Its bytes.
  case bytes([UInt8])
  /// It cannot be read. The text continues a sentence after the file's name: "is not a regular file".
  case unreadable(String)

  /// Files longer than this many bytes are refused.
  static let limit = 64 << 10

  /// Reads a regular file. Symbolic links are followed, since secrets are often mounted as links. Opening never blocks, as a
  /// FIFO without a writer would.
  static func read(_ path: String) -> SmallFile { read(path, atMost: limit) }

  /// Reads a regular file of at most so many bytes.
  static func read(_ path: String, atMost limit: Int) -> SmallFile {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      // ENOTDIR: a part of the path is a file.
      return errno == ENOENT || errno == ENOTDIR ? .absent : .unreadable("cannot be read: \(reason(errno))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .unreadable("cannot be read: \(reason(errno))") }
    guard status.st_mode & S_IFMT == S_IFREG else { return .unreadable("is not a regular file") }
    return contents(of: descriptor, atMost: limit)
  }

  /// All of standard input.
  static func readInput() -> SmallFile { contents(of: 0, atMost: limit) }

  private static func contents(of descriptor: Int32, atMost limit: Int) -> SmallFile {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .unreadable("cannot be read: \(reason(errno))") }
      guard count > 0 else { return .bytes(bytes) }
      bytes += buffer.prefix(count)
      guard bytes.count <= limit else { return .unreadable("is longer than \(limit) bytes") }
    }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
