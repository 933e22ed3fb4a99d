public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Opens the local pictures that an input names.
public struct FileInputStore: InputStore {
  /// The only one there is.
  public init() {}

  /// Opens it and reads its first bytes.
  public func open(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile {
    // C would take the part before a zero for the whole.
    guard !path.utf8.contains(0) else { throw .unreadable(reason: "its name holds a zero byte") }
    // What does not come to an end is never opened: a pipe would wait for its writer, a device may do anything.
    if let status = FileStatus(of: path), !status.isPlainFile { throw .notAFile }
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
    } catch {
      throw .unreadable(reason: error.reason)
    }
    guard let status = FileStatus(of: file), status.isPlainFile else { throw .notAFile }
    guard status.bytes > 0 else { throw .empty }
    guard status.bytes <= limit else { throw .tooLarge(limit: limit) }
    guard let start = FileSystem.read(file, from: 0, atMost: 64) else {
      throw .unreadable(reason: "its first bytes did not come")
    }
    guard let mediaType = Self.mediaType(of: start) else { throw .notAnImage }
    let name = path.split(separator: "/").last.map(String.init) ?? "picture"
    return OpenInput(name: name, mediaType: mediaType, file: file, status: status)
  }

  /// Whether there is a regular file.
  public func isFile(_ path: String) -> Bool {
    !path.utf8.contains(0) && FileStatus(of: path)?.isPlainFile == true
  }

  /// What the services take: what we can save, without AVIF, and two more.
  static func mediaType(of start: [UInt8]) -> String? {
    if let format = ImageHeader(start)?.format { return format == .avif ? nil : format.mediaType }
    if start.starts(with: [0x49, 0x49, 0x2A, 0x00]) || start.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      return "image/tiff"
    }
    // Two letters alone would make a picture of many a text; so the reserved zeros and the length of the next header.
    let isBitmap =
      start.count >= 18 && start.starts(with: Array("BM".utf8)) && start[6..<10].allSatisfy { $0 == 0 }
      && [12, 16, 40, 52, 56, 64, 108, 124].contains(start[14]) && start[15..<18].allSatisfy { $0 == 0 }
    return isBitmap ? "image/bmp" : nil
  }
}

/// One that is open.
private struct OpenInput: InputFile {
  let name: String
  let mediaType: String
  let file: Descriptor
  let status: FileStatus

  var bytes: Int64 { status.bytes }

  var isUnchanged: Bool { FileStatus(of: file) == status }

  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    while true {
      let count = pread(file.number, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      if errno != EINTR { return nil }
    }
  }
}
