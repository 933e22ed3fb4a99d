/// Puts outputs on disk so that a file is either whole and durable or not there; Sources/Storage/README.md,
/// "Output files".
public protocol OutputStore: Sendable {
  /// Makes sure that files can be put into a directory, before anything is paid for; makes it where it is missing.
  ///
  /// - Returns: its path, as it is to be recorded: for an agent the real one.
  func prepare(_ directory: String, for origin: PredictionOrigin?) throws(OutputError) -> String

  /// The whole of a saved file, which must still have the length and SHA-256 recorded.
  ///
  /// - Parameter origin: the prediction's. For one of an agent no link on the way to the file is followed.
  func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8]

  /// The same, in pieces of `Base64.pieceBytes` but for the last. Where it throws, what came before is worth nothing.
  func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) throws(OutputError)

  /// Starts a file under a temporary name in the target folder, which is made where it is missing.
  ///
  /// - Parameters:
  ///   - prediction: names the folder, and marks the temporary file with its id and epoch.
  ///   - index: which output, from 1.
  func begin(_ prediction: Prediction, index: Int) throws(OutputError) -> any OutputWriter

  /// Gives finished files their final names, together and without ever replacing a file: `<stem>.<ext>` for one output
  /// under a chosen name, `<stem>-<n>.<ext>` otherwise, and where one of those is taken, `_2`, `_3`, … for all.
  /// A file already there with the same length and SHA-256 under the planned name is taken for our own.
  ///
  /// - Returns: what was saved, in the order given; durable when this returns.
  func place(_ files: [any OutputWriter], of prediction: Prediction) throws(OutputError) -> [OutputFile]

  /// Removes files of a deleted prediction, but only those that still have the length and SHA-256 recorded.
  ///
  /// - Returns: the paths that were left because they are no longer what was saved.
  func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String]
}

/// A directory that agents may use.
public struct AgentDirectory: Sendable, Equatable {
  /// As the user spelled it.
  public var path: String
  /// Without links, as it is recorded; the same as `path` where there are none.
  public var realPath: String

  /// A directory; without a `realPath` it is the path itself.
  public init(path: String, realPath: String? = nil) {
    self.path = path
    self.realPath = realPath ?? path
  }
}

/// One output on its way to disk. Used by one thread at a time.
public protocol OutputWriter: Sendable {
  /// Appends bytes.
  func write(_ bytes: borrowing Span<UInt8>) throws(OutputError)
  /// Makes what was written durable and reads its format from the bytes. Nothing can be written afterwards.
  func finish() throws(OutputError)
  /// Removes the temporary file. Does nothing after `place`, or a second time.
  func discard()
}

/// Why an output could not be saved.
public enum OutputError: Error, Sendable, Equatable {
  /// The folder cannot be made or written: permissions, a read-only disk, no such place.
  case folder(path: String, reason: String)
  /// The disk is full.
  case diskFull(path: String)
  /// What came is neither PNG, JPEG, WebP, GIF nor AVIF.
  case notAnImage
  /// More came than one output may have.
  case tooLarge(limit: Int64)
  /// Any other failure of the file system.
  case inputOutput(path: String, reason: String)

  /// One sentence for people.
  public var message: String {
    switch self {
    case .folder(let path, let reason): "The output folder \(path) cannot be used: \(reason)."
    case .diskFull(let path): "The disk of \(path) is full."
    case .notAnImage: "What the provider delivered is not a PNG, JPEG, WebP, GIF or AVIF picture."
    case .tooLarge(let limit): "The output is larger than \(limit) bytes."
    case .inputOutput(let path, let reason): "Writing \(path) failed: \(reason)."
    }
  }
}
