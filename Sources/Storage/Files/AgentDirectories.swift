public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The directories that agents may use: the output directory and those of `--allow-output`, as descriptors that are
/// opened when the process starts. Below them no link is followed, and a directory that takes the place of one is refused.
public final class AgentDirectories: Sendable {
  private struct Root: Sendable {
    /// The parts of the path as the user spelled it, and of the real path.
    var spelled: [String]
    var real: [String]
    /// The directory, or the nearest one above it that was there at the start.
    var anchor: Directory
    /// The way from there.
    var rest: [String]
  }

  private let roots: Protected<[Root]>
  private let walks: Bool

  /// Opens them. One that is missing is made with the first file in it.
  ///
  /// - Parameters:
  ///   - outputDirectory: where files go that no directory was named for; absolute.
  ///   - others: further directories; absolute.
  public convenience init(outputDirectory: String, others: [String] = []) {
    self.init(outputDirectory: outputDirectory, others: others, walks: false)
  }

  /// - Parameter walks: `true` takes the way for systems without openat2(2), for tests.
  init(outputDirectory: String, others: [String] = [], walks: Bool) {
    self.walks = walks
    roots = Protected(([outputDirectory] + others).compactMap { Self.root($0, walks: walks) })
  }

  /// Has another output directory from now on: a client chose it with `initialize`.
  public func setOutputDirectory(_ path: String) {
    guard let root = Self.root(path, walks: walks) else { return }
    roots.withLock { roots in
      if roots.isEmpty { roots.append(root) } else { roots[0] = root }
    }
  }

  /// As spelled and as they really are; the output directory is the first.
  public var described: [AgentDirectory] {
    roots.withLock { $0 }.map { AgentDirectory(path: Self.path($0.spelled), realPath: Self.path($0.real)) }
  }

  /// Where a directory really is; `nil` where it is none of these and in none of them.
  func realPath(of path: String) -> String? {
    find(path).map { Self.path($0.root.real + $0.below) }
  }

  /// Opens a directory of an agent's prediction.
  ///
  /// - Parameters:
  ///   - path: as the prediction has it.
  ///   - permissions: of directories that are made where they are missing; `nil` makes none.
  func open(_ path: String, making permissions: Permissions?) throws(SystemError) -> Directory {
    guard let (index, root, below) = find(path) else {
      // Recorded in a session of another process, as a real path: nothing on the way to it is a link.
      return try Directory(at: "/", walks: walks).descend(Self.parts(path), making: permissions)
    }
    var anchor = root.anchor
    var rest = root.rest
    if anchor.isRemoved {
      // The user removed the directory. It is made again, where it was.
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
    // What is told of a file is its path, so that has to lead to it.
    guard FileStatus(of: Self.path(root.real + below))?.identity == directory.identity else { throw .replaced }
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

  /// Opens the directory at a path or the nearest one above it; links in what is there are the user's.
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

  /// The names on the way; doubled slashes and `.` lead nowhere.
  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  private static func path(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }
}
