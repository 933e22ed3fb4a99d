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
  /// The length of the longest side.
  let size: Int
  /// The libraries that are open.
  let libraries: Set<PictureLibrary>

  /// The libraries that are of use for a format: the one that reads it, and those that write thumbnails.
  static func libraries(for format: ImageFormat) -> Set<PictureLibrary> {
    [reader(of: format), .jpeg, .png].compactMap { $0 }.reduce(into: []) { $0.insert($1) }
  }

  /// The library that reads a format.
  static func reader(of format: ImageFormat) -> PictureLibrary? {
    switch format {
    case .png: .png
    case .jpeg: .jpeg
    case .webp: .webp
    case .gif, .avif: nil
    }
  }

  /// The bytes of a JPEG, or of a PNG where the image is transparent or no JPEG can be written.
  ///
  /// - Parameter bytes: a whole file, with two bytes behind it that may be written.
  func thumbnail(of bytes: UnsafeMutableBufferPointer<UInt8>, _ format: ImageFormat) -> Result<[UInt8], Failure> {
    guard let reader = Self.reader(of: format) else { return .failure(Failure(.unsupported)) }
    guard libraries.contains(reader) else { return .failure(Failure(PictureOutcome(lacking: reader))) }
    var segments: JPEGSegments?
    var decoded = cpictures_raster()
    let limit = UInt64(Thumbnail.pixelLimit)
    let start = bytes.baseAddress!
    let length = bytes.count - 2
    let outcome: cpictures_outcome
    switch reader {
    case .png: outcome = cpictures_decode_png(start, length, limit, &decoded)
    case .webp: outcome = cpictures_decode_webp(start, length, limit, &decoded)
    case .jpeg:
      segments = JPEGSegments(UnsafeBufferPointer(start: start, count: length))
      (bytes[length], bytes[length + 1]) = (0xFF, 0xD9)
      outcome = cpictures_decode_jpeg(start, bytes.count, limit, size, &decoded)
    }
    switch outcome {
    case CPICTURES_DONE: break
    case CPICTURES_TOO_LARGE, CPICTURES_NO_MEMORY: return .failure(Failure(.tooLarge))
    case CPICTURES_UNSUPPORTED: return .failure(Failure(.unsupported))
    default: return .failure(Failure(.damaged))
    }
    let pixels = UnsafeBufferPointer(start: decoded.pixels, count: decoded.width * decoded.height * decoded.channels)
    var small = AreaFilter(pixels, width: decoded.width, height: decoded.height, channels: decoded.channels)
      .scaled(toLongest: size)
    free(decoded.pixels)
    if let segments { small = segments.orientation.applied(to: small) }
    return encoded(small, profile: segments?.profile ?? [])
  }

  struct Failure: Error {
    let outcome: PictureOutcome

    init(_ outcome: PictureOutcome) { self.outcome = outcome }
  }

  /// The quality of a JPEG: small ones stand in rows on a page, where their bytes count for more.
  private var quality: Int32 { size <= 320 ? 70 : 82 }

  private func encoded(_ raster: Raster, profile: [UInt8]) -> Result<[UInt8], Failure> {
    let isPNG = libraries.contains(.png) && (raster.hasTransparency || !libraries.contains(.jpeg))
    guard isPNG || libraries.contains(.jpeg) else { return .failure(Failure(.noJPEG)) }
    let raster = isPNG ? raster : raster.flattened
    var length = 0
    let encoded =
      isPNG
      ? cpictures_encode_png(raster.pixels, raster.width, raster.height, raster.channels, &length)
      : cpictures_encode_jpeg(raster.pixels, raster.width, raster.height, quality, &length)
    guard let encoded else { return .failure(Failure(.tooLarge)) }
    defer { free(encoded) }
    let bytes = Array(UnsafeBufferPointer(start: encoded, count: length))
    return .success(isPNG ? bytes : JPEGSegments.adding(profile, to: bytes))
  }
}
