#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Predictions

/// The address of a shared imagewire: a Unix socket, which only processes of the same user can use.
struct LocalSocket {
  /// Why it cannot be used, and what to do.
  struct Problem: Error {
    let message: SafeText
  }

  /// Absolute.
  let path: String
  /// The socket that `listen` has made, by its device and number.
  private var made: (dev_t, ino_t)?

  /// The longest path that an address has room for.
  private static let pathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  /// - Parameters:
  ///   - text: `unix:PATH`.
  ///   - home: the home directory, which `~` stands for.
  init(_ text: String, home: String) throws(Problem) {
    guard text.hasPrefix("unix:"), text.utf8.count > 5 else {
      throw Problem(message: "The address must be unix: and the path of a socket, not \"\(text)\".")
    }
    path = Configuration.absolute(String(text.dropFirst(5)), home: home)
    guard path.utf8.count <= Self.pathBytes else {
      throw Problem(message: "The path \(path) is too long for a socket: at most \(Self.pathBytes) bytes.")
    }
  }

  // MARK: - Listening

  /// Listens at the path, in place of a socket that a process has left behind.
  ///
  /// - Returns: the descriptor, for `accept`. The lock beside the path is held until the process ends.
  mutating func listen() throws(Problem) -> Int32 {
    let lock = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0 else { throw failure("\(path).lock cannot be opened") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw Problem(message: "Another imagewire listens at \(path). Use it with imagewire --connect unix:\(path).")
    }
    var found = stat()
    if lstat(path, &found) == 0 {
      guard found.st_mode & S_IFMT == S_IFSOCK else {
        throw Problem(message: "\(path) is not a socket. Nothing was done; choose another path.")
      }
      unlink(path)
    }
    let descriptor = newSocket()
    guard descriptor >= 0 else { throw failure("No socket can be made") }
    let mask = umask(0o177)
    let isBound = withAddress { bind(descriptor, $0, $1) } == 0
    let code = errno
    umask(mask)
    errno = code
    guard isBound, Self.startListening(descriptor) else { throw failure("imagewire cannot listen at \(path)") }
    if lstat(path, &found) == 0 { made = (found.st_dev, found.st_ino) }
    return descriptor
  }

  /// Removes the socket that `listen` has made; one that another process has made in its place stays.
  func remove() {
    var found = stat()
    guard let made, lstat(path, &found) == 0, made == (found.st_dev, found.st_ino) else { return }
    unlink(path)
  }

  private static func startListening(_ descriptor: Int32) -> Bool {
    #if canImport(Glibc)
      Glibc.listen(descriptor, 512) == 0
    #elseif canImport(Musl)
      Musl.listen(descriptor, 512) == 0
    #else
      Darwin.listen(descriptor, 512) == 0
    #endif
  }

  // MARK: - Connecting

  /// Connects to the process that listens at the path.
  func connect() throws(Problem) -> Int32 {
    let descriptor = newSocket()
    guard descriptor >= 0 else { throw failure("No socket can be made") }
    let isConnected = withAddress { address, length in
      #if canImport(Glibc)
        Glibc.connect(descriptor, address, length) == 0
      #elseif canImport(Musl)
        Musl.connect(descriptor, address, length) == 0
      #else
        Darwin.connect(descriptor, address, length) == 0
      #endif
    }
    guard isConnected else {
      if [ENOENT, ECONNREFUSED].contains(errno) {
        throw Problem(
          message: "No imagewire listens at \(path). Start one there: imagewire serve --listen unix:\(path)")
      }
      throw failure("imagewire at \(path) cannot be reached")
    }
    guard Self.peer(of: descriptor) == geteuid() else {
      throw Problem(message: "The process that listens at \(path) is another user's. Nothing was sent.")
    }
    return descriptor
  }

  /// The user of the process at the other end; `nil` where the system does not say.
  static func peer(of descriptor: Int32) -> uid_t? {
    #if canImport(Darwin)
      var (user, group) = (uid_t(), gid_t())
      return getpeereid(descriptor, &user, &group) == 0 ? user : nil
    #else
      // `struct ucred`: the process, the user, the group.
      var credentials: [UInt32] = [0, 0, 0]
      var length = socklen_t(12)
      return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 ? credentials[1] : nil
    #endif
  }

  // MARK: - Addresses

  private func newSocket() -> Int32 {
    #if canImport(Darwin)
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
  }

  private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // All else is zero, also what follows the path.
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  private func failure(_ what: SafeText) -> Problem {
    Problem(message: "\(what): \(String(cString: strerror(errno))).")
  }
}
