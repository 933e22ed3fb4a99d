extension SHA256 {
  /// HMAC-SHA-256 (RFC 2104): 32 bytes that only who has the key can make of a message. Tested with the vectors of RFC 4231.
  public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? hash(key) : key
    block += repeatElement(0, count: 64 - block.count)
    return hash(block.map { $0 ^ 0x5C } + hash(block.map { $0 ^ 0x36 } + message))
  }
}
