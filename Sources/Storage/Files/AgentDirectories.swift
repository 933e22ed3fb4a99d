public import Predictions
internal import Threads

/// The directories that agents may save to: the output directory and those of `--allow-output`, as descriptors that are opened
/// when the process starts. Below them no symbolic link is followed, and a directory that replaced one of them is refused.
public final class AgentDirectories: Sendable {
  private let roots: Protected<[AgentRoot]>
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
    roots = Protected(([outputDirectory] + others).compactMap { AgentRoot($0, walks: walks) })
  }

  /// Sets the output directory that a client chose with `initialize`.
  public func setOutputDirectory(_ path: String) {
    guard let root = AgentRoot(path, walks: walks) else { return }
    roots.withLock { roots in
      if roots.isEmpty { roots.append(root) } else { roots[0] = root }
    }
  }

  /// The directories, the output directory first.
  public var described: [AgentDirectory] { roots.withLock { $0 }.map(\.described) }

  /// The real path of a directory that is one of these or below one; `nil` for others.
  func realPath(of path: String) -> String? {
    find(path).map { AgentRoot.path($0.root.real + $0.below) }
  }

  /// Opens a directory of an agent's prediction.
  ///
  /// - Parameters:
  ///   - path: as the prediction has it.
  ///   - permissions: of missing directories, which are created; `nil` creates none.
  func open(_ path: String, making permissions: Permissions?) throws(SystemError) -> Directory {
    guard let (index, root, below) = find(path) else {
      // Recorded by another process, as a real path, so no part of it may be a symbolic link.
      return try Directory(at: "/", walks: walks).descend(AgentRoot.parts(path), making: permissions)
    }
    let (directory, renewed) = try root.open(below, making: permissions)
    if let renewed {
      roots.withLock { roots in
        if roots.indices.contains(index), roots[index].real == root.real { roots[index] = renewed }
      }
    }
    return directory
  }

  private func find(_ path: String) -> (index: Int, root: AgentRoot, below: [String])? {
    let parts = AgentRoot.parts(path)
    for (index, root) in roots.withLock({ $0 }).enumerated() {
      if let below = root.below(parts) { return (index, root, below) }
    }
    return nil
  }
}

extension AgentRoot {
  /// The directory as messages name it.
  var described: AgentDirectory { AgentDirectory(path: Self.path(spelled), realPath: Self.path(real)) }
}
