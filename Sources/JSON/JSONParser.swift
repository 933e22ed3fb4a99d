extension JSONValue {
  /// Reads exactly one JSON text: a value with white space around it and nothing else (RFC 8259; no byte order mark).
  ///
  /// - Parameter limit: how many values it may hold, since a byte of text may become fifty bytes of memory.
  /// - Throws: `JSONError` with the byte where reading stopped. Never traps, whatever the bytes.
  public init(parsing bytes: borrowing Span<UInt8>, atMost limit: Int = .max) throws(JSONError) {
    var scanner = JSONScanner()
    scanner.valuesLeft = limit
    self = try scanner.value(in: bytes)
    try scanner.expectEnd(in: bytes)
  }

  /// Reads exactly one JSON text from an array of bytes.
  public init(parsing bytes: [UInt8], atMost limit: Int = .max) throws(JSONError) {
    self = try JSONValue(parsing: bytes.span, atMost: limit)
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
