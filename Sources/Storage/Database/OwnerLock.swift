internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// This process as the table names it: alive exactly as long as the kernel holds the lock on `owners/<owner>.lock`.
///
/// No clock and no process number is asked: the lock is gone at any death, and held through any sleep;
/// Sources/Storage/README.md, "Locks".
struct OwnerLock: Sendable {
  let owner: String
  /// Held for life.
  private let file: Descriptor

  /// Makes the lock file and locks it.
  init(owner: String, in directory: String, version: String) throws(SystemError) {
    try FileSystem.makeFolder(Self.folder(in: directory))
    let path = Self.path(of: owner, in: directory)
    while true {
      let file = try Descriptor(openingOwn: path)
      fchmod(file.number, 0o600)
      // Between opening and locking somebody may have taken it for a dead one's and removed it: then once more.
      guard file.lock(LOCK_EX), FileStatus(of: file)?.identity == FileStatus(of: path)?.identity else { continue }
      try file.write(Array("\(getpid()) \(version)\n".utf8).span)
      self.owner = owner
      self.file = file
      return
    }
  }

  /// Shows others that this process is getting on, by the file's time of change. Neither fsync nor commit: it is only
  /// worth something while this process lives.
  func touch() { file.touch() }

  /// Whether the owner of a lock has not got on for a minute: it touches its file every ten seconds while it has work.
  static func isStalled(_ owner: String, in directory: String, now: Int64) -> Bool {
    guard let status = FileStatus(of: path(of: owner, in: directory)) else { return false }
    return now - status.modifiedAt > 60_000
  }

  static func folder(in directory: String) -> String { directory + "/owners" }

  static func path(of owner: String, in directory: String) -> String { "\(folder(in: directory))/\(owner).lock" }

  /// The owners that have a lock file.
  static func named(in directory: String) -> [String] {
    FileSystem.names(in: folder(in: directory)).filter { $0.hasSuffix(".lock") }.map { String($0.dropLast(5)) }
  }

  /// Whether an owner is gone. Asked for others only: a second lock in one process would look free to nobody.
  ///
  /// - Parameter isRegistered: whether the table knows it. One without a file is dead only then: its file was removed
  ///   by somebody who did not get to the row.
  static func examine(_ owner: String, in directory: String, isRegistered: Bool) -> Liveness {
    // A name out of a damaged table is no path that we made, and nobody holds a lock there.
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

  /// Whether an owner lives, as far as its lock file tells. Asked for others only.
  static func isAlive(_ owner: String, in directory: String) -> Bool {
    if case .alive = examine(owner, in: directory, isRegistered: true) { true } else { false }
  }

  /// Who holds locks here, for people: `pid 12 (version 1.0)`.
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

  /// A dead owner. While this is kept nobody else can find it dead too.
  struct DeadOwner: Sendable {
    fileprivate let path: String
    fileprivate let lock: Descriptor?

    /// Removes the lock file, once the table names the owner no more.
    func removeLockFile() {
      if lock != nil { unlink(path) }
    }
  }
}
