extension UnsafeRawBufferPointer {
  /// The first byte from here on that is not a plain character of a string: its end, an escape or a control character,
  /// and, where that is asked for, a byte that is no ASCII; the count where all are plain. Eight bytes are looked at
  /// together.
  func endOfPlainText(from start: Int, stopsAtNonASCII: Bool) -> Int {
    var index = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    while index + 8 <= count {
      let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let quote = word ^ ones &* UInt64(UInt8(ascii: "\""))
      let escape = word ^ ones &* UInt64(UInt8(ascii: "\\"))
      // A byte's top bit is set where it is zero, below 0x20 or no ASCII; above the first such byte also by the borrow.
      var found = (quote &- ones) & ~quote | (escape &- ones) & ~escape | (word &- ones &* 0x20) & ~word
      if stopsAtNonASCII { found |= word }
      found &= ones &* 0x80
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      if stopsAtNonASCII, byte >= 0x80 { break }
      index += 1
    }
    return index
  }
}
