public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Stores replies as `<state>/incoming/<id>.<epoch>`; Sources/Storage/README.md, "Files and modes".
public struct FileReplyStore: ReplyStore {
  private let folder: String

  /// - Parameter directory: the state directory; `incoming` in it is created with the first reply.
  public init(directory: String) {
    folder = "\(directory)/incoming"
  }

  /// Writes a reply under a temporary name, syncs it, and renames it; durable when this returns.
  public func keep(_ body: [UInt8], of prediction: Prediction) throws(OutputError) {
    Promptness.assertMayWait()
    let path = "\(folder)/\(prediction.id).\(prediction.epoch)"
    let temporary = path + Self.partSuffix
    do {
      try FileSystem.makeFolder(folder)
      unlink(temporary)
      let file = try Descriptor(making: temporary)
      try file.write(body.span)
      try file.sync()
      try FileSystem.rename(temporary, to: path)
      try FileSystem.syncFolder(folder)
    } catch {
      unlink(temporary)
      throw error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
    }
  }

  /// The stored reply of the latest epoch.
  public func body(of prediction: Prediction) -> [UInt8]? {
    Promptness.assertMayWait()
    let name = names(of: prediction).filter(isWhole).max { epoch($0) < epoch($1) }
    guard let name, let file = try? Descriptor(reading: "\(folder)/\(name)"),
      let status = FileStatus(of: file)
    else { return nil }
    return FileSystem.read(file, from: 0, atMost: Int(status.bytes))
  }

  /// Whether a whole reply is stored.
  public func has(_ prediction: Prediction) -> Bool { names(of: prediction).contains(where: isWhole) }

  /// Whether no whole reply is stored for any prediction.
  public var isEmpty: Bool { !FileSystem.names(in: folder).contains(where: isWhole) }

  /// Removes the replies of a prediction, also parts of them.
  public func discard(_ prediction: Prediction) {
    for name in names(of: prediction) { unlink("\(folder)/\(name)") }
  }

  /// Removes files that a crash left behind.
  ///
  /// - Parameter isStale: whether a reply of a prediction, or the part of one, is not needed any more.
  func sweep(_ isStale: (_ id: PredictionID, _ isWhole: Bool) -> Bool) {
    for name in FileSystem.names(in: folder) {
      guard let id = name.split(separator: ".").first.flatMap({ PredictionID(String($0)) }), isStale(id, isWhole(name))
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }

  private func names(of prediction: Prediction) -> [String] {
    FileSystem.names(in: folder).filter { $0.hasPrefix("\(prediction.id).") }
  }

  private static let partSuffix = ".part"

  private func isWhole(_ name: String) -> Bool { !name.hasSuffix(Self.partSuffix) }

  private func epoch(_ name: String) -> Int { name.split(separator: ".").last.flatMap { Int($0) } ?? 0 }
}
