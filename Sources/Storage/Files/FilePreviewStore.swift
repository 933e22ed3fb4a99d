public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Keeps previews as `<state>/previews/<id>.<ext>`: renamed into place, so that nobody ever sees half of one, and never
/// synced, since a preview that a power cut takes is not missed.
public struct FilePreviewStore: PreviewStore {
  private let folder: String

  /// - Parameter directory: the state directory; its folder for previews is made with the first one.
  public init(directory: String) {
    folder = "\(directory)/previews"
  }

  /// Writes it under a temporary name and gives it its own.
  public func keep(_ bytes: [UInt8], index: Int, of id: PredictionID) throws(OutputError) -> Preview {
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
    // One before it may have been of another format, and so of another name.
    for format in ImageHeader.Format.allCases where format != header.format {
      unlink("\(folder)/\(id).\(format.fileExtension)")
    }
    return Preview(
      path: path, mediaType: header.format.mediaType, bytes: Int64(bytes.count), width: header.width,
      height: header.height, index: index)
  }

  /// Removes all that is named after them.
  public func discard(_ ids: Set<PredictionID>) {
    for name in FileSystem.names(in: folder) {
      if let id = Self.id(of: name), ids.contains(id) { unlink("\(folder)/\(name)") }
    }
  }

  /// Those that something is named after, be it half a file.
  public var kept: Set<PredictionID> { Set(FileSystem.names(in: folder).compactMap(Self.id)) }

  private static func id(of name: String) -> PredictionID? {
    name.split(separator: ".").first.flatMap { PredictionID(String($0)) }
  }
}
