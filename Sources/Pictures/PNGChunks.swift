/// The chunks of a PNG before its pixels (PNG, third edition, 5.3), as far as thumbnails need them. Reading never traps,
/// whatever the bytes. Pure.
struct PNGChunks {
  /// The contents of the colour profile; empty where there is none.
  private(set) var profile = 0..<0
  /// The contents of `gAMA`; empty where there is none.
  private(set) var gamma = 0..<0

  /// The signature and the header have this many bytes, in every PNG.
  static let endOfHeader = 33

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let kind = bytes[(place + 4)..<(place + 8)]
      guard length <= bytes.count - place - 12, !kind.elementsEqual("IDAT".utf8) else { return }
      let contents = (place + 8)..<(place + 8 + length)
      if kind.elementsEqual("iCCP".utf8) { profile = contents }
      if kind.elementsEqual("gAMA".utf8) { gamma = contents }
      place += length + 12
    }
  }
}
