internal import Encoding
internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A folder with images of documents and their lock file.
///
/// A new image is complete in a temporary file before the lock names it, and takes its name after that. If the process ends in
/// between, `finish` gives it its name later: no image is lost, none is without an entry, and an old one stays until then.
struct ImageFolder {
  /// Absolute.
  let path: String

  /// Why a file could not be read or written, as one sentence.
  struct Failure: Error {
    let message: SafeText
  }

  /// The largest lock file that is read, in bytes.
  private static let longestLock = 16 << 20

  private var lockPath: String { "\(path)/\(ImageLock.name)" }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  private func partial(_ name: String) -> String { "\(path)/.\(name).part" }

  // MARK: - Reading

  /// The lock file; one without images where there is none.
  func lock() throws(Failure) -> ImageLock {
    // Opening a pipe would wait.
    if Self.exists(lockPath), !ImageSource.isFile(lockPath) {
      throw Failure(message: "\(SafeText(path: lockPath)) is not a regular file.")
    }
    switch Self.contents(of: lockPath, atMost: Self.longestLock) {
    case .failure(let code) where code == ENOENT || code == ENOTDIR: return ImageLock()
    case .failure(let code): throw Failure(message: "\(SafeText(path: lockPath)) cannot be read: \(Self.reason(code)).")
    case .bytes(let bytes):
      do throws(ImageLock.Unreadable) {
        return try ImageLock(parsing: bytes)
      } catch {
        throw Failure(
          message:
            "\(SafeText(path: lockPath)) \(error.reason). Without it an image might be paid for again; restore it, for example with git."
        )
      }
    }
  }

  /// The file of this name, or the complete new one that only lacks its name.
  ///
  /// - Parameter digest: hashes a file.
  func existing(
    _ name: String, for entry: ImageLock.Entry?, digest: (String) throws(FileDigestError) -> [UInt8]
  ) -> BuildStep.Existing {
    if let entry, (try? digest(partial(name)))?.hexadecimal == entry.sha256 { return .file(entry.sha256) }
    guard Self.exists(file(name)) else { return .none }
    do throws(FileDigestError) {
      return .file(try digest(file(name)).hexadecimal)
    } catch {
      return .unreadable(SafeText(error.reason, atMost: 200))
    }
  }

  // MARK: - Writing

  /// Makes the folder, and checks that files can be written there.
  func prepare() throws(Failure) {
    if let code = Self.makeFolder(path) {
      throw Failure(message: "The folder \(SafeText(path: path)) cannot be made: \(Self.reason(code)).")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Failure(message: "The folder \(SafeText(path: path)) cannot be written: \(Self.reason(errno)).")
    }
  }

  /// Gives a complete new image its name, if that was interrupted.
  func finish(_ name: String, _ entry: ImageLock.Entry?, digest: (String) throws(FileDigestError) -> [UInt8]) {
    if let entry, (try? digest(partial(name)))?.hexadecimal == entry.sha256 { _ = rename(partial(name), file(name)) }
  }

  /// Writes an image and its entry. Other processes that write into the same folder wait.
  ///
  /// - Parameters:
  ///   - replaced: SHA-256 of the file that it replaces, in hexadecimal; `nil` where there is none.
  ///   - write: passes the bytes of the image in pieces; false where they could not be read.
  func place(
    _ name: String, _ entry: ImageLock.Entry, replacing replaced: String?,
    digest: (String) throws(FileDigestError) -> [UInt8], write: (([UInt8]) -> Void) -> Bool
  ) throws(Failure) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Self.unwritten(lockPath, errno) }
    defer { close(folder) }
    while flock(folder, LOCK_EX) != 0, errno == EINTR {}
    var lock = try lock()
    if Self.exists(file(name)) {
      let found = (try? digest(file(name)))?.hexadecimal
      // Another build has just made it.
      if found == entry.sha256, lock[name] == entry { return }
      guard let found, found == replaced else {
        throw Failure(message: "\(SafeText(path: file(name))) was changed meanwhile and is left as it is.")
      }
    }
    try writeFile(partial(name), for: file(name), write)
    lock[name] = entry
    let temporary = "\(path)/.\(ImageLock.name).part"
    do throws(Failure) {
      try writeFile(temporary, for: lockPath) { write in
        write(Array(lock.text.utf8))
        return true
      }
    } catch {
      unlink(partial(name))
      throw error
    }
    guard rename(temporary, lockPath) == 0 else { throw Self.unwritten(lockPath, errno) }
    guard rename(partial(name), file(name)) == 0 else { throw Self.unwritten(file(name), errno) }
    fsync(folder)
  }

  /// Writes a whole file, which takes the name `final` later.
  private func writeFile(
    _ path: String, for final: String, _ write: (([UInt8]) -> Void) -> Bool
  ) throws(Failure) {
    // One with this name was left by a process that has ended, or is a trap: a link is removed and never followed.
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.unwritten(final, errno) }
    defer { close(descriptor) }
    var failed: Int32?
    let isWhole = write { piece in failed = failed ?? writeAll(piece, to: descriptor) }
    if failed == nil, fsync(descriptor) != 0 { failed = errno }
    guard isWhole, failed == nil else {
      unlink(path)
      throw failed.map { Self.unwritten(final, $0) } ?? Failure(message: "The saved image could not be read.")
    }
  }

  private static func unwritten(_ path: String, _ code: Int32) -> Failure {
    Failure(message: "\(SafeText(path: path)) could not be written: \(reason(code)).")
  }

  private static func makeFolder(_ path: String) -> Int32? {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? nil : ENOTDIR }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return errno }
    if let code = makeFolder(String(path[..<slash])) { return code }
    return mkdir(path, 0o777) == 0 || errno == EEXIST ? nil : errno
  }

  // MARK: - Any file

  enum Contents {
    case bytes([UInt8])
    /// The `errno`; EFBIG where it is longer than allowed.
    case failure(Int32)
  }

  /// The bytes of a file; `-` is standard input.
  static func contents(of path: String, atMost limit: Int) -> Contents {
    let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return .failure(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failure(errno) }
      guard count > 0 else { return .bytes(bytes) }
      bytes += buffer.prefix(count)
      guard bytes.count <= limit else { return .failure(EFBIG) }
    }
  }

  /// A path without links, where it exists.
  static func real(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  static func reason(_ code: Int32) -> SafeText { SafeText(String(cString: strerror(code)), atMost: 200) }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }
}
