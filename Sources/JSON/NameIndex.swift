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
    func load<Word: FixedWidthInteger & BitwiseCopyable>(_ type: Word.Type, at offset: Int) -> UInt64 {
      UInt64(UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: offset, as: type))
    }
    // The last word overlaps the one before, so that names of one length differ where their words do.
    let count = bytes.count
    var hash = start ^ UInt64(count)
    let word: UInt64
    switch count {
    case 0: word = 0
    case 1..<4: word = UInt64(bytes[0]) | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1]) << 16
    case 4..<8: word = load(UInt32.self, at: 0) | load(UInt32.self, at: count - 4) << 32
    default:
      for offset in stride(from: 0, to: count - 8, by: 8) { hash = folded(hash ^ load(UInt64.self, at: offset)) }
      word = load(UInt64.self, at: count - 8)
    }
    return folded(folded(hash ^ word))
  }
}
