public import Encoding
public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes one output under a temporary name that starts with a dot; `FileOutputStore.place` gives it its own.
public final class FileOutputWriter: OutputWriter {
  /// A file that is whole and durable under its temporary name.
  struct Finished: Sendable {
    let index: Int
    let name: String
    let identity: FileIdentity?
    let format: FileFormat
    let bytes: Int64
    let sha256: String
    let width: Int?
    let height: Int?
    var milliseconds: Int64?

    func described(at path: String) -> OutputFile {
      OutputFile(
        path: path, mediaType: format.mediaType, bytes: bytes, sha256: sha256, width: width, height: height,
        milliseconds: milliseconds, index: index)
    }
  }

  private struct State {
    /// `nil` once it is finished or discarded.
    var file: Descriptor?
    var hash = SHA256()
    var bytes: Int64 = 0
    var finished: Finished?
    var isDiscarded = false
  }

  /// Bytes at the start of a file that are read for its format and size.
  private static let headBytes = 1 << 20

  private let directory: Directory
  private let index: Int
  private let name: String
  private let partName: String
  /// The directory's, for messages.
  private let path: String
  private let limit: Int64
  private let state: Protected<State>

  /// - Parameters:
  ///   - index: which output, from 1.
  ///   - name: the temporary name, which is removed with `discard`.
  ///   - partName: the name under which `setAside` keeps it.
  ///   - path: the directory's, for messages.
  init(
    in directory: Directory, index: Int, name: String, partName: String, path: String, file: Descriptor,
    permissions: Permissions, limit: Int64
  ) {
    self.directory = directory
    self.index = index
    self.name = name
    self.partName = partName
    self.path = path
    self.limit = limit
    state = Protected(State(file: file))
    // The owner must be able to read it, whatever the umask.
    if permissions == .ownerOnly { fchmod(file.number, permissions.file) }
  }

  /// `nil` before `finish`, and after `discard`.
  var finished: Finished? { state.withLock { $0.isDiscarded ? nil : $0.finished } }

  /// Appends bytes. Throws `tooLarge` beyond the limit of one output.
  public func write(_ bytes: borrowing Span<UInt8>) throws(OutputError) {
    Promptness.assertMayWait()
    try state.withLock { state throws(OutputError) in
      guard let file = state.file else { throw .inputOutput(path: path, reason: "it is already finished") }
      guard Int64(bytes.count) <= limit - state.bytes else { throw .tooLarge(limit: limit) }
      do throws(SystemError) { try file.write(bytes) } catch { throw failure(error) }
      state.hash.update(bytes)
      state.bytes += Int64(bytes.count)
    }
  }

  /// Compares the length with the limit and with the free space of the disk.
  public func expect(_ bytes: Int64) throws(OutputError) {
    Promptness.assertMayWait()
    let written = state.withLock { $0.bytes }
    guard bytes <= limit - written else { throw .tooLarge(limit: limit) }
    guard let free = directory.freeBytes, bytes > free else { return }
    throw .noRoom(path: path, bytes: written + bytes, free: free)
  }

  /// Empties the file.
  public func restart() throws(OutputError) {
    try state.withLock { state throws(OutputError) in
      guard let file = state.file else { throw .inputOutput(path: path, reason: "it is already finished") }
      do throws(SystemError) { try file.truncate() } catch { throw failure(error) }
      state.hash = SHA256()
      state.bytes = 0
    }
  }

  /// Syncs the file, decides its format and reads the size of an image from its header. Throws `empty` or `textInstead`.
  public func finish(_ hint: FormatHint) throws(OutputError) {
    Promptness.assertMayWait()
    try state.withLock { state throws(OutputError) in
      guard state.finished == nil else { return }
      guard let file = state.file else { throw .inputOutput(path: path, reason: "it was given up") }
      // Read back from the disk, so that no part is kept in memory while it is written.
      guard state.bytes > 0 else { throw .empty }
      let wanted = Int(min(state.bytes, Int64(Self.headBytes)))
      guard let head = FileSystem.read(file, from: 0, atMost: wanted), head.count == wanted else {
        throw .inputOutput(path: path, reason: "it cannot be read back")
      }
      let format = FileFormat(head: head, hint: hint)
      if format.isText(insteadOf: hint) { throw .textInstead }
      let read: FileEnd.Read = { FileSystem.read(file, from: $0, atMost: $1) ?? [] }
      if !hint.saysItsEnd, FileEnd.isMissing(in: format, bytes: state.bytes, read) {
        var hash = state.hash
        throw .cut(sha256: hash.finish().hexadecimal)
      }
      let header = ImageHeader(head)
      do throws(SystemError) { try file.sync() } catch { throw failure(error) }
      let identity = FileStatus(of: file)?.identity
      state.file = nil
      state.finished = Finished(
        index: index, name: name, identity: identity, format: format, bytes: state.bytes,
        sha256: state.hash.finish().hexadecimal,
        width: header?.width, height: header?.height,
        milliseconds: FileDuration.milliseconds(of: format, bytes: state.bytes, read))
    }
  }

  /// Renames the temporary file to the name of the output's part; see `FileOutputBatch.placeParts`. An error page that was
  /// cut is no part of it.
  public func setAside(_ hint: FormatHint) {
    Promptness.assertMayWait()
    state.withLock { state in
      guard !state.isDiscarded, state.finished == nil, let file = state.file else { return }
      let known = directory.status(of: partName)?.bytes ?? 0
      let head = FileSystem.read(file, from: 0, atMost: FileFormat.headBytes) ?? []
      let isKept =
        state.bytes > known && !FileFormat(head: head, hint: hint).isText(insteadOf: hint)
        && (try? directory.rename(name, to: partName)) != nil
      if !isKept { directory.remove(name) }
      state.isDiscarded = true
      state.file = nil
    }
  }

  /// Removes the temporary name.
  public func discard() {
    state.withLock { state in
      if !state.isDiscarded { directory.remove(name) }
      state.isDiscarded = true
      state.file = nil
    }
  }

  private func failure(_ error: SystemError) -> OutputError {
    error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
  }
}
