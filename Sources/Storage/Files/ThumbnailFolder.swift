internal import Encoding
internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The thumbnails on the disk: `<state>/thumbnails/<SHA-256 of the file>-<size>.jpg` or `.png`, with
/// `-model` behind the size where a model looks at it. Each is renamed into place,
/// so that no reader sees a part of one, and not synced: one that is lost or damaged is made again.
struct ThumbnailFolder: Sendable {
  private let path: String

  /// Milliseconds after which a thumbnail that nobody asked for is removed: the file or its prediction may be gone.
  static let lifetime: Int64 = 30 * 86_400_000
  /// How many bytes of thumbnails a sweep leaves.
  static let room: Int64 = 1 << 30
  private static let day: Int64 = 86_400_000
  private static let formats = [ImageFormat.jpeg, .png]

  /// - Parameter directory: the state directory; `thumbnails` in it is created with the first one.
  init(directory: String) {
    path = "\(directory)/thumbnails"
  }

  /// A stored thumbnail; `nil` where there is none, or it is damaged.
  func thumbnail(of sha256: String, as form: ThumbnailForm, now: Int64) -> Thumbnail? {
    guard Self.isHash(sha256) else { return nil }
    for format in Self.formats {
      let path = path(of: sha256, form, format)
      guard let file = try? Descriptor(reading: path), let status = FileStatus(of: file),
        let bytes = FileSystem.read(file, from: 0, atMost: Int(min(status.bytes, Int64(1) << 26))),
        let thumbnail = Self.described(bytes, at: path, size: form.size)
      else { continue }
      // Only once a day: its time tells whether it is used.
      if now - status.modifiedAt > Self.day { file.touch() }
      return thumbnail
    }
    return nil
  }

  /// Stores a thumbnail in place of an earlier one.
  ///
  /// - Throws: `failed` where the bytes are not a thumbnail of this size.
  func keep(_ bytes: [UInt8], of sha256: String, as form: ThumbnailForm) throws(ThumbnailError) -> Thumbnail {
    guard Self.isHash(sha256), let format = ImageFormat(of: bytes) else {
      throw .failed(reason: "the decoder wrote no image")
    }
    let final = path(of: sha256, form, format)
    guard let thumbnail = Self.described(bytes, at: final, size: form.size) else {
      throw .failed(reason: "the decoder wrote no image of that size")
    }
    let temporary = "\(final).\(UInt64.random(in: .min ... .max)).part"
    do throws(SystemError) {
      try FileSystem.makeFolder(path)
      let file = try Descriptor(making: temporary)
      fchmod(file.number, Permissions.ownerOnly.file)
      try file.write(bytes.span)
      try FileSystem.rename(temporary, to: final)
    } catch {
      unlink(temporary)
      throw .storage(path: final, reason: error.reason)
    }
    return thumbnail
  }

  /// The bytes of a stored thumbnail; `nil` where it was removed.
  func contents(of thumbnail: Thumbnail) -> [UInt8]? {
    guard let bytes = FileSystem.read(thumbnail.path, atMost: Int(thumbnail.bytes) + 1) else { return nil }
    return bytes.count == thumbnail.bytes ? bytes : nil
  }

  /// Removes the thumbnails of files, in all sizes.
  func discard(_ hashes: Set<String>) {
    for name in FileSystem.names(in: path) where hashes.contains(String(name.prefix(while: { $0 != "-" }))) {
      unlink("\(path)/\(name)")
    }
  }

  /// Removes thumbnails that nobody asked for in a month, and parts that a process left behind; of the others those that
  /// were not used for longest, until the rest fits.
  ///
  /// - Parameter room: how many bytes may stay.
  func sweep(now: Int64, room: Int64 = Self.room) {
    var rest: [(path: String, status: FileStatus)] = []
    for name in FileSystem.names(in: path) {
      let path = "\(path)/\(name)"
      guard let status = FileStatus(of: path) else { continue }
      let isPart = name.hasSuffix(".part")
      if now - status.modifiedAt > (isPart ? Self.day : Self.lifetime) {
        unlink(path)
      } else if !isPart {
        rest.append((path, status))
      }
    }
    var bytes = rest.reduce(0) { $0 + $1.status.bytes }
    guard bytes > room else { return }
    for (path, status) in rest.sorted(by: { $0.status.modifiedAt < $1.status.modifiedAt }) where bytes > room {
      unlink(path)
      bytes -= status.bytes
    }
  }

  private func path(of sha256: String, _ form: ThumbnailForm, _ format: ImageFormat) -> String {
    let viewer = form.viewer == .person ? "" : "-\(form.viewer.rawValue)"
    return "\(path)/\(sha256)-\(form.size)\(viewer).\(format.fileExtension)"
  }

  /// The hash stands in a path, and a damaged row may hold anything.
  private static func isHash(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }

  /// A description of the bytes of a thumbnail; `nil` where they are none, or are cut.
  private static func described(_ bytes: [UInt8], at path: String, size: Int) -> Thumbnail? {
    guard let header = ImageHeader(bytes), formats.contains(header.format), let width = header.width,
      let height = header.height, max(width, height) <= size
    else { return nil }
    // The last marker of a JPEG, the last chunk of a PNG.
    let end: [UInt8] = header.format == .jpeg ? [0xFF, 0xD9] : [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
    guard bytes.suffix(end.count).elementsEqual(end) else { return nil }
    return Thumbnail(
      path: path, mediaType: header.format.mediaType, bytes: Int64(bytes.count), width: width, height: height)
  }
}
