internal import Encoding

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file of this disk that a server on this machine names in place of an address. Pictures, videos and sounds only: the name
/// comes from the server, and no text of the user may become an output.
public final class LocalFile: Sendable {
  /// Its length, in bytes.
  public let length: Int64
  private let descriptor: Int32

  /// Opens a regular file whose first bytes are those of a picture, a video or a sound; `nil` for everything else. Never blocks.
  ///
  /// - Parameter path: from the root.
  public init?(path: String) {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else { return nil }
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard opened >= 0 else { return nil }
    var status = stat()
    guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Self.isMedia(opened) else {
      close(opened)
      return nil
    }
    descriptor = opened
    length = Int64(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads the next bytes; empty at the end, `nil` where the disk cannot be read.
  public func read(atMost count: Int) -> [UInt8]? {
    Self.bytes(of: descriptor, atMost: count, from: nil)
  }

  private static func isMedia(_ descriptor: Int32) -> Bool {
    guard let head = bytes(of: descriptor, atMost: FileFormat.headBytes, from: 0) else { return false }
    return [.image, .video, .audio].contains(FileFormat(head: head).kind)
  }

  /// - Parameter offset: `nil` for where the last read ended.
  private static func bytes(of descriptor: Int32, atMost count: Int, from offset: off_t?) -> [UInt8]? {
    while true {
      var found = -1
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
        found =
          offset.map { pread(descriptor, buffer.baseAddress, count, $0) }
          ?? systemRead(descriptor, buffer.baseAddress, count)
        length = max(0, found)
      }
      if found >= 0 { return bytes }
      guard errno == EINTR else { return nil }
    }
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
