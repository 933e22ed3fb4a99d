internal import Encoding

/// Opens the local files that an input names. Writes nothing.
public protocol InputStore: Sendable {
  /// Opens an image and reads its length and first bytes only, so that this is quick.
  ///
  /// - Parameters:
  ///   - path: absolute; links are followed.
  ///   - limit: the greatest length, in bytes.
  func open(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile

  /// Opens an image that an agent names, in the directories that it may read. No symbolic link is followed.
  ///
  /// - Parameters:
  ///   - path: absolute.
  ///   - isNew: whether the agent names it now. Otherwise it was in such a directory when it was named, perhaps in one of
  ///     another process; then the caller must compare its content with the one that was recorded.
  ///   - limit: the greatest length, in bytes.
  func openForAgent(_ path: String, isNew: Bool, atMost limit: Int64) throws(InputError) -> AgentInput

  /// Opens a saved file, which may be of any kind and must have the length that was recorded. Reads none of its bytes.
  func open(_ file: OutputFile, atMost limit: Int64) throws(InputError) -> any InputFile

  /// Opens a local file of any kind, in order to compare it. Reads none of its bytes.
  ///
  /// - Parameter path: absolute; links are followed.
  func openAny(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile

  /// Whether a regular file of this name exists, absolute or relative to the working directory. Opens nothing.
  func isFile(_ path: String) -> Bool
}

/// An open image file that an agent named.
public struct AgentInput: Sendable {
  /// Its path without links, as it is recorded.
  public let path: String
  /// The file.
  public let file: any InputFile

  /// An open file.
  public init(path: String, file: any InputFile) {
    self.path = path
    self.file = file
  }
}

/// An open image file: the same file is hashed and sent, even if another file takes its name meanwhile.
public protocol InputFile: Sendable {
  /// The last part of its path; the directory is not revealed.
  var name: String { get }
  /// From its first bytes: `image/png`, `image/jpeg`, `image/webp`, `image/gif`, `image/bmp`, `image/tiff`.
  var mediaType: String { get }
  /// Its length.
  var bytes: Int64 { get }
  /// Fills a buffer from an offset. Returns fewer bytes only at the end, `nil` where the file cannot be read.
  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int?
  /// Whether it is unchanged since it was opened.
  var isUnchanged: Bool { get }
}

extension InputFile {
  /// Reads the whole in pieces of so many bytes; only the last may be shorter.
  ///
  /// - Parameter isWanted: asked before each piece.
  /// - Returns: false where the file is not or cannot be read to its end; the pieces before are then invalid.
  public func read(
    inPieces size: Int, while isWanted: () -> Bool = { true }, _ body: (borrowing Span<UInt8>) -> Void
  ) -> Bool {
    var piece = [UInt8](repeating: 0, count: size)
    var offset: Int64 = 0
    while offset < bytes {
      guard isWanted() else { return false }
      let wanted = Int(min(Int64(size), bytes - offset))
      var count = 0
      while count < wanted {
        let more = piece.withUnsafeMutableBytes { buffer in
          read(from: offset + Int64(count), into: UnsafeMutableRawBufferPointer(rebasing: buffer[count..<wanted]))
        }
        guard let more, more > 0 else { return false }
        count += more
      }
      body(piece.span.extracting(0..<count))
      offset += Int64(count)
    }
    return true
  }

  /// SHA-256 of the whole; `nil` where it is not or cannot be read. Takes a second for each few hundred megabytes.
  func digest(while isWanted: () -> Bool = { true }) -> [UInt8]? {
    var hash = SHA256()
    return read(inPieces: 1 << 20, while: isWanted) { hash.update($0) } ? hash.finish() : nil
  }
}

/// Why a file cannot be an input.
public enum InputError: Error, Sendable, Equatable {
  /// It does not exist or may not be read; the system's message.
  case unreadable(reason: String)
  /// It is a directory, a pipe or a device.
  case notAFile
  /// Its length is 0.
  case empty
  /// It is longer than the provider accepts.
  case tooLarge(limit: Int64)
  /// Its first bytes are those of no known format.
  case notAnImage
  /// It was changed while it was sent.
  case changed
  /// It is not the file that was saved any more.
  case notAsSaved
  /// It is not the file that was named any more.
  case notAsNamed
  /// It is not in a directory that the agent may read.
  case outside
  /// It is a symbolic link, or there is one in its path.
  case link

  /// The predicate of a sentence whose subject is the file.
  public var reason: String {
    switch self {
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .notAFile: "is not a regular file"
    case .empty: "is empty"
    case .tooLarge(let limit): "is larger than the \(limit / 1_000_000) MB that the provider accepts"
    case .notAnImage: "is not a PNG, JPEG, WebP, GIF, BMP or TIFF image"
    case .changed: "was changed while it was uploaded"
    case .notAsSaved: "was changed since it was saved"
    case .notAsNamed: "was changed since it was named"
    case .outside: "is in no directory that agents may read"
    case .link: "is a symbolic link, or there is one in its path"
    }
  }
}
