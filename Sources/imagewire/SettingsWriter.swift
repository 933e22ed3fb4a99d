internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Replaces small files together: all are written to temporary files first and renamed after that, so that a full disk
/// changes none of them.
struct SettingsWriter {
  /// The reason that nothing was written.
  struct Failure: Error {
    /// One sentence.
    var message: String
  }

  private var staged: [(temporary: String, path: String)] = []

  /// Writes the bytes to a temporary file beside the file, and syncs it.
  ///
  /// - Parameters:
  ///   - path: absolute. For a symbolic link, its target is replaced and the link stays.
  ///   - isSecret: whether the file gets mode 0600. Otherwise the mode of the old file stays; a new file gets 0600.
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
    if stat(place, &old) == 0 {
      // Run as root, it stays its owner's.
      if geteuid() == 0, old.st_uid != 0 || old.st_gid != 0 { _ = fchown(descriptor, old.st_uid, old.st_gid) }
      if !isSecret { fchmod(descriptor, old.st_mode & 0o777) }
    }
    if let code = writeAll(bytes, to: descriptor) { throw Self.failure(place, code) }
    guard fsync(descriptor) == 0 else { throw Self.failure(place) }
  }

  /// Renames all files to their paths.
  mutating func commit() throws(Failure) {
    while let next = staged.first {
      guard rename(next.temporary, next.path) == 0 else { throw Self.failure(next.path) }
      staged.removeFirst()
    }
  }

  /// Removes the temporary files that were not renamed.
  mutating func discard() {
    for file in staged { unlink(file.temporary) }
    staged = []
  }

  /// Creates the folder of the file; only the user may read a new one.
  private static func makeFolder(of path: String) throws(Failure) {
    var made = ""
    for part in path.split(separator: "/").dropLast() {
      made += "/\(part)"
      if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS, errno != EACCES {
        throw failure(made)
      }
    }
  }

  private static func failure(_ path: String, _ code: Int32 = errno) -> Failure {
    Failure(message: "\(path) could not be written: \(String(cString: strerror(code))).")
  }
}
