extension UnsafeRawBufferPointer {
  /// The offset of the first byte from `start` on that is not a plain character of a string: a quote, a backslash, a
  /// control character or, with `stopsAtNonASCII`, a byte that is not ASCII; `count` where there is none. Compares eight
  /// bytes at a time.
  func endOfPlainText(from start: Int, stopsAtNonASCII: Bool) -> Int {
    var index = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    while index + 8 <= count {
      let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let quote = word ^ ones &* UInt64(UInt8(ascii: "\""))
      let escape = word ^ ones &* UInt64(UInt8(ascii: "\\"))
      // The top bit of a byte is set where the byte is wanted, and may be set by the borrow above the first such byte.
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
