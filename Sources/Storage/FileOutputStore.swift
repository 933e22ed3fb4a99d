public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Puts outputs into folders so that a file is either whole and durable or not there (durability.md section 12).
public struct FileOutputStore: OutputStore {
  private let limit: Int64
  /// Whether to go without hard links, as some file systems must.
  private let usesLinks: Bool

  /// - Parameter limit: how many bytes one output may have.
  public init(limit: Int64 = 256 << 20) {
    self.init(limit: limit, usesLinks: true)
  }

  /// - Parameter usesLinks: `false` takes the way for file systems without hard links, for tests.
  init(limit: Int64, usesLinks: Bool) {
    self.limit = limit
    self.usesLinks = usesLinks
  }

  /// Makes the folder where it is missing, and asks whether it can be written.
  public func prepare(_ directory: String) throws(OutputError) {
    do {
      try FileSystem.makeFolder(directory)
    } catch {
      throw error.isFullDisk ? .diskFull(path: directory) : .folder(path: directory, reason: error.reason)
    }
    if access(directory, W_OK | X_OK) != 0 {
      throw .folder(path: directory, reason: String(cString: strerror(errno)))
    }
  }

  /// Reads a saved file whole, if it still has the length that was recorded.
  public func contents(of file: OutputFile) throws(OutputError) -> [UInt8] {
    guard let bytes = FileSystem.read(file.path, atMost: Int(file.bytes) + 1) else {
      throw .inputOutput(path: file.path, reason: "it cannot be read")
    }
    guard bytes.count == file.bytes else {
      throw .inputOutput(path: file.path, reason: "it is not what was saved any more")
    }
    return bytes
  }

  /// The whole of a saved file in pieces, if it still has the length recorded.
  public func read(_ file: OutputFile, _ piece: ([UInt8]) -> Void) throws(OutputError) {
    var place: Int64 = 0
    guard let opened = try? Descriptor(opening: file.path, O_RDONLY), FileStatus(of: opened)?.bytes == file.bytes else {
      throw .inputOutput(path: file.path, reason: "it cannot be read, or it is not what was saved any more")
    }
    while place < file.bytes {
      let wanted = min(Int64(Base64.pieceBytes), file.bytes - place)
      guard let bytes = FileSystem.read(opened, from: place, atMost: Int(wanted)), bytes.count == wanted else {
        throw .inputOutput(path: file.path, reason: "it cannot be read, or it is not what was saved any more")
      }
      piece(bytes)
      place += wanted
    }
  }

