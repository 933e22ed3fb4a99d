/// A strict PNG reader (ISO/IEC 15948, RFC 1950, RFC 1951) that shares no code with the writer.
struct PNGDecoder {
  struct Malformed: Error { var what: String }

  /// Three bytes a pixel, from the top left.
  private(set) var pixels: [UInt8] = []
  private(set) var width = 0
  private(set) var height = 0
  /// The names of the chunks, in order.
  private(set) var chunks: [String] = []

  init(_ file: [UInt8]) throws(Malformed) {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw Malformed(what: "signature")
    }
    var place = 8
    var packed: [UInt8] = []
    while place < file.count {
      guard place + 12 <= file.count else { throw Malformed(what: "chunk cut off") }
      let length = Self.bigEndian(file[place..<place + 4])
      guard place + 12 + length <= file.count else { throw Malformed(what: "chunk cut off") }
      let named = file[place + 4..<place + 8 + length]
      guard Self.crc(named) == Self.bigEndian(file[place + 8 + length..<place + 12 + length]) else {
        throw Malformed(what: "checksum of a chunk")
      }
      let name = String(decoding: named.prefix(4), as: UTF8.self)
      let body = named.dropFirst(4)
      chunks.append(name)
      if name == "IHDR" {
        width = Self.bigEndian(body.prefix(4))
        height = Self.bigEndian(body.dropFirst(4).prefix(4))
        guard Array(body.dropFirst(8)) == [8, 2, 0, 0, 0] else { throw Malformed(what: "not plain 8-bit RGB") }
      }
      if name == "IDAT" { packed += body }
      place += 12 + length
    }
    guard chunks.first == "IHDR", chunks.last == "IEND" else { throw Malformed(what: "order of chunks") }
    try unfilter(try Inflate.unpack(packed))
  }

  private mutating func unfilter(_ lines: [UInt8]) throws(Malformed) {
    let stride = width * 3
    guard lines.count == (stride + 1) * height else { throw Malformed(what: "length of the picture") }
    pixels = [UInt8](repeating: 0, count: stride * height)
    for row in 0..<height {
      let filter = lines[row * (stride + 1)]
      for index in 0..<stride {
        let left = index >= 3 ? pixels[row * stride + index - 3] : 0
        let above = row > 0 ? pixels[(row - 1) * stride + index] : 0
        let corner = index >= 3 && row > 0 ? pixels[(row - 1) * stride + index - 3] : 0
        let guess: UInt8
        switch filter {
        case 0: guess = 0
        case 1: guess = left
        case 2: guess = above
        case 3: guess = UInt8((Int(left) + Int(above)) / 2)
        case 4:
          let p = Int(left) + Int(above) - Int(corner)
          let (a, b, c) = (abs(p - Int(left)), abs(p - Int(above)), abs(p - Int(corner)))
          guess = a <= b && a <= c ? left : b <= c ? above : corner
        default: throw Malformed(what: "filter \(filter)")
        }
        pixels[row * stride + index] = lines[row * (stride + 1) + 1 + index] &+ guess
      }
    }
  }

  private static func bigEndian(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private static func crc(_ bytes: some Sequence<UInt8>) -> Int {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return Int(~crc)
  }
}

/// Unpacks a zlib stream bit by bit, and checks everything.
struct Inflate {
  typealias Malformed = PNGDecoder.Malformed

  private let bytes: [UInt8]
  private var bit = 0
  private var output: [UInt8] = []

