/// Compresses bytes into a zlib stream (RFC 1950, RFC 1951).
///
/// Implemented here because the program takes nothing but libc, SQLite and libcurl from the system, and none of them
/// offers compression; linking zlib would add a library that must be installed. It is as simple as fast, small PNGs allow:
/// a match is searched only at the last place with the same four bytes, and each block has its own Huffman codes.
struct Deflate {
  private static let windowBytes = 32_768
  private static let longestMatch = 258
  private static let blockSymbols = 1 << 15
  private static let hashBits = 15

  private var output = BitWriter()
  private var symbols: [UInt32] = []
  private var literals = [UInt32](repeating: 0, count: 286)
  private var distances = [UInt32](repeating: 0, count: 30)

  /// The zlib stream of these bytes.
  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var deflate = Deflate()
    deflate.output.bytes.reserveCapacity(bytes.count / 8 + 64)
    deflate.output.put(0x78, 8)
    deflate.output.put(0x01, 8)
    deflate.encode(bytes)
    deflate.output.align()
    let checksum = adler32(bytes)
    for shift in [24, 16, 8, 0] { deflate.output.put(checksum >> UInt32(shift) & 0xFF, 8) }
    return deflate.output.bytes
  }

  private mutating func encode(_ bytes: [UInt8]) {
    symbols.reserveCapacity(Self.blockSymbols)
    var last = [Int32](repeating: -1, count: 1 << Self.hashBits)
    bytes.withUnsafeBufferPointer { bytes in
      last.withUnsafeMutableBufferPointer { last in
        var place = 0
        let end = bytes.count
        while place < end {
          var length = 0
          var distance = 0
          if place + 4 <= end {
            let word =
              UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
              | UInt32(bytes[place + 3]) << 24
            let slot = Int((word &* 0x9E37_79B1) >> UInt32(32 - Self.hashBits))
            let candidate = Int(last[slot])
            last[slot] = Int32(truncatingIfNeeded: place)
            if candidate >= 0, place - candidate <= Self.windowBytes {
              let limit = min(Self.longestMatch, end - place)
              while length < limit, bytes[candidate + length] == bytes[place + length] { length += 1 }
              distance = place - candidate
            }
          }
          if length >= 4 {
            add(length: length, distance: distance)
            place += length
          } else {
            literals[Int(bytes[place])] += 1
            symbols.append(UInt32(bytes[place]))
            place += 1
          }
          if symbols.count == Self.blockSymbols { writeBlock(isLast: false) }
        }
      }
    }
    writeBlock(isLast: true)
  }

  /// A match in one word: a bit that marks it, the length minus 3, the distance minus 1.
  private mutating func add(length: Int, distance: Int) {
    literals[257 + Int(Self.lengthCode[length - 3])] += 1
    distances[Self.distanceCode(distance)] += 1
    symbols.append(1 << 31 | UInt32(length - 3) << 16 | UInt32(distance - 1))
  }

  // MARK: - A block with its own codes (RFC 1951 section 3.2.7)

  private mutating func writeBlock(isLast: Bool) {
    literals[256] += 1
    let literalCode = HuffmanCode(literals, longest: 15)
    let distanceCode = HuffmanCode(distances, longest: 15)
    let lengths = Array(literalCode.lengths) + distanceCode.lengths
    var lengthCounts = [UInt32](repeating: 0, count: 19)
    for length in lengths { lengthCounts[Int(length)] += 1 }
    let lengthCode = HuffmanCode(lengthCounts, longest: 7)

    output.put(isLast ? 1 : 0, 1)
    output.put(2, 2)
    output.put(UInt32(literalCode.lengths.count - 257), 5)
    output.put(UInt32(distanceCode.lengths.count - 1), 5)
    output.put(15, 4)
    for index in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
      output.put(UInt32(lengthCode.lengths[index]), 3)
    }
    for length in lengths { output.put(lengthCode, Int(length)) }

    for symbol in symbols {
      guard symbol >> 31 == 1 else {
        output.put(literalCode, Int(symbol))
        continue
      }
      let length = Int(symbol >> 16 & 0xFF)
      let code = Int(Self.lengthCode[length])
      output.put(literalCode, 257 + code)
      output.put(UInt32(length + 3 - Self.lengthBase[code]), Self.lengthExtra[code])
      let distance = Int(symbol & 0xFFFF) + 1
      let distanceIndex = Self.distanceCode(distance)
      output.put(distanceCode, distanceIndex)
      output.put(UInt32(distance - Self.distanceBase[distanceIndex]), Self.distanceExtra[distanceIndex])
    }
    output.put(literalCode, 256)
    symbols.removeAll(keepingCapacity: true)
    for index in literals.indices { literals[index] = 0 }
    for index in distances.indices { distances[index] = 0 }
  }

  // MARK: - Tables of RFC 1951 section 3.2.5

  private static let lengthExtra = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceExtra = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]
  private static let lengthBase: [Int] = {
    var bases = [3]
    for extra in lengthExtra.dropLast(2) { bases.append(bases.last! + 1 << extra) }
    // 258 has a code of its own, 285, although 284 could encode it too.
    return bases + [258]
  }()
  private static let distanceBase: [Int] = {
    var bases = [1]
    for extra in distanceExtra.dropLast() { bases.append(bases.last! + 1 << extra) }
    return bases
  }()
  private static let lengthCode: [UInt8] = (3...258).map { length in
    UInt8(lengthBase.lastIndex { $0 <= length }!)
  }

  private static func distanceCode(_ distance: Int) -> Int {
    if distance <= 4 { return distance - 1 }
    let bits = Int.bitWidth - (distance - 1).leadingZeroBitCount
    return 2 * (bits - 1) + ((distance - 1) >> (bits - 2) & 1)
  }

  /// Adler-32 (RFC 1950 section 8.2). The remainder is taken as rarely as 32 bits allow.
  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var a: UInt32 = 1
    var b: UInt32 = 0
    var place = 0
    bytes.withUnsafeBufferPointer { bytes in
      while place < bytes.count {
        let end = min(place + 5_552, bytes.count)
        while place < end {
          a &+= UInt32(bytes[place])
          b &+= a
          place += 1
        }
        a %= 65_521
        b %= 65_521
      }
    }
    return b << 16 | a
  }
}

