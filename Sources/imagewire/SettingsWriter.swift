#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Replaces small files as one step: all of them are written beside their places first, and only then renamed, so that a
/// full disk leaves everything as it was.
struct SettingsWriter {
  /// Why nothing was written.
  struct Failure: Error {
    /// One sentence.
    var message: String
  }

  private var staged: [(temporary: String, path: String)] = []

  /// Writes the bytes beside the file and syncs them.
  ///
  /// - Parameters:
  ///   - path: absolute; where it is a symbolic link, the file it leads to is replaced and the link stays.
  ///   - isSecret: mode 0600 whatever the old file had; otherwise an old file's mode stays, and a new file has 0600.
  mutating func stage(_ bytes: [UInt8], at path: String, isSecret: Bool) throws(Failure) {
    let target = realpath(path, nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    let place = target ?? path
    try Self.makeFolder(of: place)
    let temporary = "\(place).\(getpid()).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure(place) }
    staged.append((temporary, place))
    defer { close(descriptor) }
    var old = stat()
    if !isSecret, stat(place, &old) == 0 { fchmod(descriptor, old.st_mode & 0o777) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(place) }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw Self.failure(place) }
  }

  /// Puts everything in its place.
  mutating func commit() throws(Failure) {
    while let next = staged.first {
      guard rename(next.temporary, next.path) == 0 else { throw Self.failure(next.path) }
      staged.removeFirst()
    }
  }

  /// Removes what was written and not put in its place.
  mutating func discard() {
    for file in staged { unlink(file.temporary) }
    staged = []
  }

  /// The folder that the file is in, for the user alone where it is new.
  private static func makeFolder(of path: String) throws(Failure) {
    var made = ""
    for part in path.split(separator: "/").dropLast() {
      made += "/\(part)"
      if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS, errno != EACCES {
        throw failure(made)
      }
    }
  }

  private static func failure(_ path: String) -> Failure {
    Failure(message: "\(path) could not be written: \(String(cString: strerror(errno))).")
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
