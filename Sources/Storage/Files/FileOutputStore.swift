internal import Encoding
public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Puts outputs into directories so that a file is either whole and durable or not there.
///
/// A directory is opened once for what is done in it, and names are resolved from its descriptor: what takes the place of
/// the directory meanwhile gets nothing. For agents no link leads there either (`AgentDirectories`).
public struct FileOutputStore: OutputStore {
  private let limit: Int64
  private let privateDirectory: String?
  private let agents: AgentDirectories
  /// Whether to go without hard links, as some file systems must.
  private let usesLinks: Bool

  /// - Parameters:
  ///   - limit: how many bytes one output may have.
  ///   - privateDirectory: the state directory: what lies in it is the owner's alone; elsewhere the umask decides.
  ///   - agents: where the files of agents may be.
  public init(limit: Int64 = 256 << 20, privateDirectory: String, agents: AgentDirectories) {
    self.init(limit: limit, privateDirectory: privateDirectory, agents: agents, usesLinks: true)
  }

  /// - Parameter usesLinks: `false` takes the way for file systems without hard links, for tests.
  init(
    limit: Int64 = 256 << 20, privateDirectory: String? = nil,
    agents: AgentDirectories = AgentDirectories(outputDirectory: "/"), usesLinks: Bool = true
  ) {
    self.limit = limit
    self.privateDirectory = privateDirectory
    self.agents = agents
    self.usesLinks = usesLinks
  }

  /// Makes the directory where it is missing, and asks whether files can be made in it.
  public func prepare(_ path: String, for origin: PredictionOrigin?) throws(OutputError) -> String {
    do throws(SystemError) {
      guard try directory(path, for: origin, making: true).isWritable else { throw .last }
    } catch {
      throw failure(error, at: path)
    }
    return origin == .mcp ? agents.realPath(of: path) ?? path : path
  }

