internal import Encoding
internal import JSON
internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Stores the large inputs of finished predictions in files, `<state>/inputs/<id>`, so that the database stays small.
struct InputFiles: Sendable {
  /// An input with more bytes is moved into a file once its prediction is finished.
  static let threshold = 64 << 10

  private let folder: String

  init(directory: String) {
    folder = "\(directory)/inputs"
  }

  /// Whether an input is to be moved: its prediction is finished, so the input is not needed for work any more.
  static func isDue(_ prediction: Prediction?) -> Bool {
    // The length first: most inputs are short, and unwrapping the prediction copies it.
    guard let length = prediction?.input?.count, length > threshold, let prediction, prediction.phase == nil else {
      return false
    }
    return [.completed, .failed, .cancelled].contains(prediction.status)
  }

  /// Writes an input; durable under its name when this returns.
  func write(_ input: [UInt8], of id: PredictionID) throws(SystemError) -> StoredInput {
    let temporary = path(of: id) + ".part"
    try FileSystem.makeFolder(folder)
    unlink(temporary)
    do throws(SystemError) {
      let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
      try file.write(input.span)
      try file.sync()
      try FileSystem.rename(temporary, to: path(of: id))
      try FileSystem.syncFolder(folder)
    } catch {
      unlink(temporary)
      throw error
    }
    return StoredInput(bytes: input.count, sha256: SHA256.hash(input).hexadecimal)
  }

  /// Reads an input; `nil` where it is missing or was changed.
  func read(_ stored: StoredInput, of id: PredictionID) -> [UInt8]? {
    guard let file = try? Descriptor(opening: path(of: id), O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
      let status = FileStatus(of: file), status.isPlainFile, status.bytes == Int64(stored.bytes),
      let input = FileSystem.read(file, from: 0, atMost: stored.bytes),
      SHA256.hash(input).hexadecimal == stored.sha256
    else { return nil }
    return input
  }

  func remove(_ id: PredictionID) { unlink(path(of: id)) }

  /// The predictions that have a file.
  var ids: Set<PredictionID> {
    Set(FileSystem.names(in: folder).compactMap { $0.split(separator: ".").first.flatMap { PredictionID(String($0)) } })
  }

  private func path(of id: PredictionID) -> String { "\(folder)/\(id)" }
}

/// The mark that replaces an input that is in a file. It has no prompt, so that an older program can show it and cannot
/// send it.
struct StoredInput: Equatable, Sendable {
  var bytes: Int
  /// In hexadecimal, lower case.
  var sha256: String

  init(bytes: Int, sha256: String) {
    self.bytes = bytes
    self.sha256 = sha256
  }

  /// Reads a cell; `nil` where it is an input. Every input has a prompt, so none is taken for a mark.
  init?(cell: [UInt8]) {
    guard cell.starts(with: Self.prefix), let mark = (try? JSONValue(parsing: cell))?.object, mark["prompt"] == nil,
      let bytes = mark["stored"]?["bytes"]?.int64, bytes >= 0, bytes <= 1 << 30,
      let sha256 = mark["stored"]?["sha256"]?.string
    else { return nil }
    self.init(bytes: Int(bytes), sha256: sha256)
  }

  /// The mark as it is stored.
  var cell: [UInt8] { Self.prefix + Array("\(bytes),\"sha256\":\"\(sha256)\"}}".utf8) }

  private static let prefix = Array(#"{"stored":{"bytes":"#.utf8)
}
