extension JSONValue {
  /// Reads exactly one JSON text: a value with white space around it and nothing else (RFC 8259; no byte order mark).
  ///
  /// - Throws: `JSONError` with the byte where reading stopped. Never traps, whatever the bytes.
  public init(parsing bytes: borrowing Span<UInt8>) throws(JSONError) {
    var scanner = JSONScanner()
    self = try scanner.value(in: bytes)
    try scanner.expectEnd(in: bytes)
  }

  /// Reads exactly one JSON text from an array of bytes.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    self = try JSONValue(parsing: bytes.span)
  }

  /// Reads exactly one JSON text from a string.
  public init(parsing text: String) throws(JSONError) {
    var text = text
    let result = text.withUTF8 { bytes in
      Result { () throws(JSONError) in try JSONValue(parsing: bytes.span) }
    }
    self = try result.get()
  }
}
