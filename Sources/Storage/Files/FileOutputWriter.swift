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

/// One output on its way to disk, under a temporary name that starts with a dot.
final class FileOutputWriter: OutputWriter {
  /// What is known of a file that is whole and durable, though still under its temporary name.
  struct Finished: Sendable {
    let directory: Directory
    let name: String
    let identity: FileIdentity?
    let format: ImageHeader.Format
    let bytes: Int64
    let sha256: String
    let width: Int?
    let height: Int?

    func described(at path: String) -> OutputFile {
      OutputFile(
        path: path, mediaType: format.mediaType, bytes: bytes, sha256: sha256, width: width, height: height)
    }
  }

  private struct State {
    /// Open until it is finished.
    var file: Descriptor?
    var hash = SHA256()
    var bytes: Int64 = 0
    var finished: Finished?
    var isDiscarded = false
  }

  /// How much of a file is looked at for its format and size.
  private static let headBytes = 1 << 20

  private let directory: Directory
  private let name: String
  /// The directory's, for messages.
  private let path: String
  private let limit: Int64
  private let state: Protected<State>

  /// - Parameters:
  ///   - name: the temporary name, which is removed with `discard`.
  ///   - path: the directory's, for messages.
  init(in directory: Directory, name: String, path: String, file: Descriptor, permissions: Permissions, limit: Int64) {
    self.directory = directory
    self.name = name
    self.path = path
    self.limit = limit
    state = Protected(State(file: file))
    // Whatever the umask took away, the owner can read it.
    if permissions == .ownerOnly { fchmod(file.number, permissions.file) }
  }

  /// `nil` before `finish`.
  var finished: Finished? { state.withLock { $0.finished } }

  func write(_ bytes: borrowing Span<UInt8>) throws(OutputError) {
    try state.withLock { state throws(OutputError) in
      guard let file = state.file else { throw .inputOutput(path: path, reason: "it is finished already") }
      guard Int64(bytes.count) <= limit - state.bytes else { throw .tooLarge(limit: limit) }
      do throws(SystemError) { try file.write(bytes) } catch { throw failure(error) }
      state.hash.update(bytes)
      state.bytes += Int64(bytes.count)
    }
  }

  func finish() throws(OutputError) {
    try state.withLock { state throws(OutputError) in
      guard state.finished == nil else { return }
      guard let file = state.file else { throw .inputOutput(path: path, reason: "it was given up") }
      // Read back rather than kept: while it is written nothing of it stays in memory.
      let head = FileSystem.read(file, from: 0, atMost: Int(min(state.bytes, Int64(Self.headBytes)))) ?? []
      guard let header = ImageHeader(head) else { throw .notAnImage }
      do throws(SystemError) { try file.sync() } catch { throw failure(error) }
      let identity = FileStatus(of: file)?.identity
      state.file = nil
      state.finished = Finished(
        directory: directory, name: name, identity: identity, format: header.format, bytes: state.bytes,
        sha256: state.hash.finish().hexadecimal,
        width: header.width, height: header.height)
    }
  }

  func discard() {
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
