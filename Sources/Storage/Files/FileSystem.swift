internal import CSQLite

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A failed system call.
struct SystemError: Error, Equatable {
  let code: Int32

  /// As the end of a sentence.
  var reason: String {
    switch code {
    case Self.notRegular.code: "it is not a regular file"
    case Self.replaced.code: "it was moved or replaced"
    case Self.resized.code: "its length was changed"
    case ELOOP: "there is a symbolic link in it"
    default: String(cString: strerror(code)).lowercased()
    }
  }

  /// A directory, a pipe or a device instead of a file.
  static let notRegular = SystemError(code: -1)
  /// A path does not lead any more to the file that was opened.
  static let replaced = SystemError(code: -2)
  /// A file has another length than was recorded.
  static let resized = SystemError(code: -3)

  /// The error of the last call (`errno`).
  static var last: SystemError { SystemError(code: errno) }

  var isFullDisk: Bool { code == ENOSPC || code == EDQUOT }

  /// Whether it shows that a file is not there or is another one: there is no such path, or a link, a directory or other
  /// bytes stand in its place. Any other error, such as too many open files, tells nothing about the file.
  var provesChange: Bool {
    [ENOENT, ENOTDIR, ELOOP, Self.notRegular.code, Self.replaced.code, Self.resized.code].contains(code)
  }
}

/// An open file. Its `flock` is released and it is closed with the last reference.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  deinit {
    // A child process that another thread is starting has a copy of the descriptor until exec, so closing it would not
    // release the lock.
    flock(number, LOCK_UN)
    close(number)
  }

  /// Opens a file, which is closed in child processes.
  convenience init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
    self.init(try retried { open(path, flags | O_CLOEXEC, mode) })
  }

  /// Opens or creates a file of the state directory for reading and writing. Not through a symbolic link.
  convenience init(openingOwn path: String, mode: mode_t = 0o600) throws(SystemError) {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    self.init(try retried { open(path, flags, mode) })
    _ = try regular()
  }

  /// Creates a file; fails where the name is taken, also by a dangling link.
  convenience init(making path: String, mode: mode_t = 0o600) throws(SystemError) {
    self.init(try retried { open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) })
  }

  /// Opens a regular file for reading without waiting: a pipe is refused.
  convenience init(reading path: String, followsLink: Bool = false) throws(SystemError) {
    let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW)
    self.init(try retried { open(path, flags, 0) })
    _ = try regular()
  }

  /// This descriptor, if it is a regular file; throws `notRegular` otherwise.
  func regular() throws(SystemError) -> Descriptor {
    guard let status = FileStatus(of: self) else { throw .last }
    guard status.isPlainFile else { throw .notRegular }
    return self
  }

  /// Takes the lock on the file, or changes its kind, without waiting. A failed change may release the old lock.
  func lock(_ operation: Int32) -> Bool {
    flock(number, operation | LOCK_NB) == 0
  }

  func unlock() {
    _ = flock(number, LOCK_UN)
  }

  /// Writes all bytes.
  func write(_ bytes: borrowing Span<UInt8>) throws(SystemError) {
    var start = 0
    let number = number
    while start < bytes.count {
      let rest = bytes.extracting(start..<bytes.count)
      start += try rest.withUnsafeBytes { buffer throws(SystemError) in
        try retried { SystemCall.write(number, buffer.baseAddress, buffer.count) }
      }
    }
  }

  /// Empties it, and writes at its start from now on.
  func truncate() throws(SystemError) {
    _ = try retried { ftruncate(number, 0) }
    guard lseek(number, 0, SEEK_SET) == 0 else { throw .last }
  }

  /// Sets its modification time to now.
  func touch() { _ = futimens(number, nil) }

  /// Makes written bytes durable.
  func sync() throws(SystemError) {
    #if canImport(Darwin)
      // `fsync` does not reach the platter there.
      if fcntl(number, F_FULLFSYNC) == 0 { return }
    #endif
    _ = try retried { fsync(number) }
  }
}

/// Calls the system's `write`, which the method of the same name hides.
private enum SystemCall {
  static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }
}

/// Repeats a call that fails with a temporary error: EINTR, or those of `passing`.
func retried<Number: FixedWidthInteger>(
  _ passing: [Int32] = [EINTR], _ call: () -> Number
) throws(SystemError) -> Number {
  while true {
    let result = call()
    if result >= 0 { return result }
    if !passing.contains(errno) { throw .last }
  }
}

/// Identifies a file whatever its names.
struct FileIdentity: Equatable, Sendable {
  let device: UInt64
  let number: UInt64
}

