/// The colour profile of a WebP, which is a chunk of its extended format (RFC 9649, section 2.7). Reading never traps,
/// whatever the bytes. Pure.
enum WebPChunks {
  /// The contents of the chunk; empty where there is none.
  static func profile(of bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var place = 12
    while place + 8 <= bytes.count {
      let length = bytes[(place + 4)..<(place + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 8 else { break }
      if bytes[place..<(place + 4)].elementsEqual("ICCP".utf8) {
        return Array(bytes[(place + 8)..<(place + 8 + length)])
      }
      // Each chunk is padded to an even length.
      place += 8 + length + length % 2
    }
    return []
  }
}
