/// SHA-256 (FIPS 180-4), incremental.
///
/// Implemented here because neither SQLite nor libcurl offers it. Tested with the vectors of the standard.
public struct SHA256: Sendable {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  /// A hash before its first byte.
  public init() {
    pending.reserveCapacity(64)
  }

  /// The hash of these bytes.
  public static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes.span)
    return hash.finish()
  }

  /// Adds bytes.
  public mutating func update(_ bytes: borrowing Span<UInt8>) {
    length &+= UInt64(bytes.count)
    var index = 0
    if !pending.isEmpty {
      while index < bytes.count, pending.count < 64 {
        pending.append(bytes[index])
        index += 1
      }
      guard pending.count == 64 else { return }
      let block = pending
      compress(block.span, blocks: 0..<1)
      pending.removeAll(keepingCapacity: true)
    }
    let blocks = (bytes.count - index) / 64
    if blocks > 0 {
      compress(bytes.extracting(index..<bytes.count), blocks: 0..<blocks)
      index += blocks * 64
    }
    while index < bytes.count {
      pending.append(bytes[index])
      index += 1
    }
  }

  /// The 32 bytes of the hash. Call once.
  public mutating func finish() -> [UInt8] {
    let bits = length &* 8
    var tail: [UInt8] = [0x80]
    let used = pending.count + 1
    tail.append(contentsOf: repeatElement(0, count: (used <= 56 ? 56 : 120) - used))
    for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    update(tail.span)
    let words = [state.0, state.1, state.2, state.3, state.4, state.5, state.6, state.7]
    return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
  }

  /// Mixes whole blocks of 64 bytes into the state. Bounds are checked once for all blocks and not at every word,
  /// because all bytes of every output are hashed.
  private mutating func compress(_ bytes: borrowing Span<UInt8>, blocks: Range<Int>) {
    precondition(blocks.upperBound * 64 <= bytes.count)
    var (s0, s1, s2, s3, s4, s5, s6, s7) = state
    bytes.withUnsafeBytes { bytes in
      Self.constants.withUnsafeBufferPointer { k in
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
          for block in blocks {
            for t in 0..<16 {
              w[t] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: block &* 64 &+ t &* 4, as: UInt32.self))
            }
            for t in 16..<64 {
              w[t] = w[t &- 16] &+ Self.small0(w[t &- 15]) &+ w[t &- 7] &+ Self.small1(w[t &- 2])
            }
            var (a, b, c, d, e, f, g, h) = (s0, s1, s2, s3, s4, s5, s6, s7)
            var t = 0
            // After eight rounds every word is in its own variable again, so that none need be moved.
            while t < 64 {
              Self.round(a, b, c, &d, e, f, g, &h, k[t] &+ w[t])
              Self.round(h, a, b, &c, d, e, f, &g, k[t &+ 1] &+ w[t &+ 1])
              Self.round(g, h, a, &b, c, d, e, &f, k[t &+ 2] &+ w[t &+ 2])
              Self.round(f, g, h, &a, b, c, d, &e, k[t &+ 3] &+ w[t &+ 3])
              Self.round(e, f, g, &h, a, b, c, &d, k[t &+ 4] &+ w[t &+ 4])
              Self.round(d, e, f, &g, h, a, b, &c, k[t &+ 5] &+ w[t &+ 5])
              Self.round(c, d, e, &f, g, h, a, &b, k[t &+ 6] &+ w[t &+ 6])
              Self.round(b, c, d, &e, f, g, h, &a, k[t &+ 7] &+ w[t &+ 7])
              t &+= 8
            }
            s0 &+= a
            s1 &+= b
            s2 &+= c
            s3 &+= d
            s4 &+= e
            s5 &+= f
            s6 &+= g
            s7 &+= h
          }
        }
      }
    }
    state = (s0, s1, s2, s3, s4, s5, s6, s7)
  }

  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
    _ h: inout UInt32, _ word: UInt32
  ) {
    let t1 = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ (g ^ (e & (f ^ g))) &+ word
    let t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ ((a & b) | (c & (a | b)))
    d = d &+ t1
    h = t1 &+ t2
  }

  @inline(__always)
  private static func small0(_ word: UInt32) -> UInt32 { rotate(word, 7) ^ rotate(word, 18) ^ (word &>> 3) }

  @inline(__always)
  private static func small1(_ word: UInt32) -> UInt32 { rotate(word, 17) ^ rotate(word, 19) ^ (word &>> 10) }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 { word &>> bits | word &<< (32 &- bits) }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
