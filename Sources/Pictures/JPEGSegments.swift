/// The segments of a JPEG before its first scan (ITU-T T.81, annex B), as far as thumbnails need them. Reading never traps,
/// whatever the bytes. Pure.
struct JPEGSegments {
  /// How to show the image.
  private(set) var orientation = Orientation.upright
  /// The colour profile.
  let profile: ColourProfile?

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    var profile: [[UInt8]] = []
    var place = 2
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      let kind = bytes[place + 1]
      if kind == 0xFF {  // A fill byte.
        place += 1
        continue
      }
      // The image data, or the end.
      if kind == 0xDA || kind == 0xD9 { break }
      let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
      guard length >= 2, place + 2 + length <= bytes.count else { break }
      let segment = bytes[(place + 4)..<(place + 2 + length)]
      if kind == 0xE1, segment.starts(with: "Exif\0\0".utf8) {
        orientation = EXIF(Array(segment.dropFirst(6))).orientation ?? orientation
      } else if kind == 0xE2, segment.starts(with: ColourProfile.segmentName) {
        profile.append(Array(segment.dropFirst(ColourProfile.segmentName.count)))
      }
      place += 2 + length
    }
    self.profile = ColourProfile(segments: profile)
  }
}

/// The first directory of EXIF's TIFF (CIPA DC-008, "TIFF").
private struct EXIF {
  private let bytes: [UInt8]
  private let isLittle: Bool

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    isLittle = bytes.starts(with: "II".utf8)
  }

  var orientation: Orientation? {
    guard let start = number(4, bytes: 4), let count = number(start, bytes: 2) else { return nil }
    for entry in 0..<count {
      let place = start + 2 + entry * 12
      guard let tag = number(place, bytes: 2) else { return nil }
      // A SHORT, at the beginning of the four bytes of the value.
      if tag == 0x0112 { return number(place + 8, bytes: 2).flatMap(Orientation.init) }
    }
    return nil
  }

  private func number(_ place: Int, bytes count: Int) -> Int? {
    guard place >= 0, place + count <= bytes.count else { return nil }
    let part = bytes[place..<place + count]
    return (isLittle ? part.reversed() : Array(part)).reduce(0) { $0 << 8 | Int($1) }
  }
}