/// Writes bits, the lowest first.
private struct BitWriter {
  var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var count = 0

  mutating func put(_ bits: UInt32, _ width: Int) {
    pending |= UInt64(bits) << UInt64(count)
    count += width
    while count >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      count -= 8
    }
  }

  mutating func put(_ code: HuffmanCode, _ symbol: Int) {
    put(code.bits[symbol], Int(code.lengths[symbol]))
  }

  mutating func align() {
    if count > 0 { put(0, 8 - count) }
  }
}

/// A canonical Huffman code (RFC 1951 section 3.2.2) for symbols with these frequencies.
private struct HuffmanCode {
  private(set) var lengths: [UInt8]
  /// Reversed, because Huffman codes are written with the highest bit first.
  private(set) var bits: [UInt32]

  init(_ counts: [UInt32], longest: Int) {
    lengths = Self.lengths(counts, longest: longest)
    bits = [UInt32](repeating: 0, count: counts.count)
    var next = [UInt32](repeating: 0, count: longest + 2)
    for length in lengths where length > 0 { next[Int(length) + 1] += 1 }
    for length in 1...longest + 1 { next[length] = (next[length] + next[length - 1]) << 1 }
    // `next[l]` is now the first code of length `l`.
    for symbol in counts.indices where lengths[symbol] > 0 {
      let length = Int(lengths[symbol])
      let code = next[length]
      next[length] += 1
      var reversed: UInt32 = 0
      for bit in 0..<length { reversed |= (code >> UInt32(bit) & 1) << UInt32(length - 1 - bit) }
      bits[symbol] = reversed
    }
  }

  /// The optimal lengths. Where one would be too long, the counts are flattened and the lengths computed again.
  private static func lengths(_ counts: [UInt32], longest: Int) -> [UInt8] {
    var counts = counts
    // A code needs two symbols to be complete.
    for symbol in 0..<2 where counts.count(where: { $0 > 0 }) < 2 && counts[symbol] == 0 { counts[symbol] = 1 }
    while true {
      var weights = counts.indices.filter { counts[$0] > 0 }.map { (weight: counts[$0], node: $0) }
      weights.sort { ($0.weight, $0.node) < ($1.weight, $1.node) }
      // Two sorted queues: the leaves, and the nodes made of the two lightest.
      var parents = [Int](repeating: -1, count: counts.count + weights.count)
      var pairs: [(weight: UInt32, node: Int)] = []
      var leaf = 0
      var pair = 0
      func lightest() -> (weight: UInt32, node: Int) {
        if pair >= pairs.count || leaf < weights.count && weights[leaf].weight <= pairs[pair].weight {
          leaf += 1
          return weights[leaf - 1]
        }
        pair += 1
        return pairs[pair - 1]
      }
      for index in 0..<weights.count - 1 {
        let (one, other) = (lightest(), lightest())
        let node = counts.count + index
        parents[one.node] = node
        parents[other.node] = node
        pairs.append((one.weight &+ other.weight, node))
      }
      var depths = [Int](repeating: 0, count: parents.count)
      for node in stride(from: counts.count + weights.count - 3, through: 0, by: -1) where parents[node] >= 0 {
        depths[node] = depths[parents[node]] + 1
      }
      if depths.prefix(counts.count).allSatisfy({ $0 <= longest }) {
        return depths.prefix(counts.count).map { UInt8($0) }
      }
      for symbol in counts.indices where counts[symbol] > 0 { counts[symbol] = counts[symbol] / 2 + 1 }
    }
  }
}
