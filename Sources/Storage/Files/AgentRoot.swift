#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A directory that agents may use, open since the process started. Below it no symbolic link is followed, and a directory that
/// replaced it is refused.
struct AgentRoot: Sendable {
  /// The parts of the path as the user wrote it.
  let spelled: [String]
  /// The parts of the path without links.
  let real: [String]
  /// The directory, or the nearest one above it that existed at the start.
  private var anchor: Directory
  /// The path from `anchor` to the directory.
  private var rest: [String]
  private let walks: Bool

  /// Opens the directory at a path or the nearest one above it. Symbolic links in it are followed: the user made them.
  ///
  /// - Parameters:
  ///   - path: absolute.
  ///   - walks: `true` does without openat2(2), as systems that lack it; for tests.
  init?(_ path: String, walks: Bool = false) {
    spelled = Self.parts(path)
    self.walks = walks
    for count in stride(from: spelled.count, through: 0, by: -1) {
      let there = Self.path(Array(spelled[..<count]))
      guard let anchor = try? Directory(at: there, walks: walks), let real = realpath(there, nil) else { continue }
      defer { free(real) }
      rest = Array(spelled[count...])
      self.real = Self.parts(String(cString: real)) + rest
      self.anchor = anchor
      return
    }
    return nil
  }

  /// The rest of a path behind this directory, as it is spelled or without links; `nil` for a path that is not in it.
  func below(_ parts: [String]) -> [String]? {
    for start in [real, spelled] {
      let isInside = parts.count >= start.count && zip(parts, start).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
      let below = Array(parts.dropFirst(start.count))
      if isInside, !below.contains("..") { return below }
    }
    return nil
  }

  /// Opens a directory below it, or itself.
  ///
  /// - Parameter permissions: of missing directories, which are created; `nil` creates none.
  /// - Returns: the directory, and this root where its own directory had been removed and was created again.
  func open(
    _ below: [String], making permissions: Permissions?
  ) throws(SystemError) -> (directory: Directory, renewed: AgentRoot?) {
    var renewed: AgentRoot?
    var (anchor, rest) = (anchor, rest)
    if anchor.isRemoved {
      // The user removed the directory; it is created again at its place.
      anchor = try Directory(at: "/", walks: walks)
      rest = real
      if permissions != nil {
        anchor = try anchor.descend(rest, making: permissions)
        rest = []
        renewed = self
        (renewed!.anchor, renewed!.rest) = (anchor, [])
      }
    }
    let directory = try anchor.descend(rest + below, making: permissions)
    // The path is what clients get and give, so it has to lead to this directory.
    guard let status = FileStatus(of: Self.path(real + below)) else {
      throw [ENOENT, ENOTDIR].contains(errno) ? .replaced : .last
    }
    guard status.identity == directory.identity else { throw .replaced }
    return (directory, renewed)
  }

  /// The names of a path, without `.` and empty ones.
  static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  /// An absolute path of these names.
  static func path(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }
}
