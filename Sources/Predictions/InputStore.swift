internal import Encoding

/// Opens the local files that an input names. Nothing is ever written.
public protocol InputStore: Sendable {
  /// Opens a picture and looks at its length and first bytes; not at the rest, so that this is quick.
  ///
  /// - Parameters:
  ///   - path: absolute; links are followed.
  ///   - limit: how long it may be, in bytes.
  func open(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile

  /// Whether there is a regular file of this name, absolute or in the working directory. Nothing is opened.
  func isFile(_ path: String) -> Bool
}

/// A picture that is open: what is hashed and what is sent are the same file, whatever becomes of its name.
public protocol InputFile: Sendable {
  /// The last part of its path: no folder is told to anybody.
  var name: String { get }
  /// By its first bytes: `image/png`, `image/jpeg`, `image/webp`, `image/gif`, `image/bmp`, `image/tiff`.
  var mediaType: String { get }
  /// Its length.
  var bytes: Int64 { get }
  /// Fills a buffer from a place on; fewer only at the end, `nil` where it cannot be read.
  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int?
  /// Whether nobody has written to it since it was opened.
  var isUnchanged: Bool { get }
}

extension InputFile {
  /// Reads the whole in pieces of so many bytes; only the last may be shorter.
  ///
  /// - Returns: false where it cannot be read to its end; what came before is then worth nothing.
  public func read(inPieces size: Int, _ body: (borrowing Span<UInt8>) -> Void) -> Bool {
    var piece = [UInt8](repeating: 0, count: size)
    var offset: Int64 = 0
    while offset < bytes {
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

  /// SHA-256 of the whole; `nil` where it cannot be read. Takes a second for each few hundred megabytes.
  func digest() -> [UInt8]? {
    var hash = SHA256()
    return read(inPieces: 1 << 20) { hash.update($0) } ? hash.finish() : nil
  }
}

/// Why a file cannot be an input.
public enum InputError: Error, Sendable, Equatable {
  /// Nothing is there, or it may not be read; in the system's words.
  case unreadable(reason: String)
  /// It is a folder, a pipe or a device.
  case notAFile
  /// There is nothing in it.
  case empty
  /// It is longer than the provider takes.
  case tooLarge(limit: Int64)
  /// It begins like none of the formats.
  case notAnImage
  /// Somebody wrote to it while it was sent.
  case changed

  /// The end of a sentence that begins with the file.
  public var reason: String {
    switch self {
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .notAFile: "is not a regular file"
    case .empty: "is empty"
    case .tooLarge(let limit): "is larger than the \(limit / 1_000_000) MB that the provider takes"
    case .notAnImage: "is not a PNG, JPEG, WebP, GIF, BMP or TIFF picture"
    case .changed: "was changed while it was uploaded"
    }
  }
}
