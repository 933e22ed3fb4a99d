/// A prediction's id: a UUIDv7 (RFC 9562 section 5.7), so that ids sort by the time they were made.
public struct PredictionID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Its 48 bits of time, the version, and 12 random bits.
  public let high: UInt64
  /// The variant and 62 random bits.
  public let low: UInt64

  /// Takes the two halves as they are.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new id.
  ///
  /// - Parameters:
  ///   - milliseconds: since 1970, UTC; the prediction's `created_at`.
  ///   - random: 74 bits are taken from it, so that an id cannot be guessed; the default is the system's generator.
  public init(at milliseconds: Int64, random: () -> UInt64 = Self.random) {
    high = UInt64(truncatingIfNeeded: milliseconds) << 16 | 0x7000 | random() & 0x0FFF
    low = 0b10 << 62 | random() >> 2
  }

  /// Random bits from the system's generator. A function, because that generator has size 0 and so no address when it
  /// is passed `inout`: the thread sanitizer would report a race at an unrelated address.
  @Sendable public static func random() -> UInt64 { .random(in: .min ... .max) }

  /// This id, or one just after `last` where it would sort before it: predictions that one process accepts in the same
  /// millisecond keep their order, in the queue and in lists. After a clock was set back by a second or more, the new
  /// time is used.
  func following(_ last: PredictionID?, random: () -> UInt64 = Self.random) -> PredictionID {
    guard let last, sequence <= last.sequence, last.milliseconds - milliseconds < 1_000 else { return self }
    return PredictionID(sequence: last.sequence + 1 + Int64(random() & 7), lowBits: lowBits)
  }

  /// The id with this key and these lower bits; the inverse of `sequence` and `lowBits`.
  public init(sequence: Int64, lowBits: Int64) {
    let sequence = UInt64(bitPattern: sequence)
    high = (sequence >> 12) << 16 | 0x7000 | sequence & 0x0FFF
    low = 0b10 << 62 | UInt64(bitPattern: lowBits) & (1 << 62 - 1)
  }

  /// The key in the store: 48 bits of time and 12 random bits, so that key order is time order.
  public var sequence: Int64 { Int64(high >> 16) << 12 | Int64(high & 0x0FFF) }

  /// The 62 bits that are not in `sequence`.
  public var lowBits: Int64 { Int64(low & (1 << 62 - 1)) }

  /// When it was made: milliseconds since 1970, UTC.
  public var milliseconds: Int64 { Int64(high >> 16) }

  /// Reads the spelling with hyphens, in either case; `nil` for anything that is not a UUIDv7.
  public init?(_ text: String) {
    var text = text
    guard let halves = text.withUTF8({ Self.halves(of: $0) }) else { return nil }
    guard halves.high >> 12 & 0xF == 7, halves.low >> 62 == 0b10 else { return nil }
    (high, low) = halves
  }

  private static func halves(of text: UnsafeBufferPointer<UInt8>) -> (high: UInt64, low: UInt64)? {
    guard text.count == 36, [8, 13, 18, 23].allSatisfy({ text[$0] == UInt8(ascii: "-") }),
      let time = number(text[0..<8]), let clock = number(text[9..<13]), let version = number(text[14..<18]),
      let variant = number(text[19..<23]), let node = number(text[24..<36])
    else { return nil }
    return (time << 32 | clock << 16 | version, variant << 48 | node)
  }

  private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
    var number: UInt64 = 0
    for byte in digits {
      var digit = byte &- UInt8(ascii: "0")
      if digit > 9 {
        digit = (byte | 0x20) &- UInt8(ascii: "a")
        guard digit < 6 else { return nil }
        digit += 10
      }
      number = number << 4 | UInt64(digit)
    }
    return number
  }

  /// The number of bytes of a spelling.
  public static let length = 36

  /// The spelling with hyphens, in lower case.
  public var description: String {
    String(unsafeUninitializedCapacity: Self.length) { buffer in
      write(to: buffer)
      return Self.length
    }
  }

  /// Writes the spelling to a buffer of `length` bytes.
  public func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
    var place = 0
    for half in [high, low] {
      for nibble in stride(from: 60, through: 0, by: -4) {
        if place == 8 || place == 13 || place == 18 || place == 23 {
          buffer[place] = UInt8(ascii: "-")
          place += 1
        }
        let digit = UInt8(truncatingIfNeeded: half >> UInt64(nibble) & 0xF)
        buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        place += 1
      }
    }
  }

  /// Older ids come first.
  public static func < (left: PredictionID, right: PredictionID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}
