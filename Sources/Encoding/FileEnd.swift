/// Whether a file ends where its format says; for transfers that do not say it themselves. Only formats with an end of their own
/// are judged.
public struct FileEnd: Sendable {
  /// Reads the file.
  ///
  /// - Returns: up to so many bytes from a place on; fewer at the end of the file.
  public typealias Read = (_ place: Int64, _ count: Int) -> [UInt8]

  /// How far from the end the mark of a JPEG may be, because some cameras and editors add data behind it.
  private static let slack = 1_024

  /// Whether the file is cut.
  ///
  /// - Parameter bytes: its length.
  public static func isMissing(in format: FileFormat, bytes: Int64, _ read: Read) -> Bool {
    func tail(_ count: Int) -> [UInt8] { read(max(0, bytes - Int64(count)), count) }
    switch format.fileExtension {
    case "png": return !tail(12).elementsEqual([0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    case "jpg":
      let end = tail(slack)
      return !zip(end, end.dropFirst()).contains { $0 == 0xFF && $1 == 0xD9 }
    case "gif": return tail(1) != [0x3B]
    case "webp", "wav", "avi":
      let stated = Int64(number(read(4, 4).reversed()))
      // A stream that did not know its length says 0 or all ones.
      return stated != 0 && stated != 0xFFFF_FFFF && stated + 8 > bytes
    case "mp4", "mov", "m4a", "heic", "avif": return hasCutBox(bytes, read)
    default: return false
    }
  }

  /// Walks the boxes of the top level (ISO/IEC 14496-12, section 4.2).
  private static func hasCutBox(_ bytes: Int64, _ read: Read) -> Bool {
    var place: Int64 = 0
    for _ in 0..<100_000 where place < bytes {
      let head = read(place, 16)
      guard head.count >= 8 else { return true }
      var size = number(head.prefix(4))
      // The last box reaches to the end.
      if size == 0 { return false }
      if size == 1 {
        guard head.count == 16 else { return true }
        size = number(head.suffix(8))
      }
      guard size >= 8, let next = Int64(exactly: size), next <= bytes - place else { return true }
      place += next
    }
    return false
  }

  /// Big-endian.
  private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
