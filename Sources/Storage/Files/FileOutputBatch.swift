internal import Encoding
internal import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Outputs of one prediction that are saved in the same round. Their directory is open from the first of them until they have
/// their names.
final class FileOutputBatch: OutputBatch {
  private struct State {
    var directory: Directory?
    var writers: [Int: FileOutputWriter] = [:]
  }

  let prediction: Prediction
  let store: FileOutputStore
  /// Whether the files are copies of what is kept elsewhere; see `CopyStore`.
  let isCopying: Bool
  private let state = Protected(State())

  init(_ prediction: Prediction, in store: FileOutputStore, isCopying: Bool = false) {
    self.prediction = prediction
    self.store = store
    self.isCopying = isCopying
  }

  var names: OutputNames { OutputNames(prediction, isUnique: isCopying) }

  /// Starts a file under a temporary name in the target directory, and removes those of earlier epochs.
  func begin(index: Int) throws(OutputError) -> any OutputWriter { try writer(index: index) }

  /// The same.
  func writer(index: Int) throws(OutputError) -> FileOutputWriter {
    let path = prediction.outputDirectory
    do throws(SystemError) {
      let directory = try directory()
      let id = prediction.id
      func name(_ epoch: Int64) -> String { ".\(id)-\(index).\(epoch).part" }
      // Epochs rise by one, so earlier attempts used one of these names. A file of this epoch is from an attempt of this
      // process that was given up.
      for epoch in max(0, prediction.epoch - 16)...max(0, prediction.epoch) { directory.remove(name(epoch)) }
      let permissions = store.permissions(in: path)
      let writer = FileOutputWriter(
        in: directory, index: index, name: name(prediction.epoch), partName: partName(of: index), path: path,
        file: try directory.make(name(prediction.epoch), mode: permissions.file), permissions: permissions,
        limit: store.limit)
      state.withLock { $0.writers[index] = writer }
      return writer
    } catch {
      throw store.failure(error, at: path)
    }
  }

  /// The temporary name of what came of an output.
  private func partName(of index: Int) -> String { ".\(prediction.id)-\(index).cut" }

  private func directory() throws(SystemError) -> Directory {
    if let known = state.withLock({ $0.directory }) { return known }
    let opened = try store.directory(prediction.outputDirectory, for: prediction.origin, making: true)
    state.withLock { $0.directory = opened }
    return opened
  }

  // MARK: Placing

  /// Whether an equal file under the planned name is ours. Under a chosen name it may belong to another prediction with the
  /// same input, unless an earlier attempt may have placed it.
  private var mayBePlaced: Bool { isCopying || prediction.outputName == nil || prediction.epoch > 1 }

  /// Gives finished files their final names, without ever replacing a file.
  func place() throws(OutputError) -> [OutputFile] {
    let (directory, writers) = state.withLock { state in
      defer { state = State() }
      return (state.directory, state.writers)
    }
    let finished = writers.keys.sorted().compactMap { writers[$0]?.finished }
    guard let directory, !finished.isEmpty else { return [] }
    let path = prediction.outputDirectory
    do throws(SystemError) {
      var placed: [Placed] = []
      do throws(SystemError) {
        try place(finished, in: directory, placed: &placed)
        // The recorded paths have to lead to the files.
        let there = try store.directory(path, for: prediction.origin, making: false)
        guard there.identity == directory.identity else { throw .replaced }
        // Before the sync, so that no temporary name reappears after a power loss; not before every file has its name.
        for file in finished {
          writers[file.index]?.discard()
          directory.remove(partName(of: file.index))
        }
        if isCopying { for file in placed { point(to: file.name, as: file.file.index, in: directory) } }
        try directory.sync()
      } catch {
        // These names will not be recorded, so they must not stay.
        takeBack(placed, in: directory)
        for file in finished { writers[file.index]?.discard() }
        throw error
      }
      return placed.map { $0.file.described(at: "\(path)/\($0.name)") }
    } catch {
      throw error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
    }
  }

  /// Names all files together, with the same counter; where files of the prediction have names already, each by itself,
  /// beginning with their counter.
  private func place(
    _ files: [FileOutputWriter.Finished], in directory: Directory, placed: inout [Placed]
  ) throws(SystemError) {
    let names = names
    let groups = names.recordedCounter == nil ? [files] : files.map { [$0] }
    for group in groups {
      var counter = names.recordedCounter ?? 1
      while true {
        let wanted = group.map {
          names.name(of: $0.index, $0.format.fileExtension, sha256: $0.sha256, counter: counter)
        }
        if let done = try place(group, as: wanted, in: directory) {
          placed += done
          break
        }
        counter += 1
      }
    }
  }

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
    _ files: [FileOutputWriter.Finished], as names: [String], in directory: Directory
  ) throws(SystemError) -> [Placed]? {
    var done: [Placed] = []
    for (file, name) in zip(files, names) {
      do throws(SystemError) {
        let how = try place(file, as: name, in: directory)
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

  // MARK: Parts

  /// Names what was set aside. A part that cannot be named stays where it is.
  func placeParts() -> [PartialFile] {
    guard let directory = try? store.directory(prediction.outputDirectory, for: prediction.origin, making: false)
    else { return [] }
    return prediction.missingOutputs.compactMap { try? placePart($0, in: directory) }
  }

  private func placePart(_ index: Int, in directory: Directory) throws(SystemError) -> PartialFile? {
    let name = partName(of: index)
    guard let status = directory.status(of: name), status.isPlainFile else { return nil }
    let recorded = prediction.partialFiles.first { $0.index == index }?.bytes ?? 0
    guard status.bytes > recorded else {
      directory.remove(name)
      return nil
    }
    let file = try directory.read(name)
    let head = FileSystem.read(file, from: 0, atMost: FileFormat.headBytes) ?? []
    guard let sha256 = FileOutputStore.digest(file, of: status.bytes) else { throw SystemError(code: EIO) }
    try file.sync()
    let part = FileOutputWriter.Finished(
      index: index, name: name, identity: status.identity,
      format: FileFormat(head: head, hint: FormatHint(address: prediction.outputs[index - 1])), bytes: status.bytes,
      sha256: sha256, width: nil, height: nil)
    let names = names
    var counter = 1
    while true {
      let wanted =
        names.name(of: index, part.format.fileExtension, sha256: sha256, counter: counter) + ".partial"
      let how = try place(part, as: wanted, in: directory)
      counter += 1
      guard how != .taken else { continue }
      directory.remove(name)
      try directory.sync()
      return PartialFile(
        index: index, path: "\(prediction.outputDirectory)/\(wanted)", bytes: part.bytes, sha256: sha256)
    }
  }

  private func takeBack(_ placements: [Placed], in directory: Directory) {
    for (file, name, how) in placements {
      if how == .linked { directory.remove(name) }
      if how == .renamed { try? directory.rename(name, to: file.name) }
    }
  }

  /// Gives one file its name unless that is taken. A hard link never replaces a file.
  private func place(
    _ file: FileOutputWriter.Finished, as name: String, in directory: Directory
  ) throws(SystemError) -> Placement {
    func whatIsThere() -> Placement {
      mayBePlaced && FileOutputStore.isFile(name, in: directory, bytes: file.bytes, sha256: file.sha256)
        ? .found : .taken
    }
    if store.usesLinks {
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
