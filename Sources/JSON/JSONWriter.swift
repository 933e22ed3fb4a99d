/// Writes JSON into bytes, without building a tree.
///
/// It writes the commas; the caller writes names and values and pairs `beginObject` with `endObject`. The text has no
/// white space, so it is one line; `/` is not escaped.
public struct JSONWriter: Sendable {
  /// The JSON written so far.
  public private(set) var bytes: [UInt8]
  private var needsComma = false

  /// An empty writer.
  public init(reserving capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Removes all bytes and keeps the memory for the next value, unless it exceeds 1 MiB.
  public mutating func clear() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
    needsComma = false
  }

  /// Reserves memory for so many more bytes.
  public mutating func reserve(_ count: Int) {
    bytes.reserveCapacity(bytes.count + count)
  }

  /// Lends the bytes to a body that may swap them for another array.
  public mutating func lend(_ body: (inout [UInt8]) -> Void) {
    body(&bytes)
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Opens an object.
  public mutating func beginObject() {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
  }

  /// Closes an object.
  public mutating func endObject() {
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  /// Opens an array.
  public mutating func beginArray() {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
  }

  /// Closes an array.
  public mutating func endArray() {
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  /// Writes a member's name that needs no escaping; its value comes next.
  public mutating func name(_ name: StaticString) {
    separate()
    let count = name.utf8CodeUnitCount
    // Appended in one step: byte by byte, an array checks its owner and its capacity each time.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 3) { piece in
      piece[0] = UInt8(ascii: "\"")
      UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(piece)[1...])
        .copyMemory(from: UnsafeRawBufferPointer(start: name.utf8Start, count: count))
      piece[count + 1] = UInt8(ascii: "\"")
      piece[count + 2] = UInt8(ascii: ":")
      bytes.append(contentsOf: piece)
    }
    needsComma = false
  }

  /// Writes a member's name, escaped; its value comes next.
  public mutating func name(escaping name: String) {
    value(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string.
  public mutating func value(_ string: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var string = string
    string.withUTF8 { escape(UnsafeRawBufferPointer($0)) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a string of so many bytes, at least one, that need no escaping. The body writes all of them.
  public mutating func value(plain count: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    separate()
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 2) { piece in
      piece[0] = UInt8(ascii: "\"")
      body(UnsafeMutableBufferPointer(rebasing: piece[1...count]))
      piece[count + 1] = UInt8(ascii: "\"")
      bytes.append(contentsOf: piece)
    }
  }

  /// Writes a member whose value is a string that the body appends and that needs no escaping. Where the body returns
  /// `false`, the whole member is removed again.
  public mutating func member(_ name: StaticString, plain body: (inout [UInt8]) -> Bool) -> Bool {
    let (before, comma) = (bytes.count, needsComma)
    self.name(name)
    separate()
    bytes.append(UInt8(ascii: "\""))
    guard body(&bytes) else {
      bytes.removeLast(bytes.count - before)
      needsComma = comma
      return false
    }
    bytes.append(UInt8(ascii: "\""))
    return true
  }

  /// Writes what the body writes, such as an element of an array. Where there are more than so many bytes then, it is removed
  /// again.
  ///
  /// - Returns: whether it is there.
  public mutating func write(atMost count: Int, _ body: (inout JSONWriter) -> Void) -> Bool {
    let (before, comma) = (bytes.count, needsComma)
    body(&self)
    guard bytes.count > count else { return true }
    bytes.removeLast(bytes.count - before)
    needsComma = comma
    return false
  }

  /// Writes an integer.
  public mutating func value(_ integer: Int64) {
    separate()
    var rest = integer.magnitude
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    withUnsafeMutableBytes(of: &digits) { buffer in
      var start = buffer.count
      repeat {
        start -= 1
        buffer[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if integer < 0 {
        start -= 1
        buffer[start] = UInt8(ascii: "-")
      }
      bytes.append(contentsOf: buffer[start...])
    }
  }

  /// Writes an integer.
  public mutating func value(_ integer: Int) { value(Int64(integer)) }

  /// Writes `true` or `false`.
  public mutating func value(_ bool: Bool) { literal(bool ? "true" : "false") }

  /// Writes `null`.
  public mutating func null() { literal("null") }

  /// Writes a whole value.
  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let bool): self.value(bool)
    case .number(let number): raw(number.spelling)
    case .string(let string): self.value(string)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let object): self.value(object)
    }
  }

  /// Writes a whole object.
  public mutating func value(_ object: JSONObject) {
    beginObject()
    for member in object.members {
      name(escaping: member.name)
      value(member.value)
    }
    endObject()
  }

  /// Copies bytes that are one JSON value, unchecked.
  public mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// Copies a text that is one JSON value, unchecked.
  public mutating func raw(_ json: String) {
    separate()
    var json = json
    json.withUTF8 { bytes.append(contentsOf: $0) }
  }

  /// Copies a literal piece of JSON, such as the beginning of an envelope. The caller pairs its brackets and writes the
  /// commas around it.
  public mutating func piece(_ text: StaticString) {
    needsComma = false
    literal(text)
    needsComma = false
  }

  private mutating func literal(_ text: StaticString) {
    separate()
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Copies plain bytes in runs, and escapes `"`, `\` and control characters.
  private mutating func escape(_ text: UnsafeRawBufferPointer) {
    var start = 0
    while true {
      let index = text.endOfPlainText(from: start, stopsAtNonASCII: false)
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index]))
      guard index < text.count else { return }
      start = index + 1
      let byte = text[index]
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
      case 0x08: bytes.append(UInt8(ascii: "b"))
      case 0x09: bytes.append(UInt8(ascii: "t"))
      case 0x0A: bytes.append(UInt8(ascii: "n"))
      case 0x0C: bytes.append(UInt8(ascii: "f"))
      case 0x0D: bytes.append(UInt8(ascii: "r"))
      default:
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(Self.hexadecimal(byte >> 4))
        bytes.append(Self.hexadecimal(byte & 15))
      }
    }
  }

  private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }
}

extension JSONValue {
  /// The value as JSON bytes, without white space.
  public var serialized: [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }

  /// The value as JSON text, without white space.
  public var text: String { String(decoding: serialized, as: UTF8.self) }
}
