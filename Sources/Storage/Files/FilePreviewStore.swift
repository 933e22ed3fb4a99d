internal import Encoding
public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Stores previews as `<state>/previews/<id>.<ext>`. Each is renamed into place, so that no reader sees a part of one, and
/// not synced, since losing a preview costs nothing.
public struct FilePreviewStore: PreviewStore {
  private let folder: String

  /// - Parameter directory: the state directory; `previews` in it is created with the first preview.
  public init(directory: String) {
    folder = "\(directory)/previews"
  }

  /// Writes a preview under a temporary name, then renames it.
  public func keep(_ bytes: [UInt8], index: Int, of id: PredictionID) throws(OutputError) -> Preview {
    Promptness.assertMayWait()
    guard let header = ImageHeader(bytes) else { throw .notAnImage }
    let path = "\(folder)/\(id).\(header.format.fileExtension)"
    let temporary = "\(folder)/\(id).part"
    do throws(SystemError) {
      try FileSystem.makeFolder(folder)
      unlink(temporary)
      let file = try Descriptor(making: temporary)
      try file.write(bytes.span)
      try FileSystem.rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error.isFullDisk ? .diskFull(path: path) : .inputOutput(path: path, reason: error.reason)
    }
    // An earlier preview may have another format, and so another name.
    for format in ImageFormat.allCases where format != header.format {
      unlink("\(folder)/\(id).\(format.fileExtension)")
    }
    return Preview(
      path: path, mediaType: header.format.mediaType, bytes: Int64(bytes.count), width: header.width,
      height: header.height, index: index)
  }

  /// Removes the previews of predictions, also parts of them.
  public func discard(_ ids: Set<PredictionID>) {
    for name in FileSystem.names(in: folder) {
      if let id = Self.id(of: name), ids.contains(id) { unlink("\(folder)/\(name)") }
    }
  }

  /// The predictions that have a preview or a part of one.
  public var kept: Set<PredictionID> { Set(FileSystem.names(in: folder).compactMap(Self.id)) }

  private static func id(of name: String) -> PredictionID? {
    name.split(separator: ".").first.flatMap { PredictionID(String($0)) }
  }
}