  static func unpack(_ bytes: [UInt8]) throws(Malformed) -> [UInt8] {
    var inflate = Inflate(bytes: bytes)
    return try inflate.stream()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func stream() throws(Malformed) -> [UInt8] {
    let header = (try take(8), try take(8))
    guard header.0 & 15 == 8, header.0 >> 4 <= 7, (header.0 << 8 | header.1) % 31 == 0, header.1 & 32 == 0 else {
      throw Malformed(what: "header of the zlib stream")
    }
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try stored()
      case 1:
        let lengths =
          Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
          + Array(repeating: 8, count: 8)
        try block(Code(lengths), Code(Array(repeating: 5, count: 30)))
      case 2: try dynamic()
      default: throw Malformed(what: "kind of block")
      }
    }
    bit = (bit + 7) / 8 * 8
    var sum = 0
    for _ in 0..<4 { sum = sum << 8 | (try take(8)) }
    var (a, b) = (1, 0)
    for byte in output {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    guard sum == b << 16 | a else { throw Malformed(what: "checksum of the zlib stream") }
    guard bit / 8 == bytes.count else { throw Malformed(what: "something behind the zlib stream") }
    return output
  }

  private mutating func stored() throws(Malformed) {
    bit = (bit + 7) / 8 * 8
    let (length, inverse) = (try take(16), try take(16))
    guard length ^ inverse == 0xFFFF else { throw Malformed(what: "length of a stored block") }
    for _ in 0..<length { output.append(UInt8(try take(8))) }
  }

  private mutating func dynamic() throws(Malformed) {
    let (literals, distances, count) = (try take(5) + 257, try take(5) + 1, try take(4) + 4)
    guard literals <= 286, distances <= 30 else { throw Malformed(what: "number of codes") }
    var lengths = Array(repeating: 0, count: 19)
    for index in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(count) {
      lengths[index] = try take(3)
    }
    let code = try Code(lengths)
    var all: [Int] = []
    while all.count < literals + distances {
      switch try symbol(code) {
      case 16:
        guard let last = all.last else { throw Malformed(what: "a repeat of nothing") }
        all += Array(repeating: last, count: try take(2) + 3)
      case 17: all += Array(repeating: 0, count: try take(3) + 3)
      case 18: all += Array(repeating: 0, count: try take(7) + 11)
      case let length: all.append(length)
      }
    }
    guard all.count == literals + distances else { throw Malformed(what: "too many code lengths") }
    try block(Code(Array(all[..<literals])), Code(Array(all[literals...])))
  }

  private mutating func block(_ literals: Code, _ distances: Code) throws(Malformed) {
    while true {
      let symbol = try symbol(literals)
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol <= 285 else { throw Malformed(what: "symbol \(symbol)") }
      let code = symbol - 257
      let lengthBits = code < 8 || code == 28 ? 0 : code / 4 - 1
      let length =
        code == 28 ? 258 : code < 8 ? 3 + code : 3 + (4 + code % 4) << lengthBits + (try take(lengthBits))
      let place = try self.symbol(distances)
      guard place < 30 else { throw Malformed(what: "distance code \(place)") }
      let distanceBits = place < 4 ? 0 : place / 2 - 1
      let distance = place < 4 ? 1 + place : 1 + (2 + place % 2) << distanceBits + (try take(distanceBits))
      guard distance <= output.count, distance <= 32_768 else { throw Malformed(what: "distance \(distance)") }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  private mutating func take(_ count: Int) throws(Malformed) -> Int {
    var value = 0
    for index in 0..<count {
      guard bit >> 3 < bytes.count else { throw Malformed(what: "end of the zlib stream") }
      value |= Int(bytes[bit >> 3] >> UInt8(bit & 7) & 1) << index
      bit += 1
    }
    return value
  }

  private mutating func symbol(_ code: Code) throws(Malformed) -> Int {
    var (value, first, index) = (0, 0, 0)
    for length in 1...15 {
      value |= try take(1)
      let count = code.counts[length]
      if value - first < count { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw Malformed(what: "a code that means nothing")
  }

  /// A Huffman code by the lengths of its words.
  private struct Code {
    var counts = Array(repeating: 0, count: 16)
    var symbols: [Int] = []

    init(_ lengths: [Int]) throws(Malformed) {
      for length in lengths where length > 0 { counts[length] += 1 }
      var left = 1
      for length in 1...15 {
        left = left << 1 - counts[length]
        guard left >= 0 else { throw Malformed(what: "more words than a code can have") }
      }
      for length in 1...15 { symbols += lengths.indices.filter { lengths[$0] == length } }
    }
  }
}
