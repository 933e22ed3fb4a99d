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
public struct FileOutputStore: CopyStore {
  /// The largest size of one output in bytes.
  let limit: Int64
  let privateDirectory: String?
  private let agents: AgentDirectories
  /// False on file systems without hard links.
  let usesLinks: Bool

  /// - Parameters:
  ///   - limit: the largest size of one output in bytes.
  ///   - privateDirectory: the state directory. Files below it are readable by the owner only; elsewhere the umask decides.
  ///   - agents: the directories that agents may use.
  public init(limit: Int64, privateDirectory: String, agents: AgentDirectories) {
    self.init(limit: limit, privateDirectory: privateDirectory, agents: agents, usesLinks: true)
  }

  /// - Parameter usesLinks: `false` does without hard links, for tests.
  init(
    limit: Int64 = 2 << 30, privateDirectory: String? = nil,
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
    guard let opened = try? open(file, for: origin),
      let bytes = FileSystem.read(opened, from: 0, atMost: Int(file.bytes) + 1), bytes.count == file.bytes,
      origin == nil || SHA256.hash(bytes).hexadecimal == file.sha256
    else { throw Self.changed(file) }
    return bytes
  }

  /// Passes the bytes of a saved file to `piece` in parts. Throws at the end where it has changed.
  public func read(
    _ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void
  ) throws(OutputError) {
    guard let opened = try? open(file, for: origin) else { throw Self.changed(file) }
    var hash = SHA256()
    let isWhole = Self.read(opened, bytes: file.bytes) { chunk in
      if origin != nil { hash.update(chunk.span) }
      piece(chunk)
    }
    guard isWhole, origin == nil || hash.finish().hexadecimal == file.sha256 else { throw Self.changed(file) }
  }

  /// Starts to save outputs of a prediction; touches no file yet.
  public func begin(_ prediction: Prediction) -> any OutputBatch { FileOutputBatch(prediction, in: self) }

  /// Starts to save copies of outputs that are kept elsewhere; touches no file yet.
  public func beginCopies(_ prediction: Prediction) -> any OutputBatch {
    FileOutputBatch(prediction, in: self, isCopying: true)
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

  func directory(
    _ path: String, for origin: PredictionOrigin?, making: Bool
  ) throws(SystemError) -> Directory {
    let permissions = permissions(in: path)
    if origin == .mcp { return try agents.open(path, making: making ? permissions : nil) }
    if making { try FileSystem.makeFolder(path, permissions) }
    return try Directory(at: path)
  }

  func permissions(in path: String) -> Permissions {
    guard let privateDirectory else { return .umask }
    return path == privateDirectory || path.hasPrefix(privateDirectory + "/") ? .ownerOnly : .umask
  }

  func failure(_ error: SystemError, at path: String) -> OutputError {
    error.isFullDisk ? .diskFull(path: path) : .folder(path: path, reason: error.reason)
  }

  // MARK: Saved files

  /// Opens a saved file if it is a regular file of the recorded length; see `SystemError.provesChange`.
  func open(_ file: OutputFile, for origin: PredictionOrigin?) throws(SystemError) -> Descriptor {
    let (parent, name) = Self.split(file.path)
    let opened = try directory(parent, for: origin, making: false).read(name)
    guard let status = FileStatus(of: opened) else { throw .last }
    guard status.bytes == file.bytes else { throw .resized }
    return opened
  }

  private static func changed(_ file: OutputFile) -> OutputError {
    .inputOutput(path: file.path, reason: "it cannot be read, or it was changed since it was saved")
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    (FileSystem.parent(of: path), path.split(separator: "/").last.map(String.init) ?? "")
  }

  /// SHA-256 of the first bytes of a file; `nil` where they cannot be read.
  static func digest(_ file: Descriptor, of bytes: Int64) -> String? {
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
  static func isFile(_ name: String, in directory: Directory, bytes: Int64, sha256: String) -> Bool {
    guard let file = try? directory.read(name), FileStatus(of: file)?.bytes == bytes else { return false }
    return digest(file, of: bytes) == sha256
  }
}
