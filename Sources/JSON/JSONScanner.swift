/// A strict RFC 8259 scanner over borrowed bytes.
///
/// It holds only a position and a depth; each call borrows the same bytes again, so no reference outlives them. It throws
/// and never traps, for any bytes. Use it directly where only some members of an object are needed (the envelope of
/// JSON-RPC): `skipValue` checks a value without building it.
public struct JSONScanner {
  /// The deepest nesting of arrays and objects.
  public static let depthLimit = 512

  /// The next byte to be read.
  public private(set) var position: Int
  private var depth: Int
  /// The number of values that may still be built, since a byte of text may become fifty bytes of memory. Skipped values
  /// do not count.
  public var valuesLeft = Int.max

  /// A scanner at an offset.
  ///
  /// - Parameter depth: the number of arrays and objects around it that the caller has opened.
  public init(at position: Int = 0, depth: Int = 0) {
    self.position = position
    self.depth = depth
  }

  // MARK: - White space and single bytes

  /// Skips white space.
  public mutating func skipSpace(in bytes: borrowing Span<UInt8>) {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  /// The next byte after white space, not consumed; `nil` at the end.
  public mutating func peek(in bytes: borrowing Span<UInt8>) -> UInt8? {
    skipSpace(in: bytes)
    return position < bytes.count ? bytes[position] : nil
  }

  /// Consumes the next byte after white space, which must be this one.
  public mutating func expect(_ byte: UInt8, in bytes: borrowing Span<UInt8>) throws(JSONError) {
    guard let found = peek(in: bytes) else { throw JSONError(.unexpectedEnd, at: position) }
    guard found == byte else { throw JSONError(.unexpectedByte(found), at: position) }
    position += 1
  }

  /// Consumes the next byte after white space if it is this one.
  public mutating func accept(_ byte: UInt8, in bytes: borrowing Span<UInt8>) -> Bool {
    guard peek(in: bytes) == byte else { return false }
    position += 1
    return true
  }

  /// Fails unless only white space is left.
  public mutating func expectEnd(in bytes: borrowing Span<UInt8>) throws(JSONError) {
    skipSpace(in: bytes)
    if position < bytes.count { throw JSONError(.trailingBytes, at: position) }
  }

  // MARK: - Values

  /// Reads one value, after white space.
  public mutating func value(in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONValue {
    guard let first = peek(in: bytes) else { throw JSONError(.unexpectedEnd, at: position) }
    guard valuesLeft > 0 else { throw JSONError(.tooManyValues, at: position) }
    valuesLeft -= 1
    switch first {
    case UInt8(ascii: "{"): return .object(try object(in: bytes))
    case UInt8(ascii: "["): return .array(try array(in: bytes))
    case UInt8(ascii: "\""): return .string(try text(in: bytes).string(in: bytes))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number(in: bytes))
    case UInt8(ascii: "t"):
      try word("true", in: bytes)
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false", in: bytes)
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null", in: bytes)
      return .null
    default: throw JSONError(.unexpectedByte(first), at: position)
    }
  }

  /// Skips one value, after white space, checks it, and returns the range of its bytes.
  @discardableResult
  public mutating func skipValue(in bytes: borrowing Span<UInt8>) throws(JSONError) -> Range<Int> {
    guard let first = peek(in: bytes) else { throw JSONError(.unexpectedEnd, at: position) }
    let start = position
    switch first {
    case UInt8(ascii: "{"):
      try enter()
      position += 1
      if !accept(UInt8(ascii: "}"), in: bytes) {
        repeat {
          try name(in: bytes)
          try skipValue(in: bytes)
        } while accept(UInt8(ascii: ","), in: bytes)
        try expect(UInt8(ascii: "}"), in: bytes)
      }
      depth -= 1
    case UInt8(ascii: "["):
      try enter()
      position += 1
      if !accept(UInt8(ascii: "]"), in: bytes) {
        repeat { try skipValue(in: bytes) } while accept(UInt8(ascii: ","), in: bytes)
        try expect(UInt8(ascii: "]"), in: bytes)
      }
      depth -= 1
    case UInt8(ascii: "\""): try text(in: bytes)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try skipNumber(in: bytes)
    case UInt8(ascii: "t"): try word("true", in: bytes)
    case UInt8(ascii: "f"): try word("false", in: bytes)
    case UInt8(ascii: "n"): try word("null", in: bytes)
    default: throw JSONError(.unexpectedByte(first), at: position)
    }
    return start..<position
  }

  private mutating func enter() throws(JSONError) {
    guard depth < Self.depthLimit else { throw JSONError(.tooDeep(limit: Self.depthLimit), at: position) }
    depth += 1
  }

  /// Reads a member's name and the colon behind it.
  @discardableResult
  public mutating func name(in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONText {
    guard let first = peek(in: bytes) else { throw JSONError(.unexpectedEnd, at: position) }
    guard first == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte(first), at: position) }
    let name = try text(in: bytes)
    try expect(UInt8(ascii: ":"), in: bytes)
    return name
  }

