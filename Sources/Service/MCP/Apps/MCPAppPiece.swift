internal import Encoding
internal import JSON
internal import Predictions

/// A piece of a file on its way to a page. Pure.
///
/// The file is read whole for each piece, since only then its hash says that the piece is of the file that was saved; no more
/// than the piece is kept in memory.
struct MCPAppPiece: Sendable {
  /// The longest piece, in bytes: 512 KB of base64, below the 1 MB at which hosts refuse results. A multiple of 3, so that the
  /// encodings of the pieces, joined, are the encoding of the file.
  static let mostBytes: Int64 = 393_216
  /// The longest file that is shown whole, in bytes.
  static let fileLimit: Int64 = 16 << 20

  private let file: OutputFile
  private let offset: Int64
  /// How many bytes it has; 0 where the reply has no room.
  let length: Int64
  private var bytes: [UInt8] = []
  /// How many bytes of the file were read.
  private var seen: Int64 = 0

  /// - Parameters:
  ///   - offset: of its first byte.
  ///   - room: the bytes that the reply may have.
  init(of file: OutputFile, from offset: Int64, room: Int) {
    self.file = file
    self.offset = offset
    let fitting = Int64(max(0, min(room, 1 << 30) - 1_024) / 4 * 3)
    length = max(0, min(Self.mostBytes, fitting, file.bytes - offset))
  }

  /// Takes the next bytes of the file, and keeps those of the piece.
  mutating func take(_ chunk: [UInt8]) {
    let (first, last) = (max(offset - seen, 0), min(offset + length - seen, Int64(chunk.count)))
    if first < last { bytes += chunk[Int(first)..<Int(last)] }
    seen += Int64(chunk.count)
  }

  /// The piece for the page.
  var json: JSONWriter {
    var json = JSONWriter(reserving: bytes.count * 4 / 3 + 256)
    json.beginObject()
    json.name("offset")
    json.value(offset)
    json.name("total")
    json.value(file.bytes)
    if offset + length < file.bytes {
      json.name("next")
      json.value(offset + length)
    }
    json.name("base64")
    json.value(Base64.encode(bytes))
    json.endObject()
    return json
  }
}
