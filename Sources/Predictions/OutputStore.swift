public import Encoding

/// Writes outputs to disk so that a file is either whole and durable or not there; Sources/Storage/README.md,
/// "Output files".
public protocol OutputStore: Sendable {
  /// Whether `prepare` answers at once for a directory. Otherwise it may wait for a server.
  func isReady(_ directory: String) -> Bool

  /// Checks that files can be written to a directory, before any money is spent. Makes the directory where it is
  /// missing.
  ///
  /// - Returns: the path to record: for an agent the real one.
  func prepare(_ directory: String, for origin: PredictionOrigin?) throws(OutputError) -> String

  /// The whole of a saved file, which must still have the length and SHA-256 recorded.
  ///
  /// - Parameter origin: the prediction's. For an agent's prediction, links in the path are not followed.
  func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8]

  /// The same, in pieces of `Base64.pieceBytes` except for the last. Where it throws, the pieces before are invalid.
  func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) throws(OutputError)

  /// Starts to save outputs of a prediction; touches no file yet.
  func begin(_ prediction: Prediction) -> any OutputBatch

  /// Removes the files of a deleted prediction that still have the length and SHA-256 recorded.
  ///
  /// - Returns: the paths of files that were kept because they were changed.
  func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String]

  /// Removes copies that were made of the files of deleted predictions: their thumbnails.
  func forget(_ files: [OutputFile])

  /// Fetches files that are missing on this disk and are stored elsewhere. One that cannot be fetched stays missing.
  ///
  /// - Parameter completion: called at once where nothing is missing.
  func bringBack(_ files: [OutputFile], of prediction: Prediction, completion: @escaping @Sendable () -> Void)

  /// Removes the remote copies of files of deleted predictions, if they still have the length and SHA-256 recorded.
  ///
  /// - Parameter completion: gets the locations of the copies that were kept; called at once if there are none to remove.
  func withdraw(_ files: [OutputFile], completion: @escaping @Sendable ([String]) -> Void)
}

extension OutputStore {
  /// At once, in a store on the disk.
  public func isReady(_ directory: String) -> Bool { true }

  /// Nothing, in a store that makes no copies.
  public func forget(_ files: [OutputFile]) {}

  /// Nothing, in a store on the disk.
  public func bringBack(_ files: [OutputFile], of prediction: Prediction, completion: @escaping @Sendable () -> Void) {
    completion()
  }

  /// Nothing, in a store on the disk.
  public func withdraw(_ files: [OutputFile], completion: @escaping @Sendable ([String]) -> Void) { completion([]) }
}

/// A store whose files may be local copies of remote ones.
public protocol CopyStore: OutputStore {
  /// Starts to save outputs of a prediction under unique names, which contain a part of its id and of the file's hash: `<stem or id-n>_<id's last 12>_<12 of the SHA-256>.<ext>`. A file that has its name and is not recorded yet
  /// can be taken up.
  func beginCopies(_ prediction: Prediction) -> any OutputBatch
}

/// A directory that agents may use.
public struct AgentDirectory: Sendable, Equatable {
  /// The path as the user wrote it.
  public var path: String
  /// The path without links, as it is recorded; the same as `path` where there are none.
  public var realPath: String

  /// A directory; without a `realPath` it is the path itself.
  public init(path: String, realPath: String? = nil) {
    self.path = path
    self.realPath = realPath ?? path
  }
}

/// Outputs of one prediction that are saved in the same round: each is written by itself, and those that were finished get
/// their names together. Used by one thread at a time.
public protocol OutputBatch: Sendable {
  /// Starts the file of an output under a temporary name in the target directory, which is made where it is missing.
  /// Removes what earlier attempts left under their temporary names.
  ///
  /// - Parameter index: which output, from 1.
  func begin(index: Int) throws(OutputError) -> any OutputWriter

  /// Gives finished files their final names without replacing any file: `<stem>.<ext>` for the only output under a chosen
  /// name, `<stem>-<n>.<ext>` otherwise. Where one of those is taken, `_2`, `_3`, … for all of them; once files of the
  /// prediction are recorded, for each by itself. An existing file under the planned name with the same length and SHA-256
  /// counts as this output. Where it throws, no file has a name.
  ///
  /// - Returns: the saved files in the order of the outputs; durable when this returns.
  func place() throws(OutputError) -> [OutputFile]

  /// Takes up a complete file of an earlier round that was not recorded: it is not fetched again, and `place` returns it.
  ///
  /// - Returns: `false` if there is no such file.
  func takeUp(index: Int) -> Bool

  /// Copies placed files to the remote store, if there is one.
  ///
  /// - Parameter completion: gets the files that were copied, and the errors of the others. Called at once in a store on the disk,
  ///   otherwise on another thread.
  func deliver(_ files: [OutputFile], completion: @escaping @Sendable ([OutputFile], [OutputError]) -> Void)

  /// Notes that delivered files are recorded.
  func settle(_ files: [OutputFile])

