public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The directories whose images agents may name as inputs: those of `--allow-input`, as descriptors that are opened when the
/// process starts, and the adopted roots of a host. Below them no symbolic link is followed. The state directory is never read
/// through one that holds it: there are images of others.
public final class AgentInputs: Sendable {
  private struct State {
    var allowed: [AgentRoot]
    var adopted: [AgentRoot] = []
    var all: [AgentRoot] { allowed + adopted }
  }

  private let state: Protected<State>
  /// The parts of the real path of the state directory.
  private let hidden: [String]
  private let homes: @Sendable () -> [String]
  private let walks: Bool

  /// Opens them. A missing one may be created later.
  ///
  /// - Parameters:
  ///   - directories: absolute.
  ///   - stateDirectory: absolute.
  ///   - homes: the user's home directories, absolute. It is called when roots are adopted, and may wait.
  public convenience init(
    _ directories: [String] = [], stateDirectory: String = "/", homes: @escaping @Sendable () -> [String] = { [] }
  ) {
    self.init(directories, stateDirectory: stateDirectory, homes: homes, walks: false)
  }

  /// - Parameter walks: `true` does without openat2(2), as systems that lack it; for tests.
  init(
    _ directories: [String], stateDirectory: String = "/", homes: @escaping @Sendable () -> [String] = { [] },
    walks: Bool
  ) {
    self.walks = walks
    hidden = AgentRoot(stateDirectory)?.real ?? []
    self.homes = homes
    state = Protected(State(allowed: directories.compactMap { AgentRoot($0, walks: walks) }))
  }

  /// The directories.
  public var described: [AgentDirectory] { state.withLock { $0.all }.map(\.described) }

  /// Those that are no directories now.
  public var missing: [AgentDirectory] {
    described.filter { FileStatus(of: $0.realPath)?.isFolder != true }
  }

  /// Adopts the roots of a host in place of earlier ones. May wait for a disk.
  ///
  /// - Parameter directories: absolute.
  /// - Returns: those that are not adopted: what is not there, a home directory and everything above it, what is in the state
  ///   directory, and all where no home directory is known.
  public func adopt(_ directories: [String]) -> [String] {
    var refused: [String] = []
    let homes = homes().compactMap { AgentRoot($0)?.real }
    let roots = directories.compactMap { path -> AgentRoot? in
      guard let root = AgentRoot(path, walks: walks), FileStatus(of: AgentRoot.path(root.real))?.isFolder == true,
        !homes.isEmpty, !homes.contains(where: { $0.starts(with: root.real) }),
        hidden.isEmpty || !root.real.starts(with: hidden)
      else {
        refused.append(path)
        return nil
      }
      return root
    }
    state.withLock { $0.adopted = roots }
    return refused
  }

  /// Opens a regular file.
  ///
  /// - Parameters:
  ///   - path: absolute.
  ///   - isNew: whether it must be in one of the directories; otherwise it was when it was recorded, without links.
  /// - Returns: the file and its path without links.
  func open(_ path: String, isNew: Bool) throws(InputError) -> (file: Descriptor, path: String) {
    // A C function would use only the part before a zero byte.
    guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { throw .outside }
    let parts = AgentRoot.parts(path)
    guard let name = parts.last, !parts.contains("..") else { throw .outside }
    let found = state.withLock { $0.all }.lazy.compactMap { root in root.below(parts).map { (root, $0) } }
      .first { root, below in !below.isEmpty && !isHidden(root, below) }
    guard found != nil || !isNew else { throw .outside }
    do throws(SystemError) {
      let directory: Directory
      let real: [String]
      if let (root, below) = found {
        directory = try root.open(below.dropLast(), making: nil).directory
        real = root.real + below
      } else {
        directory = try Directory(at: "/", walks: walks).descend(parts.dropLast())
        real = parts
      }
      // A device is not opened: that may have effects.
      guard let status = directory.status(of: name) else { throw .last }
      if status.isLink { throw SystemError(code: ELOOP) }
      guard status.isPlainFile else { throw .notRegular }
      return (try directory.read(name), AgentRoot.path(real))
    } catch {
      switch error {
      case .notRegular: throw .notAFile
      case SystemError(code: ELOOP): throw .link
      default: throw .unreadable(reason: error.reason)
      }
    }
  }

  /// Whether a path is in the state directory, and the root is not.
  private func isHidden(_ root: AgentRoot, _ below: [String]) -> Bool {
    !hidden.isEmpty && hidden.starts(with: root.real) && (root.real + below).starts(with: hidden)
  }
}
