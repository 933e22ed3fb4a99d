internal import CFiles

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An open directory. Names in it are resolved from its descriptor, so that it stays the same directory when its path
/// changes.
struct Directory: Sendable {
  let descriptor: Descriptor
  /// Whether paths below it are walked name by name, as systems without openat2(2) must.
  private let walks: Bool

  private init(_ descriptor: Descriptor, walks: Bool) {
    self.descriptor = descriptor
    self.walks = walks
  }

  /// Opens the directory at a path that the user named; symbolic links in it are followed.
  init(at path: String, walks: Bool = false) throws(SystemError) {
    self.init(try Descriptor(opening: path, O_RDONLY | O_DIRECTORY), walks: walks)
  }

  /// The directory at a relative path, no part of which may be a symbolic link (`ELOOP` or `ENOTDIR`).
  ///
  /// - Parameters:
  ///   - names: the parts of the path; `..` is refused.
  ///   - permissions: of missing directories, which are created; `nil` creates none.
  func descend(_ names: [String], making permissions: Permissions? = nil) throws(SystemError) -> Directory {
    guard
      !names.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.utf8.contains { $0 == 0 || $0 == 0x2F } })
    else { throw SystemError(code: EINVAL) }
    guard !names.isEmpty else { return self }
    if !walks {
      let path = names.joined(separator: "/")
      do throws(SystemError) {
        return Directory(
          // EAGAIN: a part of the path was renamed meanwhile.
          Descriptor(try retried([EINTR, EAGAIN]) { cfiles_open_beneath(descriptor.number, path) }), walks: false)
      } catch {
        let mustWalk = error.code == ENOSYS || error.code == EPERM || error.code == ENOENT && permissions != nil
        guard mustWalk else { throw error }
      }
    }
    var place = self
    for (index, name) in names.enumerated() {
      place = try place.child(name, making: permissions, isLast: index == names.count - 1)
    }
    return place
  }

  private func child(_ name: String, making permissions: Permissions?, isLast: Bool) throws(SystemError) -> Directory {
    func open() throws(SystemError) -> Directory {
      let number = try retried { () -> Int32 in
        isLast
          ? openat(descriptor.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
          : cfiles_open_to_pass(descriptor.number, name)
      }
      return Directory(Descriptor(number), walks: walks)
    }
    guard let permissions else { return try open() }
    do throws(SystemError) { return try open() } catch { if error.code != ENOENT { throw error } }
    if mkdirat(descriptor.number, name, permissions.directory) != 0, errno != EEXIST { throw .last }
    let made = try open()
    if permissions == .ownerOnly { fchmodat(descriptor.number, name, permissions.directory, 0) }
    try self.child(".", making: nil, isLast: true).sync()
    return made
  }

  // MARK: Names

  /// The status of a name, without following a link; `nil` where there is none, or it cannot be read.
  func status(of name: String) -> FileStatus? { FileStatus(of: name, in: self) }

  /// Creates a file for reading and writing; fails where the name is taken, also by a dangling link.
  func make(_ name: String, mode: mode_t) throws(SystemError) -> Descriptor {
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    return Descriptor(try retried { openat(descriptor.number, name, flags, mode) })
  }

  /// Opens a regular file for reading, without waiting and not through a symbolic link.
  func read(_ name: String) throws(SystemError) -> Descriptor {
    let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
    return try Descriptor(try retried { openat(descriptor.number, name, flags, 0) }).regular()
  }

  /// Gives a file a second name; false where that is taken or links are not supported (`errno`).
  func link(_ old: String, to new: String) -> Bool {
    linkat(descriptor.number, old, descriptor.number, new, 0) == 0
  }

  /// Makes a symbolic link to a name in this directory, where links are supported.
  func linkSymbolically(_ new: String, to name: String) { _ = symlinkat(name, descriptor.number, new) }

  /// The name in this directory that a symbolic link in it leads to; `nil` for another kind of file or a target elsewhere.
  func target(of name: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 1_024)
    let limit = bytes.count
    let count = readlinkat(descriptor.number, name, &bytes, limit)
    guard count > 0, count < limit else { return nil }
    let target = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return target.hasPrefix(".") || target.utf8.contains(UInt8(ascii: "/")) ? nil : target
  }

  /// Renames a file, and replaces one that has the new name.
  func rename(_ old: String, to new: String) throws(SystemError) {
    if renameat(descriptor.number, old, descriptor.number, new) != 0 { throw .last }
  }

  /// Removes a file; false where there is none, or it is a directory.
  @discardableResult
  func remove(_ name: String) -> Bool { unlinkat(descriptor.number, name, 0) == 0 }

  /// Whether files can be created in it.
  var isWritable: Bool { faccessat(descriptor.number, ".", W_OK | X_OK, 0) == 0 }

  /// The free bytes of its disk; `nil` where the system does not say.
  var freeBytes: Int64? {
    var status = statvfs()
    guard fstatvfs(descriptor.number, &status) == 0 else { return nil }
    let (bytes, isTooMany) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return isTooMany ? .max : Int64(clamping: bytes)
  }

  /// Whether the directory was removed.
  var isRemoved: Bool {
    var status = stat()
    return fstat(descriptor.number, &status) == 0 && status.st_nlink == 0
  }

  var identity: FileIdentity? { FileStatus(of: descriptor)?.identity }

  /// Makes its names durable. A file system that cannot sync a directory (`EINVAL`) is accepted.
  func sync() throws(SystemError) {
    do throws(SystemError) {
      try descriptor.sync()
    } catch {
      if error.code != EINVAL && error.code != ENOTSUP && error.code != EBADF { throw error }
    }
  }
}

/// Permissions of files and directories that are created.
enum Permissions: Sendable {
  /// The owner only, whatever the umask: for the state directory.
  case ownerOnly
  /// Those of the umask: for directories that the user named.
  case umask

  var file: mode_t { self == .ownerOnly ? 0o600 : 0o666 }
  var directory: mode_t { self == .ownerOnly ? 0o700 : 0o777 }
}