  /// Reads a saved file whole, if it still is what was recorded: for an agent by length and SHA-256, for a plain client,
  /// whose files are its own, by length.
  public func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8] {
    guard let opened = open(file, for: origin),
      let bytes = FileSystem.read(opened, from: 0, atMost: Int(file.bytes) + 1), bytes.count == file.bytes,
      origin == nil || SHA256.hash(bytes).hexadecimal == file.sha256
    else { throw Self.changed(file) }
    return bytes
  }

  /// The same in pieces.
  public func read(
    _ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void
  ) throws(OutputError) {
    guard let opened = open(file, for: origin) else { throw Self.changed(file) }
    var hash = SHA256()
    let isWhole = Self.read(opened, bytes: file.bytes) { chunk in
      if origin != nil { hash.update(chunk.span) }
      piece(chunk)
    }
    guard isWhole, origin == nil || hash.finish().hexadecimal == file.sha256 else { throw Self.changed(file) }
  }

  /// Starts a file under a temporary name in the target directory; what earlier epochs left of it is removed.
  public func begin(_ prediction: Prediction, index: Int) throws(OutputError) -> any OutputWriter {
    let path = prediction.outputDirectory
    do throws(SystemError) {
      let directory = try directory(path, for: prediction.origin, making: true)
      func name(_ epoch: Int64) -> String { ".\(prediction.id)-\(index).\(epoch).part" }
      // Epochs are counted one by one, so what earlier attempts left has one of these few names. That of this epoch is
      // this process's own, from a round that was given up.
      for epoch in max(0, prediction.epoch - 16)...max(0, prediction.epoch) { directory.remove(name(epoch)) }
      let permissions = permissions(in: path)
      return FileOutputWriter(
        in: directory, name: name(prediction.epoch), path: path,
        file: try directory.make(name(prediction.epoch), mode: permissions.file), permissions: permissions, limit: limit
      )
    } catch {
      throw failure(error, at: path)
    }
  }

  /// Gives finished files their final names, together and without ever replacing a file.
  public func place(_ files: [any OutputWriter], of prediction: Prediction) throws(OutputError) -> [OutputFile] {
    var finished: [FileOutputWriter.Finished] = []
    for file in files {
      guard let known = (file as? FileOutputWriter)?.finished else {
        throw .inputOutput(path: prediction.outputDirectory, reason: "an output was not finished")
      }
      finished.append(known)
    }
    guard let directory = finished.first?.directory else { return [] }
    let path = prediction.outputDirectory
    do throws(SystemError) {
      guard finished.allSatisfy({ $0.directory.identity == directory.identity }) else { throw .replaced }
      // Under a chosen name an equal file may be another prediction's, of the same input. Only where somebody may have
      // placed ours before can it be that one.
      let mayBePlaced = prediction.outputName == nil || prediction.epoch > 1
      var counter = 1
      while true {
        let names = Self.names(for: finished.map(\.format.fileExtension), of: prediction, counter: counter)
        if let placements = try place(finished, as: names, in: directory, mayBePlaced: mayBePlaced) {
          do throws(SystemError) {
            // The paths that are recorded have to lead to the files.
            let there = try self.directory(path, for: prediction.origin, making: false)
            guard there.identity == directory.identity else { throw .replaced }
            // Only now, and before the sync: until every file has its name the temporary names are all there is, and one
            // whose end is not synced would stay after a power loss.
            for file in files { file.discard() }
            try directory.sync()
          } catch {
            // Nobody will be told of these names, so nothing may keep them.
            takeBack(placements, in: directory)
            throw error
          }
          return zip(finished, names).map { $0.described(at: "\(path)/\($1)") }
        }
        counter += 1
      }
    } catch {
      throw error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
    }
  }

  /// Removes files that still are what was recorded, and returns the paths of the others.
  public func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String] {
    var kept: [String] = []
    for file in files {
      let (parent, name) = Self.split(file.path)
      guard let directory = try? directory(parent, for: origin, making: false), directory.status(of: name) != nil else {
        // A directory that is gone has nothing in it; one that cannot be looked into may.
        if FileStatus(of: file.path) != nil { kept.append(file.path) }
        continue
      }
      if Self.isFile(name, in: directory, bytes: file.bytes, sha256: file.sha256), directory.remove(name) {
        try? directory.sync()
      } else {
        kept.append(file.path)
      }
    }
    return kept
  }

  // MARK: Directories

  private func directory(
    _ path: String, for origin: PredictionOrigin?, making: Bool
  ) throws(SystemError) -> Directory {
    let permissions = permissions(in: path)
    if origin == .mcp { return try agents.open(path, making: making ? permissions : nil) }
    if making { try FileSystem.makeFolder(path, permissions) }
    return try Directory(at: path)
  }

  private func permissions(in path: String) -> Permissions {
    guard let privateDirectory else { return .umask }
    return path == privateDirectory || path.hasPrefix(privateDirectory + "/") ? .ownerOnly : .umask
  }

  private func failure(_ error: SystemError, at path: String) -> OutputError {
    error.isFullDisk ? .diskFull(path: path) : .folder(path: path, reason: error.reason)
  }

  // MARK: Saved files

  /// A saved file, if there is a regular one of its length; a link is none.
  private func open(_ file: OutputFile, for origin: PredictionOrigin?) -> Descriptor? {
    let (parent, name) = Self.split(file.path)
    guard let directory = try? directory(parent, for: origin, making: false), let opened = try? directory.read(name),
      FileStatus(of: opened)?.bytes == file.bytes
    else { return nil }
    return opened
  }

  private static func changed(_ file: OutputFile) -> OutputError {
    .inputOutput(path: file.path, reason: "it cannot be read, or it is not what was saved any more")
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    (FileSystem.parent(of: path), path.split(separator: "/").last.map(String.init) ?? "")
  }

  /// SHA-256 of so many bytes of a file, each piece of which is shown; `nil` where they cannot be read.
  private static func digest(_ file: Descriptor, of bytes: Int64) -> String? {
    var hash = SHA256()
    return read(file, bytes: bytes) { hash.update($0.span) } ? hash.finish().hexadecimal : nil
  }

  /// Reads a file in pieces; false where it is shorter.
  private static func read(_ file: Descriptor, bytes: Int64, _ piece: ([UInt8]) -> Void) -> Bool {
    var place: Int64 = 0
    while place < bytes {
      let wanted = Int(min(Int64(Base64.pieceBytes), bytes - place))
      guard let chunk = FileSystem.read(file, from: place, atMost: wanted), chunk.count == wanted else { return false }
      piece(chunk)
      place += Int64(wanted)
    }
    return true
  }

  /// Whether a name stands for a regular file of this length and hash.
  private static func isFile(_ name: String, in directory: Directory, bytes: Int64, sha256: String) -> Bool {
    guard let file = try? directory.read(name), FileStatus(of: file)?.bytes == bytes else { return false }
    return digest(file, of: bytes) == sha256
  }

  // MARK: Names

  /// `<stem>.<ext>` for one output under a chosen name, `<stem>-<n>.<ext>` otherwise; from the second try on with the
  /// counter behind, for all of them, since `-2` would look like the second picture.
  static func names(for extensions: [String], of prediction: Prediction, counter: Int) -> [String] {
    let again = counter > 1 ? "_\(counter)" : ""
    return extensions.enumerated().map { index, suffix in
      switch prediction.outputName {
      case let stem? where extensions.count == 1: "\(stem)\(again).\(suffix)"
      case let stem: "\(stem ?? prediction.id.description)-\(index + 1)\(again).\(suffix)"
      }
    }
  }

  // MARK: Placing

  /// How a file got its name.
  private enum Placement {
    case linked
    case renamed
    /// It was there already, the same: ours, from before a crash.
    case found
    case taken
  }

  private typealias Placed = (file: FileOutputWriter.Finished, name: String, how: Placement)

  /// Gives every file its name, or none: where one is taken, what was placed is taken back, and it is `nil`.
  private func place(
    _ files: [FileOutputWriter.Finished], as names: [String], in directory: Directory, mayBePlaced: Bool
  ) throws(SystemError) -> [Placed]? {
    var done: [Placed] = []
    for (file, name) in zip(files, names) {
      do throws(SystemError) {
        let how = try place(file, as: name, in: directory, mayBePlaced: mayBePlaced)
        if how == .taken {
          takeBack(done, in: directory)
          return nil
        }
        done.append((file, name, how))
        // Another file may have taken the place of the temporary one; a new link may even have its number.
        let status = directory.status(of: name)
        let isSame = status?.identity == file.identity && status?.isPlainFile == true && status?.bytes == file.bytes
        guard how == .found || isSame else { throw .replaced }
      } catch {
        takeBack(done, in: directory)
        throw error
      }
    }
    return done
  }

  private func takeBack(_ placements: [Placed], in directory: Directory) {
    for (file, name, how) in placements {
      if how == .linked { directory.remove(name) }
      if how == .renamed { try? directory.rename(name, to: file.name) }
    }
  }

  /// Gives one file its name unless something has it. A link cannot replace anything, on any system that has links.
  private func place(
    _ file: FileOutputWriter.Finished, as name: String, in directory: Directory, mayBePlaced: Bool
  ) throws(SystemError) -> Placement {
    func whatIsThere() -> Placement {
      mayBePlaced && Self.isFile(name, in: directory, bytes: file.bytes, sha256: file.sha256) ? .found : .taken
    }
    if usesLinks {
      if directory.link(file.name, to: name) { return .linked }
      if errno == EEXIST { return whatIsThere() }
      // No links here (FAT, some network shares), or none allowed: the other way.
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK, EINVAL, EXDEV].contains(errno) else { throw .last }
    }
    do throws(SystemError) {
      // Reserves the name; then the file takes the place of what is ours and empty.
      _ = try directory.make(name, mode: Permissions.ownerOnly.file)
    } catch {
      guard error.code == EEXIST else { throw error }
      return whatIsThere()
    }
    do throws(SystemError) {
      try directory.rename(file.name, to: name)
    } catch {
      directory.remove(name)
      throw error
    }
    return .renamed
  }
}