  /// Removes files that were placed and not recorded: their prediction is deleted.
  func abandon()

  /// Gives the parts that writers set aside their names: that of the file with `.partial` behind it, without replacing any
  /// file. Only of outputs that are missing, and only those that are longer than the part that is recorded.
  func placeParts() -> [PartialFile]
}

extension OutputBatch {
  /// None, in a store whose files are recorded at once.
  public func takeUp(index: Int) -> Bool { false }

  /// There is no remote store.
  public func deliver(_ files: [OutputFile], completion: @escaping @Sendable ([OutputFile], [OutputError]) -> Void) {
    completion(files, [])
  }

  /// Nothing, in a store on the disk.
  public func settle(_ files: [OutputFile]) {}

  /// Nothing, in a store whose files are recorded at once.
  public func abandon() {}

  /// None, in a store that keeps no parts.
  public func placeParts() -> [PartialFile] { [] }
}

/// One output that is being written. Used by one thread at a time.
public protocol OutputWriter: Sendable {
  /// Appends bytes.
  func write(_ bytes: borrowing Span<UInt8>) throws(OutputError)
  /// Says how many more bytes will come, where that is known. Throws `tooLarge` or `noRoom` before the first of them is
  /// written.
  func expect(_ bytes: Int64) throws(OutputError)
  /// Drops what was written, and begins again.
  func restart() throws(OutputError)
  /// Makes the bytes durable and decides their format. Nothing can be written afterwards.
  ///
  /// - Parameter hint: what is known of the format beside the bytes.
  /// - Throws: `.cut` where neither the sender nor the format says that this is the end; it may be called again then with
  ///   another hint.
  func finish(_ hint: FormatHint) throws(OutputError)
  /// Keeps what was written as a part of the output, unless earlier attempts brought more: the connection broke off.
  ///
  /// - Parameter hint: what is known of the format beside the bytes.
  func setAside(_ hint: FormatHint)
  /// Removes the temporary file, which is not placed then. Does nothing after `place` or when called again.
  func discard()
}

extension OutputWriter {
  /// Accepts any number.
  public func expect(_ bytes: Int64) throws(OutputError) {}

  /// Drops it, in a store that keeps no parts.
  public func setAside(_ hint: FormatHint) { discard() }
}

/// Why an output could not be saved.
public enum OutputError: Error, Sendable, Equatable {
  /// The directory cannot be made or written: permissions, a read-only disk, no such path.
  case folder(path: String, reason: String)
  /// The disk is full.
  case diskFull(path: String)
  /// The output is longer than the disk has space.
  case noRoom(path: String, bytes: Int64, free: Int64)
  /// The bytes of a preview are neither PNG, JPEG, WebP, GIF nor AVIF.
  case notAnImage
  /// There are no bytes.
  case empty
  /// The file ends before its format does, and its sender did not say where it ends.
  case cut(sha256: String)
  /// A text came under the address of a binary file: a login page, or an error of the host.
  case textInstead
  /// The output exceeds the limit of one output.
  case tooLarge(limit: Int64)
  /// Any other failure of the file system.
  case inputOutput(path: String, reason: String)
  /// The file is complete on this disk and could not be copied to the remote store.
  ///
  /// - `mayPass`: whether that may succeed later without a change by the user.
  case undelivered(location: String, copy: String, reason: String, mayPass: Bool)

  /// One sentence for people.
  public var message: String {
    switch self {
    case .folder(let path, let reason): "The output folder \(path) cannot be used: \(reason)."
    case .diskFull(let path): "The disk of \(path) is full; free some space first."
    case .noRoom(let path, let bytes, let free):
      """
      The output has \(Self.size(bytes)), and the disk of \(path) has only \(Self.size(free)) free. The provider keeps it until its \
      link expires: free some space first.
      """
    case .notAnImage: "The provider's preview is not a PNG, JPEG, WebP, GIF or AVIF image."
    case .empty: "The provider's output is empty."
    case .cut: "The connection to the output's host ended within the file."
    case .textInstead: "The output's host sent a text instead of the file."
    case .tooLarge(let limit): "The output is larger than \(limit) bytes; --max-output-bytes raises the limit."
    case .inputOutput(let path, let reason): "Writing \(path) failed: \(reason)."
    case .undelivered(let location, let copy, let reason, _):
      "\(location) could not be written: \(reason). The file is whole on this disk: \(copy)."
    }
  }

  /// Whether the folder that cannot be used is a place in a bucket.
  public var isOfBucket: Bool {
    if case .folder(let path, _) = self { OutputDirectory.isInBucket(path) } else { false }
  }

  /// Whether it may succeed later without a change by the user.
  var mayPass: Bool { if case .undelivered(_, _, _, mayPass: true) = self { true } else { false } }

  private static func size(_ bytes: Int64) -> String {
    bytes < 1_000_000 ? counted(bytes, "byte") : "\(bytes / 1_000_000) MB"
  }
}
