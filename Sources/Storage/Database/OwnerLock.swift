internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The lock file of this process, `owners/<owner>.lock`: the process lives exactly as long as the kernel holds its lock.
///
/// The kernel releases the lock at the exit of the process, however it ends, and keeps it while the process sleeps or is
/// stopped; Sources/Storage/README.md, "Locks".
struct OwnerLock: Sendable {
  let owner: String
  private let file: Descriptor

  /// Makes the lock file and locks it.
  init(owner: String, in directory: String, version: String) throws(SystemError) {
    try FileSystem.makeFolder(Self.folder(in: directory))
    let path = Self.path(of: owner, in: directory)
    while true {
      let file = try Descriptor(openingOwn: path)
      fchmod(file.number, 0o600)
      // Another process may have removed the file between open and lock, as that of an owner that has exited.
      guard file.lock(LOCK_EX), FileStatus(of: file)?.identity == FileStatus(of: path)?.identity else { continue }
      try file.write(Array("\(getpid()) \(version)\n".utf8).span)
      self.owner = owner
      self.file = file
      return
    }
  }

  /// Shows other processes that this one makes progress, by the file's modification time. It is not synced: the time
  /// matters only while this process lives.
  func touch() { file.touch() }

  /// Whether an owner has made no progress for a minute: it touches its file every ten seconds while it has work.
  static func isStalled(_ owner: String, in directory: String, now: Int64) -> Bool {
    guard let status = FileStatus(of: path(of: owner, in: directory)) else { return false }
    return now - status.modifiedAt > 60_000
  }

  static func folder(in directory: String) -> String { directory + "/owners" }

  static func path(of owner: String, in directory: String) -> String { "\(folder(in: directory))/\(owner).lock" }

  /// All owners that have a lock file, also after their process has exited.
  static func named(in directory: String) -> [String] {
    FileSystem.names(in: folder(in: directory)).filter { $0.hasSuffix(".lock") }.map { String($0.dropLast(5)) }
  }

  /// Whether another owner lives. Never called for this process: its own lock would look like that of another.
  ///
  /// - Parameter isRegistered: whether `owners` has its row. Only then does a missing lock file mean that it has exited: a
  ///   process removed the file and ended before it deleted the row.
  static func examine(_ owner: String, in directory: String, isRegistered: Bool) -> Liveness {
    // A name with a slash comes from a damaged row; no process has such a lock file.
    guard !owner.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
      return .dead(DeadOwner(path: "", lock: nil))
    }
    let path = path(of: owner, in: directory)
    do throws(SystemError) {
      let file = try Descriptor(opening: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK).regular()
      guard file.lock(LOCK_EX), FileStatus(of: file)?.identity == FileStatus(of: path)?.identity else { return .alive }
      return .dead(DeadOwner(path: path, lock: file))
    } catch {
      return error.code == ENOENT && isRegistered ? .dead(DeadOwner(path: path, lock: nil)) : .alive
    }
  }

  /// Whether another owner lives, by its lock file.
  static func isAlive(_ owner: String, in directory: String) -> Bool {
    if case .alive = examine(owner, in: directory, isRegistered: true) { true } else { false }
  }

  /// The living owners, for people: `pid 12 (version 1.0)`.
  static func living(in directory: String) -> [String] {
    named(in: directory).compactMap { owner in
      guard isAlive(owner, in: directory) else { return nil }
      let words = String(decoding: FileSystem.read(path(of: owner, in: directory)) ?? [], as: UTF8.self)
        .split(whereSeparator: { $0 == " " || $0 == "\n" })
      guard words.count >= 2 else { return nil }
      return "pid \(words[0]) (version \(words[1]))"
    }
  }

  enum Liveness {
    case alive
    case dead(DeadOwner)
  }

  /// An owner that has exited. While this value exists, its lock is held, and other processes find the owner alive.
  struct DeadOwner: Sendable {
    fileprivate let path: String
    fileprivate let lock: Descriptor?

    /// One of another machine, whose lock the database's server holds until the commit.
    static let withoutFile = DeadOwner(path: "", lock: nil)

    /// Removes the lock file. Only when no row names the owner any more.
    func removeLockFile() {
      if lock != nil { unlink(path) }
    }
  }
}