  /// Starts a file under a temporary name in the target folder; what earlier epochs left of it is removed.
  public func begin(_ prediction: Prediction, index: Int) throws(OutputError) -> any OutputWriter {
    let folder = prediction.outputDirectory
    do {
      try FileSystem.makeFolder(folder)
      let stem = "\(folder)/.\(prediction.id)-\(index)."
      // Epochs are counted one by one, so what earlier attempts left has one of these few names.
      for old in max(0, prediction.epoch - 16)..<max(0, prediction.epoch) { unlink("\(stem)\(old).part") }
      let path = "\(stem)\(prediction.epoch).part"
      // Of this epoch: this process's own, from a round that was given up.
      unlink(path)
      return FileOutputWriter(
        path: path, file: try Descriptor(opening: path, O_RDWR | O_CREAT | O_EXCL), limit: limit)
    } catch {
      throw error.isFullDisk ? .diskFull(path: folder) : .folder(path: folder, reason: error.reason)
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
    let folder = prediction.outputDirectory
    // Under a chosen name an equal file may be another prediction's, of the same input. Only where somebody may have
    // placed ours before can it be that one.
    let mayBePlaced = prediction.outputName == nil || prediction.epoch > 1
    var counter = 1
    while true {
      let paths = Self.names(for: finished.map(\.format.fileExtension), of: prediction, counter: counter)
        .map { "\(folder)/\($0)" }
      do throws(SystemError) {
        if let placements = try place(finished, at: paths, mayBePlaced: mayBePlaced) {
          // Only now: until every file has its name, the temporary ones are all there is.
          for file in files { file.discard() }
          do throws(SystemError) {
            try FileSystem.syncFolder(folder)
          } catch {
            // Nobody will be told of these names, so nothing may keep them.
            for (path, how) in zip(paths, placements) where how != .found { unlink(path) }
            throw error
          }
          return zip(finished, paths).map { $0.described(at: $1) }
        }
      } catch {
        throw error.isFullDisk ? .diskFull(path: folder) : .inputOutput(path: folder, reason: error.reason)
      }
      counter += 1
    }
  }

  /// Removes files that still have the length and SHA-256 recorded, and returns the paths of the others.
  public func remove(_ files: [OutputFile]) -> [String] {
    var kept: [String] = []
    var folders: Set<String> = []
    for file in files {
      guard FileStatus(of: file.path) != nil else { continue }
      if Self.isFile(at: file.path, bytes: file.bytes, sha256: file.sha256), unlink(file.path) == 0 {
        folders.insert(FileSystem.parent(of: file.path))
      } else {
        kept.append(file.path)
      }
    }
    for folder in folders { try? FileSystem.syncFolder(folder) }
    return kept
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

  /// Gives every file its name, or none: where one is taken, what was placed is taken back, and it is `nil`.
  private func place(
    _ files: [FileOutputWriter.Finished], at paths: [String], mayBePlaced: Bool
  ) throws(SystemError) -> [Placement]? {
    var done: [(file: FileOutputWriter.Finished, path: String, how: Placement)] = []
    func takeBack() {
      for (file, path, how) in done {
        if how == .linked { unlink(path) }
        if how == .renamed { try? FileSystem.rename(path, to: file.path) }
      }
    }
    for (file, path) in zip(files, paths) {
      do throws(SystemError) {
        let how = try place(file, at: path, mayBePlaced: mayBePlaced)
        if how == .taken {
          takeBack()
          return nil
        }
        done.append((file, path, how))
      } catch {
        takeBack()
        throw error
      }
    }
    return done.map(\.how)
  }

  /// Gives one file its name unless something has it. A link cannot replace anything, on any system that has links.
  private func place(
    _ file: FileOutputWriter.Finished, at path: String, mayBePlaced: Bool
  ) throws(SystemError) -> Placement {
    func whatIsThere() -> Placement {
      mayBePlaced && Self.isFile(at: path, bytes: file.bytes, sha256: file.sha256) ? .found : .taken
    }
    if usesLinks {
      if link(file.path, path) == 0 { return .linked }
      if errno == EEXIST { return whatIsThere() }
      // No links here (FAT, some network shares), or none allowed: the other way.
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK, EINVAL, EXDEV].contains(errno) else { throw .last }
    }
    do throws(SystemError) {
      // Reserves the name; then the file takes the place of what is ours and empty.
      _ = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
    } catch {
      guard error.code == EEXIST else { throw error }
      return whatIsThere()
    }
    do throws(SystemError) {
      try FileSystem.rename(file.path, to: path)
    } catch {
      unlink(path)
      throw error
    }
    return .renamed
  }

  /// Whether there is a plain file of this length and hash.
  private static func isFile(at path: String, bytes: Int64, sha256: String) -> Bool {
    guard let status = FileStatus(of: path), status.isPlainFile, status.bytes == bytes,
      let file = try? Descriptor(opening: path, O_RDONLY)
    else { return false }
    var hash = SHA256()
    var place: Int64 = 0
    while place < bytes {
      guard let chunk = FileSystem.read(file, from: place, atMost: 1 << 18), !chunk.isEmpty else { return false }
      hash.update(chunk.span)
      place += Int64(chunk.count)
    }
    return hash.finish().hexadecimal == sha256
  }
}
