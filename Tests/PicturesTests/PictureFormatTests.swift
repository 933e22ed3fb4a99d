import Predictions
import Testing

@testable import Pictures

@Suite struct PictureFormatTests {
  /// The beginning of a file of ISO/IEC 14496-12 with a main and a compatible brand.
  private static func boxed(_ brand: String, _ compatible: String) -> [UInt8] {
    [0, 0, 0, 20] + Array("ftyp\(brand)\0\0\0\0\(compatible)".utf8)
  }

  @Test(
    arguments: [
      (boxed("avif", "mif1"), .avif), (boxed("mif1", "avif"), .avif), (boxed("heic", "mif1"), .heic),
      (boxed("mif1", "heic"), .heic), (boxed("isom", "mp42"), nil), (Array("GIF89a".utf8), nil), ([], nil),
    ] as [([UInt8], PictureFormat?)]) func itIsToldByTheFirstBytes(bytes: [UInt8], format: PictureFormat?)
  {
    #expect(PictureFormat(of: bytes) == format)
  }

  @Test(
    arguments: [
      (.avif, [.jpeg, .png], .heif), (.avif, [.heif, .hevc], .av1), (.heic, [.heif, .av1], .hevc),
      (.heic, [.hevc], .heif), (.webp, [.heif, .av1, .hevc], .webp),
    ] as [(PictureFormat, Set<PictureLibrary>, PictureLibrary)])
  func ofTheLibrariesThatAreMissingTheFirstIsNamed(
    format: PictureFormat, open: Set<PictureLibrary>, missing: PictureLibrary
  ) {
    var bytes: [UInt8] = [0, 0]
    let result = bytes.withUnsafeMutableBufferPointer {
      Decoder(form: ThumbnailForm(size: 64), libraries: open).thumbnail(of: $0, format)
    }
    guard case .failure(let failure) = result else { return #expect(Bool(false), "a thumbnail of nothing") }
    let error = failure.outcome.error("image/png")
    #expect(error == .noDecoder(missing))
    #expect(error?.hint?.contains(missing.package) == true)
  }
}