  private mutating func object(in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONObject {
    try enter()
    defer { depth -= 1 }
    position += 1
    var members: [JSONObject.Member] = []
    if accept(UInt8(ascii: "}"), in: bytes) { return JSONObject() }
    repeat {
      let name = try name(in: bytes)
      members.append(.init(name: name.string(in: bytes), value: try value(in: bytes)))
    } while accept(UInt8(ascii: ","), in: bytes)
    try expect(UInt8(ascii: "}"), in: bytes)
    return JSONObject(parsed: members)
  }

  private mutating func array(in bytes: borrowing Span<UInt8>) throws(JSONError) -> [JSONValue] {
    try enter()
    defer { depth -= 1 }
    position += 1
    var elements: [JSONValue] = []
    if accept(UInt8(ascii: "]"), in: bytes) { return [] }
    repeat { elements.append(try value(in: bytes)) } while accept(UInt8(ascii: ","), in: bytes)
    try expect(UInt8(ascii: "]"), in: bytes)
    return elements
  }

  private mutating func word(_ word: StaticString, in bytes: borrowing Span<UInt8>) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
      guard bytes[position] == word.utf8Start[index] else {
        throw JSONError(.unexpectedByte(bytes[position]), at: position)
      }
      position += 1
    }
  }

  // MARK: - Numbers

  private mutating func number(in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONNumber {
    let start = position
    let end = try skipNumber(in: bytes)
    return JSONNumber(checked: bytes.text(start..<end))
  }

  /// Skips a number (RFC 8259 section 6) and returns the offset behind it.
  mutating func skipNumber(in bytes: borrowing Span<UInt8>) throws(JSONError) -> Int {
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let whole = position
    try digits(in: bytes)
    if bytes[whole] == UInt8(ascii: "0"), position > whole + 1 { throw JSONError(.invalidNumber, at: whole) }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try digits(in: bytes)
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      try digits(in: bytes)
    }
    return position
  }

  private mutating func digits(in bytes: borrowing Span<UInt8>) throws(JSONError) {
    let start = position
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    if position == start {
      throw JSONError(position < bytes.count ? .invalidNumber : .unexpectedEnd, at: position)
    }
  }

  // MARK: - Strings

  /// Reads and checks a string whose opening quote is the next byte.
  @discardableResult
  public mutating func text(in bytes: borrowing Span<UInt8>) throws(JSONError) -> JSONText {
    let start = position + 1
    var index = bytes.endOfPlainText(from: start)
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        position = index + 1
        return .plain(start..<index)
      }
      if byte == UInt8(ascii: "\\") { return .read(try escapedString(from: start, firstEscape: index, in: bytes)) }
      if byte < 0x20 { throw JSONError(.unescapedControl, at: index) }
      // Not ASCII: UTF-8 is checked once, at the end of the string or at its first escape.
      repeat { index += 1 } while index < bytes.count && bytes[index] >= 0x80
      index = bytes.endOfPlainText(from: index)
      if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
        position = index + 1
        guard let text = bytes.checkedText(start..<index) else { throw JSONError(.invalidUTF8, at: start) }
        return .read(text)
      }
    }
    throw JSONError(.unexpectedEnd, at: index)
  }

  private mutating func escapedString(
    from start: Int, firstEscape: Int, in bytes: borrowing Span<UInt8>
  ) throws(JSONError) -> String {
    var text: [UInt8] = []
    for index in start..<firstEscape { text.append(bytes[index]) }
    var index = firstEscape
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") {
        position = index
        guard let string = text.span.checkedText(0..<text.count) else { throw JSONError(.invalidUTF8, at: start) }
        return string
      }
      if byte < 0x20 { throw JSONError(.unescapedControl, at: index - 1) }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard index < bytes.count else { break }
      let escape = bytes[index]
      index += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        let unit = try hexadecimal(at: index, in: bytes)
        index += 4
        var scalar = Unicode.Scalar(unit)
        if scalar == nil, unit < 0xDC00, index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"),
          bytes[index + 1] == UInt8(ascii: "u")
        {
          let low = try hexadecimal(at: index + 2, in: bytes)
          if low >= 0xDC00, low < 0xE000 {
            scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            index += 6
          }
        }
        // A lone surrogate is replaced by U+FFFD.
        text.append(contentsOf: UTF8.encode(scalar ?? "\u{FFFD}")!)
      default: throw JSONError(.invalidEscape, at: index - 1)
      }
    }
    throw JSONError(.unexpectedEnd, at: index)
  }

  private func hexadecimal(at start: Int, in bytes: borrowing Span<UInt8>) throws(JSONError) -> UInt32 {
    guard start + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    var value: UInt32 = 0
    for index in start..<start + 4 {
      let digit: UInt8
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
      default: throw JSONError(.invalidEscape, at: index)
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}

/// A string that a scanner read. Valid with the same bytes only.
public enum JSONText {
  /// ASCII without escapes: the range of its bytes.
  case plain(Range<Int>)
  /// Anything else, unescaped.
  case read(String)

  /// The string.
  public func string(in bytes: borrowing Span<UInt8>) -> String {
    switch self {
    case .plain(let range): bytes.text(range)
    case .read(let string): string
    }
  }

  /// Whether it equals an ASCII text. Makes no string.
  public func has(_ text: StaticString, in bytes: borrowing Span<UInt8>) -> Bool {
    switch self {
    case .plain(let range):
      guard range.count == text.utf8CodeUnitCount else { return false }
      return bytes.extracting(range).withUnsafeBufferPointer { $0.holds(text.bytes) }
    case .read(var string):
      return string.withUTF8 { $0.holds(text.bytes) }
    }
  }
}

extension StaticString {
  fileprivate var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether both hold the same bytes. Compares words that overlap at the end: names have a few bytes, for which a loop over
  /// bytes and a call of `memcmp` take several times as long.
  func holds(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count == other.count else { return false }
    let (these, those) = (UnsafeRawBufferPointer(self), UnsafeRawBufferPointer(other))
    switch count {
    case 0: return true
    case 1: return self[0] == other[0]
    case 2..<4: return these.hasSameWords(UInt16.self, as: those)
    case 4..<8: return these.hasSameWords(UInt32.self, as: those)
    default: return these.hasSameWords(UInt64.self, as: those)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether both hold the same words: all that fit one after another, and the last one, which may overlap its predecessor.
  ///
  /// Both have the same count, of a word at least.
  @inline(__always)
  fileprivate func hasSameWords<Word: FixedWidthInteger & BitwiseCopyable>(
    _ type: Word.Type, as other: UnsafeRawBufferPointer
  ) -> Bool {
    let last = count - MemoryLayout<Word>.size
    var offset = 0
    while offset < last {
      guard loadUnaligned(fromByteOffset: offset, as: type) == other.loadUnaligned(fromByteOffset: offset, as: type)
      else { return false }
      offset += MemoryLayout<Word>.size
    }
    return loadUnaligned(fromByteOffset: last, as: type) == other.loadUnaligned(fromByteOffset: last, as: type)
  }
}

extension Span<UInt8> {
  /// The offset of the first byte from `start` on that is not a plain ASCII character of a string.
  fileprivate func endOfPlainText(from start: Int) -> Int {
    withUnsafeBytes { $0.endOfPlainText(from: start, stopsAtNonASCII: true) }
  }

  /// The text of bytes that are known to be UTF-8.
  fileprivate func text(_ range: Range<Int>) -> String {
    withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
  }

  /// The text of bytes; `nil` where they are not UTF-8.
  fileprivate func checkedText(_ range: Range<Int>) -> String? {
    withUnsafeBufferPointer { String(validating: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
  }
}
