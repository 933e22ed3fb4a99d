internal import Encoding
public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Saves outputs so that a file is either whole and durable or absent.
///
/// A directory is opened once and names are resolved from its descriptor, so nothing is written into a directory that
/// replaces it. For agents no symbolic link is followed (`AgentDirectories`).
public struct FileOutputStore: OutputStore {
  private let limit: Int64
  private let privateDirectory: String?
  private let agents: AgentDirectories
  /// False on file systems without hard links.
  private let usesLinks: Bool

  /// - Parameters:
  ///   - limit: the largest size of one output in bytes.
  ///   - privateDirectory: the state directory. Files below it are readable by the owner only; elsewhere the umask decides.
  ///   - agents: the directories that agents may use.
  public init(limit: Int64 = 256 << 20, privateDirectory: String, agents: AgentDirectories) {
    self.init(limit: limit, privateDirectory: privateDirectory, agents: agents, usesLinks: true)
  }

  /// - Parameter usesLinks: `false` does without hard links, for tests.
  init(
    limit: Int64 = 256 << 20, privateDirectory: String? = nil,
    agents: AgentDirectories = AgentDirectories(outputDirectory: "/"), usesLinks: Bool = true
  ) {
    self.limit = limit
    self.privateDirectory = privateDirectory
    self.agents = agents
    self.usesLinks = usesLinks
  }

  /// Creates the directory where it is missing, and checks that files can be created in it.
  public func prepare(_ path: String, for origin: PredictionOrigin?) throws(OutputError) -> String {
    do throws(SystemError) {
      guard try directory(path, for: origin, making: true).isWritable else { throw .last }
    } catch {
      throw failure(error, at: path)
    }
    return origin == .mcp ? agents.realPath(of: path) ?? path : path
  }

  /// The bytes of a saved file that is unchanged: for an agent by length and SHA-256, for other clients by length.
  public func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8] {
    guard let opened = open(file, for: origin),
      let bytes = FileSystem.read(opened, from: 0, atMost: Int(file.bytes) + 1), bytes.count == file.bytes,
      origin == nil || SHA256.hash(bytes).hexadecimal == file.sha256
    else { throw Self.changed(file) }
    return bytes
  }

  /// Passes the bytes of a saved file to `piece` in parts. Throws at the end where it has changed.
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

  /// Starts a file under a temporary name in the target directory, and removes those of earlier epochs.
  public func begin(_ prediction: Prediction, index: Int) throws(OutputError) -> FileOutputWriter {
    let path = prediction.outputDirectory
    do throws(SystemError) {
      let directory = try directory(path, for: prediction.origin, making: true)
      func name(_ epoch: Int64) -> String { ".\(prediction.id)-\(index).\(epoch).part" }
      // Epochs rise by one, so earlier attempts used one of these names. A file of this epoch is from an attempt of this
      // process that was given up.
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
  public func place(_ files: [FileOutputWriter], of prediction: Prediction) throws(OutputError) -> [OutputFile] {
    var finished: [FileOutputWriter.Finished] = []
    for file in files {
      guard let known = file.finished else {
        throw .inputOutput(path: prediction.outputDirectory, reason: "an output was not finished")
      }
      finished.append(known)
    }
    guard let directory = finished.first?.directory else { return [] }
    let path = prediction.outputDirectory
    do throws(SystemError) {
      guard finished.allSatisfy({ $0.directory.identity == directory.identity }) else { throw .replaced }
      // Under a chosen name an equal file may belong to another prediction with the same input. It is taken as ours only
      // after an earlier attempt, which may have placed it.
      let mayBePlaced = prediction.outputName == nil || prediction.epoch > 1
      var counter = 1
      while true {
        let names = Self.names(for: finished.map(\.format.fileExtension), of: prediction, counter: counter)
        if let placements = try place(finished, as: names, in: directory, mayBePlaced: mayBePlaced) {
          do throws(SystemError) {
            // The recorded paths have to lead to the files.
            let there = try self.directory(path, for: prediction.origin, making: false)
            guard there.identity == directory.identity else { throw .replaced }
            // Before the sync, so that no temporary name reappears after a power loss; not before every file has its name.
            for file in files { file.discard() }
            try directory.sync()
          } catch {
            // These names will not be recorded, so they must not stay.
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

  /// Removes unchanged files, and returns the paths of changed ones.
  public func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String] {
    var kept: [String] = []
    for file in files {
      let (parent, name) = Self.split(file.path)
      guard let directory = try? directory(parent, for: origin, making: false), directory.status(of: name) != nil else {
        // A missing file needs no removal; one whose directory cannot be opened is reported.
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

  /// Opens a saved file if it is a regular file of the recorded length.
  private func open(_ file: OutputFile, for origin: PredictionOrigin?) -> Descriptor? {
    let (parent, name) = Self.split(file.path)
    guard let directory = try? directory(parent, for: origin, making: false), let opened = try? directory.read(name),
      FileStatus(of: opened)?.bytes == file.bytes
    else { return nil }
    return opened
  }

  private static func changed(_ file: OutputFile) -> OutputError {
    .inputOutput(path: file.path, reason: "it cannot be read, or it was changed since it was saved")
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    (FileSystem.parent(of: path), path.split(separator: "/").last.map(String.init) ?? "")
  }

  /// SHA-256 of the first bytes of a file; `nil` where they cannot be read.
  private static func digest(_ file: Descriptor, of bytes: Int64) -> String? {
    var hash = SHA256()
    return read(file, bytes: bytes) { hash.update($0.span) } ? hash.finish().hexadecimal : nil
  }

  /// Reads a file in parts; false where it is shorter.
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

  /// Whether a name is a regular file of this length and hash.
  private static func isFile(_ name: String, in directory: Directory, bytes: Int64, sha256: String) -> Bool {
    guard let file = try? directory.read(name), FileStatus(of: file)?.bytes == bytes else { return false }
    return digest(file, of: bytes) == sha256
  }

  // MARK: Names

  /// `<stem>.<ext>` for one output under a chosen name, `<stem>-<n>.<ext>` otherwise; from the second try on with the
  /// counter behind, for all of them, since `-2` would look like the second image.
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

  /// How an attempt to name a file ended.
  private enum Placement {
    case linked
    case renamed
    /// The same file was there already, from before a crash.
    case found
    case taken
  }

  private typealias Placed = (file: FileOutputWriter.Finished, name: String, how: Placement)

  /// Gives every file its name, or none: `nil` where one of the names is taken.
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
        // The temporary file may have been replaced, even by a link with the same inode number.
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

  /// Gives one file its name unless that is taken. A hard link never replaces a file.
  private func place(
    _ file: FileOutputWriter.Finished, as name: String, in directory: Directory, mayBePlaced: Bool
  ) throws(SystemError) -> Placement {
    func whatIsThere() -> Placement {
      mayBePlaced && Self.isFile(name, in: directory, bytes: file.bytes, sha256: file.sha256) ? .found : .taken
    }
    if usesLinks {
      if directory.link(file.name, to: name) { return .linked }
      if errno == EEXIST { return whatIsThere() }
      // A file system without hard links (FAT, some network shares), or one that forbids them.
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK, EINVAL, EXDEV].contains(errno) else { throw .last }
    }
    do throws(SystemError) {
      // Reserves the name with an empty file, which the rename replaces.
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
