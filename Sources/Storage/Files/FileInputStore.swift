internal import Encoding
public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Opens the local images that an input names.
public struct FileInputStore: InputStore {
  private let agents: AgentInputs

  /// A store.
  ///
  /// - Parameter agents: the directories that agents may read.
  public init(agents: AgentInputs = AgentInputs()) {
    self.agents = agents
  }

  /// Opens an image and reads its format from the first bytes.
  public func open(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile {
    let (file, status) = try descriptor(of: path, atMost: limit)
    return try Self.image(file, status, at: path)
  }

  /// Opens an image in the directories that agents may read.
  public func openForAgent(_ path: String, isNew: Bool, atMost limit: Int64) throws(InputError) -> AgentInput {
    let (image, path) = try imageForAgent(path, isNew: isNew, atMost: limit)
    return AgentInput(path: path, file: image)
  }

  /// The same, with its descriptor.
  func imageForAgent(
    _ path: String, isNew: Bool, atMost limit: Int64
  ) throws(InputError) -> (image: OpenInput, path: String) {
    let (file, real) = try agents.open(path, isNew: isNew)
    let status = try Self.status(of: file, atMost: limit)
    return (try Self.image(file, status, at: real), real)
  }

  private static func image(
    _ file: Descriptor, _ status: FileStatus, at path: String
  ) throws(InputError) -> OpenInput {
    guard let start = FileSystem.read(file, from: 0, atMost: 64) else {
      throw .unreadable(reason: "its first bytes cannot be read")
    }
    guard let mediaType = mediaType(of: start) else { throw .notAnImage }
    return OpenInput(name: name(of: path), mediaType: mediaType, file: file, status: status)
  }

  /// Opens a saved file.
  public func open(_ file: OutputFile, atMost limit: Int64) throws(InputError) -> any InputFile {
    let (descriptor, status) = try descriptor(of: file.path, atMost: limit)
    guard status.bytes == file.bytes else { throw .notAsSaved }
    return OpenInput(name: Self.name(of: file.path), mediaType: file.mediaType, file: descriptor, status: status)
  }

  /// Opens a file of any kind.
  public func openAny(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile {
    let (descriptor, status) = try descriptor(of: path, atMost: limit)
    return OpenInput(
      name: Self.name(of: path), mediaType: "application/octet-stream", file: descriptor, status: status)
  }

  private func descriptor(of path: String, atMost limit: Int64) throws(InputError) -> (Descriptor, FileStatus) {
    // A C function would use only the part before a zero byte.
    guard !path.utf8.contains(0) else { throw .unreadable(reason: "its name holds a zero byte") }
    // A pipe or a device is not opened: opening it may block or have effects.
    if let status = FileStatus(of: path), !status.isPlainFile { throw .notAFile }
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
    } catch {
      throw .unreadable(reason: error.reason)
    }
    return (file, try Self.status(of: file, atMost: limit))
  }

  private static func status(of file: Descriptor, atMost limit: Int64) throws(InputError) -> FileStatus {
    guard let status = FileStatus(of: file), status.isPlainFile else { throw .notAFile }
    guard status.bytes > 0 else { throw .empty }
    guard status.bytes <= limit else { throw .tooLarge(limit: limit) }
    return status
  }

  private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "picture" }

  /// Whether there is a regular file.
  public func isFile(_ path: String) -> Bool {
    !path.utf8.contains(0) && FileStatus(of: path)?.isPlainFile == true
  }

  /// The media type of an image that the services accept: all formats that can be saved but AVIF, and TIFF and BMP.
  static func mediaType(of start: [UInt8]) -> String? {
    if let format = ImageHeader(start)?.format { return format == .avif ? nil : format.mediaType }
    if start.starts(with: [0x49, 0x49, 0x2A, 0x00]) || start.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      return "image/tiff"
    }
    // "BM" may also begin a text, so the reserved zeros and the length of the next header are checked, too.
    let isBitmap =
      start.count >= 18 && start.starts(with: Array("BM".utf8)) && start[6..<10].allSatisfy { $0 == 0 }
      && [12, 16, 40, 52, 56, 64, 108, 124].contains(start[14]) && start[15..<18].allSatisfy { $0 == 0 }
    return isBitmap ? "image/bmp" : nil
  }
}

/// An open image, with its descriptor.
struct OpenInput: InputFile {
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
