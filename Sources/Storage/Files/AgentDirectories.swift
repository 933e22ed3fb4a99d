public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The directories that agents may use: the output directory and those of `--allow-output`, as descriptors that are opened
/// when the process starts. Below them no symbolic link is followed, and a directory that replaced one of them is refused.
public final class AgentDirectories: Sendable {
  private struct Root: Sendable {
    /// The parts of the path as the user wrote it, and of the real path.
    var spelled: [String]
    var real: [String]
    /// The directory, or the nearest one above it that existed at the start.
    var anchor: Directory
    /// The path from `anchor` to the directory.
    var rest: [String]
  }

  private let roots: Protected<[Root]>
  private let walks: Bool

  /// Opens them. A missing one is created with its first file.
  ///
  /// - Parameters:
  ///   - outputDirectory: the directory of files for which none is named; absolute.
  ///   - others: further directories; absolute.
  public convenience init(outputDirectory: String, others: [String] = []) {
    self.init(outputDirectory: outputDirectory, others: others, walks: false)
  }

  /// - Parameter walks: `true` does without openat2(2), as systems that lack it; for tests.
  init(outputDirectory: String, others: [String] = [], walks: Bool) {
    self.walks = walks
    roots = Protected(([outputDirectory] + others).compactMap { Self.root($0, walks: walks) })
  }

  /// Sets the output directory that a client chose with `initialize`.
  public func setOutputDirectory(_ path: String) {
    guard let root = Self.root(path, walks: walks) else { return }
    roots.withLock { roots in
      if roots.isEmpty { roots.append(root) } else { roots[0] = root }
    }
  }

  /// The directories, the output directory first.
  public var described: [AgentDirectory] {
    roots.withLock { $0 }.map { AgentDirectory(path: Self.path($0.spelled), realPath: Self.path($0.real)) }
  }

  /// The real path of a directory that is one of these or below one; `nil` for others.
  func realPath(of path: String) -> String? {
    find(path).map { Self.path($0.root.real + $0.below) }
  }

  /// Opens a directory of an agent's prediction.
  ///
  /// - Parameters:
  ///   - path: as the prediction has it.
  ///   - permissions: of missing directories, which are created; `nil` creates none.
  func open(_ path: String, making permissions: Permissions?) throws(SystemError) -> Directory {
    guard let (index, root, below) = find(path) else {
      // Recorded by another process, as a real path, so no part of it may be a symbolic link.
      return try Directory(at: "/", walks: walks).descend(Self.parts(path), making: permissions)
    }
    var anchor = root.anchor
    var rest = root.rest
    if anchor.isRemoved {
      // The user removed the directory; it is created again at its place.
      anchor = try Directory(at: "/", walks: walks)
      rest = root.real
      if permissions != nil {
        anchor = try anchor.descend(rest, making: permissions)
        rest = []
        let renewed = anchor
        roots.withLock { roots in
          if roots.indices.contains(index), roots[index].real == root.real {
            (roots[index].anchor, roots[index].rest) = (renewed, [])
          }
        }
      }
    }
    let directory = try anchor.descend(rest + below, making: permissions)
    // The path is what clients get, so it has to lead to this directory.
    guard let status = FileStatus(of: Self.path(root.real + below)) else {
      throw [ENOENT, ENOTDIR].contains(errno) ? .replaced : .last
    }
    guard status.identity == directory.identity else { throw .replaced }
    return directory
  }

  private func find(_ path: String) -> (index: Int, root: Root, below: [String])? {
    let parts = Self.parts(path)
    for (index, root) in roots.withLock({ $0 }).enumerated() {
      for start in [root.real, root.spelled] {
        let isInside =
          parts.count >= start.count && zip(parts, start).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
        let below = Array(parts.dropFirst(start.count))
        if isInside, !below.contains("..") { return (index, root, below) }
      }
    }
    return nil
  }

  // MARK: Paths

  /// Opens the directory at a path or the nearest one above it. Symbolic links in it are followed: the user made them.
  private static func root(_ path: String, walks: Bool) -> Root? {
    let spelled = parts(path)
    for count in stride(from: spelled.count, through: 0, by: -1) {
      let there = Self.path(Array(spelled[..<count]))
      guard let anchor = try? Directory(at: there, walks: walks), let real = realpath(there, nil) else { continue }
      defer { free(real) }
      let rest = Array(spelled[count...])
      return Root(spelled: spelled, real: parts(String(cString: real)) + rest, anchor: anchor, rest: rest)
    }
    return nil
  }

  /// The names of a path, without `.` and empty ones.
  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  private static func path(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }
}