/// The status of a file (stat(2)).
struct FileStatus: Equatable, Sendable {
  let identity: FileIdentity
  let bytes: Int64
  let isFolder: Bool
  let isPlainFile: Bool
  let isLink: Bool
  /// The user id of its owner.
  let owner: UInt32
  /// Its modification time, in milliseconds since 1970.
  let modifiedAt: Int64

  /// Follows links; `nil` where there is no file, or its status cannot be read.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The status of a name in a directory, without following a link.
  init?(of name: String, in directory: Directory) {
    var status = stat()
    guard fstatat(directory.descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }

  init?(of descriptor: Descriptor) {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    identity = FileIdentity(device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(status.st_ino))
    bytes = Int64(status.st_size)
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    isPlainFile = status.st_mode & S_IFMT == S_IFREG
    isLink = status.st_mode & S_IFMT == S_IFLNK
    owner = UInt32(status.st_uid)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    modifiedAt = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// Operations on paths.
enum FileSystem {
  /// Creates a directory and those above it, each durable. An existing one is left as it is.
  static func makeFolder(_ path: String, _ permissions: Permissions = .ownerOnly) throws(SystemError) {
    if let status = FileStatus(of: path) {
      if !status.isFolder { throw SystemError(code: ENOTDIR) }
      return
    }
    if errno != ENOENT { throw .last }
    let parent = Self.parent(of: path)
    if parent != path { try makeFolder(parent, permissions) }
    if mkdir(path, permissions.directory) != 0 {
      if errno == EEXIST { return }
      throw .last
    }
    if permissions == .ownerOnly { chmod(path, permissions.directory) }
    try syncFolder(parent)
  }

  /// Makes the names in a directory durable; see `Directory.sync`.
  static func syncFolder(_ path: String) throws(SystemError) {
    try Directory(at: path).sync()
  }

  /// The directory of a path.
  static func parent(of path: String) -> String {
    var bytes = path.utf8[...]
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == bytes.startIndex ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
  }

  /// The names in a directory; empty where it cannot be read.
  static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// The first bytes of a small regular file; `nil` where there is none.
  static func read(_ path: String, atMost limit: Int = 4096, followsLink: Bool = false) -> [UInt8]? {
    guard let file = try? Descriptor(reading: path, followsLink: followsLink) else { return nil }
    return read(file, from: 0, atMost: limit)
  }

  /// Bytes of a file from an offset on, fewer only at its end; `nil` where it cannot be read.
  static func read(_ file: Descriptor, from start: Int64, atMost limit: Int) -> [UInt8]? {
    var filled = 0
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while filled < limit {
        let got = pread(file.number, buffer.baseAddress! + filled, limit - filled, off_t(start) + off_t(filled))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failed = true }
        if got <= 0 { break }
        filled += got
      }
      count = filled
    }
    return failed ? nil : bytes
  }

  /// Renames a file, and replaces one that has the new name.
  static func rename(_ old: String, to new: String) throws(SystemError) {
    if systemRename(old, new) != 0 { throw .last }
  }

  /// Replaces a small file atomically and durably.
  static func replace(_ path: String, with text: String) throws(SystemError) {
    let temporary = path + ".new"
    unlink(temporary)
    let file = try Descriptor(making: temporary)
    try file.write(Array(text.utf8).span)
    try file.sync()
    try rename(temporary, to: path)
    try syncFolder(parent(of: path))
  }

  /// The free and total bytes of the disk that a path is on.
  static func space(at path: String) -> (free: Int64, total: Int64)? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let block = Int64(status.f_frsize)
    return (Int64(status.f_bavail) * block, Int64(status.f_blocks) * block)
  }

  /// Whether a directory is on a network file system, where locks and memory maps do not meet SQLite's needs.
  static func isOnNetwork(_ path: String) -> Bool {
    var status = statfs()
    guard statfs(path, &status) == 0 else { return false }
    #if canImport(Darwin)
      return status.f_flags & UInt32(MNT_LOCAL) == 0
    #else
      return isNetwork(type: UInt32(truncatingIfNeeded: status.f_type))
    #endif
  }

  /// The magic numbers of `statfs(2)`: NFS, SMB, CIFS, SMB2, FUSE, 9p, Lustre, GPFS, Ceph, AFS, Coda.
  static func isNetwork(type: UInt32) -> Bool {
    [
      0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x0BD0_0BD0, 0x4750_4653, 0x00C3_6400,
      0x5346_414F, 0x7375_7245,
    ].contains(type)
  }
}

private func systemRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
