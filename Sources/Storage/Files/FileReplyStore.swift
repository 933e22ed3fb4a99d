public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Stores replies as `<state>/incoming/<id>.<epoch>`, and those that could not be read as
/// `<state>/replies/<id>.<epoch>.<version>`, with `.cut` behind it where the reply broke off; Sources/Storage/README.md, "Files and modes".
public struct FileReplyStore: ReplyStore {
  private let folder: String
  private let unreadFolder: String
  private let version: String

  /// - Parameters:
  ///   - directory: the state directory; `incoming` and `replies` in it are created with their first reply.
  ///   - version: of this program.
  public init(directory: String, version: String = "0") {
    folder = "\(directory)/incoming"
    unreadFolder = "\(directory)/replies"
    self.version = version
  }

  /// Writes a reply under a temporary name, syncs it, and renames it; durable when this returns.
  public func keep(_ reply: StoredReply, of prediction: Prediction) throws(OutputError) {
    _ = try write(reply, to: "\(prediction.id).\(prediction.epoch)", in: folder)
  }

  /// - Returns: its path.
  private func write(_ reply: StoredReply, to name: String, in folder: String) throws(OutputError) -> String {
    Promptness.assertMayWait()
    let path = "\(folder)/\(name)\(reply.isWhole ? "" : Self.cutSuffix)"
    let temporary = path + Self.partSuffix
    do {
      try FileSystem.makeFolder(folder)
      unlink(temporary)
      let file = try Descriptor(making: temporary)
      try file.write(reply.body.span)
      try file.sync()
      try FileSystem.rename(temporary, to: path)
      try FileSystem.syncFolder(folder)
    } catch {
      unlink(temporary)
      throw error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
    }
    return path
  }

  /// The stored reply of the latest epoch.
  public func reply(of prediction: Prediction) -> StoredReply? { newest(of: prediction, in: folder) }

  /// Whether a whole reply is stored.
  public func has(_ prediction: Prediction) -> Bool { names(of: prediction).contains(where: isWhole) }

  /// Whether no whole reply is stored for any prediction.
  public var isEmpty: Bool { !FileSystem.names(in: folder).contains(where: isWhole) }

  /// Removes the replies of a prediction, also parts of them.
  public func discard(_ prediction: Prediction) {
    for name in names(of: prediction) { unlink("\(folder)/\(name)") }
  }

  /// Stores a reply, which is then found by its prediction only.
  public func keepUnread(_ reply: StoredReply, of prediction: Prediction) throws(OutputError) -> String {
    try write(reply, to: "\(prediction.id).\(prediction.epoch).\(version)", in: unreadFolder)
  }

  /// The unread reply of the latest epoch.
  public func unreadReply(of prediction: Prediction) -> StoredReply? { newest(of: prediction, in: unreadFolder) }

  /// Removes everything that is stored for a prediction that was deleted.
  func remove(_ prediction: Prediction) {
    discard(prediction)
    for name in FileSystem.names(in: unreadFolder)
    where name.hasPrefix("\(prediction.id).") || name.hasPrefix(".\(prediction.id).") {
      unlink("\(unreadFolder)/\(name)")
    }
  }

  /// Whole replies, and those that broke off, whose name ends with another version and that have no mark of this one.
  public var repliesOfOtherVersions: [PredictionID] {
    Promptness.assertMayWait()
    let names = FileSystem.names(in: unreadFolder)
    let marks = Set(names.filter { $0.hasPrefix(".") })
    return names.compactMap { name -> PredictionID? in
      let parts = name.split(separator: ".", maxSplits: 2).map(String.init)
      guard !name.hasPrefix("."), isWhole(name), parts.count == 3, let id = PredictionID(parts[0]) else { return nil }
      let kept = parts[2].hasSuffix(Self.cutSuffix) ? String(parts[2].dropLast(Self.cutSuffix.count)) : parts[2]
      return kept == version || marks.contains(mark(id)) ? nil : id
    }.sorted()
  }

  /// Makes an empty file, `.<id>.<version>`.
  public func noteReread(of prediction: Prediction) -> Bool {
    Promptness.assertMayWait()
    return (try? Descriptor(making: "\(unreadFolder)/\(mark(prediction.id))")) != nil
  }

  private func mark(_ id: PredictionID) -> String { ".\(id).\(version)" }

  /// Removes files that a crash left behind.
  ///
  /// - Parameters:
  ///   - isStale: whether a reply of a prediction, or the part of one, is not needed any more.
  ///   - isUnreadStale: the same for replies that could not be read.
  func sweep(
    _ isStale: (_ id: PredictionID, _ isWhole: Bool) -> Bool,
    unread isUnreadStale: (_ id: PredictionID, _ isWhole: Bool) -> Bool
  ) {
    sweep(folder, isStale)
    sweep(unreadFolder, isUnreadStale)
  }

  private func sweep(_ folder: String, _ isStale: (_ id: PredictionID, _ isWhole: Bool) -> Bool) {
    for name in FileSystem.names(in: folder) {
      guard let id = name.split(separator: ".").first.flatMap({ PredictionID(String($0)) }), isStale(id, isWhole(name))
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }

  private func names(of prediction: Prediction) -> [String] { names(of: prediction, in: folder) }

  private func names(of prediction: Prediction, in folder: String) -> [String] {
    FileSystem.names(in: folder).filter { $0.hasPrefix("\(prediction.id).") }
  }

  private func newest(of prediction: Prediction, in folder: String) -> StoredReply? {
    Promptness.assertMayWait()
    let name = names(of: prediction, in: folder).filter(isWhole).max { epoch($0) < epoch($1) }
    guard let name, let file = try? Descriptor(reading: "\(folder)/\(name)"), let status = FileStatus(of: file),
      let body = FileSystem.read(file, from: 0, atMost: Int(status.bytes))
    else { return nil }
    return StoredReply(body, isWhole: !name.hasSuffix(Self.cutSuffix))
  }

  private static let partSuffix = ".part"
  private static let cutSuffix = ".cut"

  /// Whether all that arrived is in the file.
  private func isWhole(_ name: String) -> Bool { !name.hasSuffix(Self.partSuffix) }

  /// The second part of a name.
  private func epoch(_ name: String) -> Int { name.split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 0 }
}
