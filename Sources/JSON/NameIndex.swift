/// A hash table of member names. The hash has a random key, so that no input can choose names that collide; that of the
/// standard library costs several times as much for a name of a few bytes.
///
/// Names are equal where their code points are (RFC 8259 section 8.3), not where Swift's strings are.
struct NameIndex {
  /// The place of a name plus one; 0 where a slot is free. Their number is a power of two, and at least half stay free.
  private var slots: [UInt32]

  /// - Parameter count: the largest number of names.
  init(count: Int) {
    slots = Array(repeating: 0, count: 1 << (Int.bitWidth - (2 * count).leadingZeroBitCount))
  }

  /// The place of a name among the members; where it is new, adds it at `place` and returns `nil`.
  mutating func firstPlace(of name: String, orElse place: Int, in members: [JSONObject.Member]) -> Int? {
    var name = name
    return name.withUTF8 { bytes in
      var slot = Int(truncatingIfNeeded: Self.hash(bytes)) & (slots.count - 1)
      while slots[slot] != 0 {
        let known = Int(slots[slot]) - 1
        var other = members[known].name
        if other.withUTF8({ $0.holds(bytes) }) { return known }
        slot = (slot + 1) & (slots.count - 1)
      }
      slots[slot] = UInt32(place + 1)
      return nil
    }
  }

  private static let key = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1)

  /// Folds eight bytes at a time into a product of 128 bits, like wyhash.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let (start, factor) = key
    func folded(_ value: UInt64) -> UInt64 {
      let product = value.multipliedFullWidth(by: factor)
      return product.high ^ product.low
    }
    var hash = start ^ UInt64(bytes.count)
    var word: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      word = word << 8 | UInt64(byte)
      if index & 7 == 7 {
        hash = folded(hash ^ word)
        word = 0
      }
    }
    return folded(folded(hash ^ word))
  }
}
