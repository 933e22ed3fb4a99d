internal import CPictures
internal import Encoding
internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Makes a thumbnail of the bytes of a file. Runs in the child, with the libraries of the system open.
struct Decoder {
  let form: ThumbnailForm
  /// The libraries that are open.
  let libraries: Set<PictureLibrary>

  /// The libraries that are of use for a format: those that read it, and those that write thumbnails.
  static func libraries(for format: PictureFormat) -> Set<PictureLibrary> {
    Set(format.readers + [.jpeg, .png])
  }

  /// The bytes of a JPEG; for people of a PNG where the image is transparent or no JPEG can be written.
  ///
  /// - Parameter bytes: a whole file, with two bytes behind it that may be written.
  func thumbnail(of bytes: UnsafeMutableBufferPointer<UInt8>, _ format: PictureFormat) -> Result<[UInt8], Failure> {
    if let missing = format.readers.first(where: { !libraries.contains($0) }) {
      return .failure(Failure(PictureOutcome(lacking: missing)))
    }
    var orientation = Orientation.upright
    let profile: ColourProfile?
    var decoded = cpictures_raster()
    let limit = UInt64(Thumbnail.pixelLimit)
    let start = bytes.baseAddress!
    let length = bytes.count - 2
    let outcome: cpictures_outcome
    switch format {
    case .png:
      let chunks = PNGChunks(UnsafeBufferPointer(start: start, count: length))
      profile = ColourProfile(chunk: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(bytes)[chunks.profile]))
      // The profile says what the gamma says, and libpng would convert the colours from that. It skips a damaged chunk.
      if profile != nil, let first = chunks.gamma.first { bytes[first] ^= 0xFF }
      outcome = cpictures_decode_png(start, length, limit, &decoded)
    case .webp:
      profile = ColourProfile(WebPChunks.profile(of: UnsafeBufferPointer(start: start, count: length)))
      outcome = cpictures_decode_webp(start, length, limit, &decoded)
    case .jpeg:
      let segments = JPEGSegments(UnsafeBufferPointer(start: start, count: length))
      (orientation, profile) = (segments.orientation, segments.profile)
      (bytes[length], bytes[length + 1]) = (0xFF, 0xD9)
      outcome = cpictures_decode_jpeg(start, bytes.count, limit, form.size, &decoded)
    case .avif, .heic:
      // Newer versions of libheif leave out the tiles that are cut off.
      guard !Self.isCut(UnsafeBufferPointer(start: start, count: length)) else { return .failure(Failure(.damaged)) }
      var room = [UInt8](repeating: 0, count: ColourProfile.longest)
      var count = 0
      outcome = cpictures_decode_heif(start, length, limit, &decoded, &room, room.count, &count)
      profile = ColourProfile(Array(room.prefix(count)))
    }
    switch outcome {
    case CPICTURES_DONE: break
    case CPICTURES_TOO_LARGE, CPICTURES_NO_MEMORY: return .failure(Failure(.tooLarge))
    case CPICTURES_UNSUPPORTED: return .failure(Failure(.unsupported))
    default: return .failure(Failure(.damaged))
    }
    let pixels = UnsafeBufferPointer(start: decoded.pixels, count: decoded.width * decoded.height * decoded.channels)
    var small = AreaFilter(pixels, width: decoded.width, height: decoded.height, channels: decoded.channels)
      .scaled(toLongest: form.size)
    if ![.avif, .heic].contains(format) { free(decoded.pixels) }
    if orientation != .upright { small = orientation.applied(to: small) }
    return encoded(small, profile)
  }

  /// Whether a file of boxes ends within one.
  private static func isCut(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let format = FileFormat(head: Array(bytes.prefix(64)))
    return FileEnd.isMissing(in: format, bytes: Int64(bytes.count)) { place, count in
      Array(bytes.dropFirst(Int(place)).prefix(count))
    }
  }

  struct Failure: Error {
    let outcome: PictureOutcome

    init(_ outcome: PictureOutcome) { self.outcome = outcome }
  }

  private func encoded(_ raster: Raster, _ profile: ColourProfile?) -> Result<[UInt8], Failure> {
    let mayBePNG = form.viewer == .person && libraries.contains(.png)
    if mayBePNG, raster.hasTransparency || !libraries.contains(.jpeg) { return png(raster, profile) }
    guard libraries.contains(.jpeg) else { return .failure(Failure(.noJPEG)) }
    return jpeg(raster.flattened, profile)
  }

  private func png(_ raster: Raster, _ profile: ColourProfile?) -> Result<[UInt8], Failure> {
    var length = 0
    guard
      let encoded = cpictures_encode_png(
        raster.pixels, raster.width, raster.height, raster.channels, profile == nil, &length)
    else { return .failure(Failure(.tooLarge)) }
    defer { free(encoded) }
    let bytes = Array(UnsafeBufferPointer(start: encoded, count: length))
    return .success(profile?.added(toPNG: bytes) ?? bytes)
  }

  /// The qualities of a JPEG, of which the first is taken that is short enough. Small ones for people stand in rows on a page,
  /// where their bytes count for more.
  private var qualities: [Int32] {
    if form.viewer == .person { return form.size <= 320 ? [70] : [82] }
    return [82, 70, 50, 30, 10]
  }

  private func jpeg(_ raster: Raster, _ profile: ColourProfile?) -> Result<[UInt8], Failure> {
    var bytes: [UInt8] = []
    for quality in qualities {
      var length = 0
      guard let encoded = cpictures_encode_jpeg(raster.pixels, raster.width, raster.height, quality, &length) else {
        return .failure(Failure(.tooLarge))
      }
      bytes = Array(UnsafeBufferPointer(start: encoded, count: length))
      free(encoded)
      if let profile { bytes = profile.added(toJPEG: bytes) }
      guard let limit = form.byteLimit, bytes.count > limit else { break }
    }
    return .success(bytes)
  }
}
