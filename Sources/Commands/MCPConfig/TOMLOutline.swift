internal import JSON

/// The tables and keys of a TOML document and where they are. It reads the grammar but not the meaning of values: numbers and
/// dates are only checked for their characters, and a table that is defined twice is not noticed.
struct TOMLOutline {
  /// The line that is not TOML.
  struct Fault: Error, Equatable {
    var line: Int
  }

  /// A header.
  struct Table: Equatable {
    var path: [String]
    /// Whether it is an element of an array: `[[path]]`.
    var isElement: Bool
  }

  /// A key with a value.
  struct Key: Equatable {
    /// With the path of its table.
    var path: [String]
    /// The number of its table; `nil` before the first.
    var table: Int?
    var value: Range<Int>
    /// With the comment and line break behind it.
    var line: Range<Int>
  }

  private(set) var tables: [Table] = []
  private(set) var keys: [Key] = []
  private let bytes: [UInt8]
  private var position = 0

  private static let depthLimit = 64

  init(_ bytes: [UInt8]) throws(Fault) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while true {
      skipLines()
      guard let next else { return }
      if next == UInt8(ascii: "[") { try header() } else { try statement() }
    }
  }

  /// The string at a place; `nil` where it is another value.
  func string(at place: Range<Int>) -> String? {
    guard let first = bytes[place].first else { return nil }
    if first == UInt8(ascii: "'") { return String(decoding: bytes[place].dropFirst().dropLast(), as: UTF8.self) }
    return (try? JSONValue(parsing: Array(bytes[place])))?.string
  }

  // MARK: - Statements

  private mutating func header() throws(Fault) {
    position += 1
    let isElement = accept("[")
    let path = try keyPath()
    guard accept("]"), !isElement || accept("]") else { throw fault }
    try endLine()
    tables.append(Table(path: path, isElement: isElement))
  }

  private mutating func statement() throws(Fault) {
    let start = position
    let path = try keyPath()
    guard accept("=") else { throw fault }
    skipBlanks()
    let begin = position
    try value(depth: 0)
    let end = position
    try endLine()
    let table = tables.indices.last
    keys.append(
      Key(
        path: (table.map { tables[$0].path } ?? []) + path, table: table, value: begin..<end, line: start..<position))
  }

  private mutating func keyPath() throws(Fault) -> [String] {
    var path: [String] = []
    repeat {
      skipBlanks()
      let start = position
      switch next {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        try quoted(next!)
        path.append(string(at: start..<position) ?? "")
      default:
        while let next, Self.isBare(next) { position += 1 }
        guard position > start else { throw fault }
        path.append(String(decoding: bytes[start..<position], as: UTF8.self))
      }
      skipBlanks()
    } while accept(".")
    return path
  }

  // MARK: - Values

  private mutating func value(depth: Int) throws(Fault) {
    guard depth < Self.depthLimit, let next else { throw fault }
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      let mark = [UInt8](repeating: next, count: 3)
      if bytes[position...].starts(with: mark) { try multiline(mark) } else { try quoted(next) }
    case UInt8(ascii: "["):
      position += 1
      skipLines()
      while !accept("]") {
        try value(depth: depth + 1)
        skipLines()
        if !accept(","), self.next != UInt8(ascii: "]") { throw fault }
        skipLines()
      }
    case UInt8(ascii: "{"):
      position += 1
      skipLines()
      while !accept("}") {
        _ = try keyPath()
        guard accept("=") else { throw fault }
        skipBlanks()
        try value(depth: depth + 1)
        skipLines()
        if !accept(","), self.next != UInt8(ascii: "}") { throw fault }
        skipLines()
      }
    default: try scalar()
    }
  }

  private mutating func scalar() throws(Fault) {
    func take(_ reader: inout TOMLOutline) {
      while let next = reader.next,
        Self.isBare(next) || [UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(next)
      {
        reader.position += 1
      }
    }
    let start = position
    take(&self)
    let text = bytes[start..<position]
    let isWord = ["true", "false", "inf", "nan"].contains { text.elementsEqual($0.utf8) }
    guard let first = text.first,
      isWord || Self.isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
    else { throw fault }
    // A date and a time may have a space between them.
    if next == 0x20, position + 1 < bytes.count, Self.isDigit(bytes[position + 1]), Self.isDate(bytes[start..<position])
    {
      position += 1
      take(&self)
    }
  }

  private mutating func quoted(_ mark: UInt8) throws(Fault) {
    position += 1
    while let next, next != 0x0A {
      position += next == UInt8(ascii: "\\") && mark == UInt8(ascii: "\"") ? 2 : 1
      if next == mark { return }
    }
    throw fault
  }

  private mutating func multiline(_ mark: [UInt8]) throws(Fault) {
    position += mark.count
    while let next {
      if bytes[position...].starts(with: mark) {
        position += mark.count
        // Up to two marks may stand before the last three.
        for _ in 0..<2 where self.next == mark[0] { position += 1 }
        return
      }
      position += next == UInt8(ascii: "\\") && mark[0] == UInt8(ascii: "\"") ? 2 : 1
    }
    throw fault
  }

  // MARK: - Bytes

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private var fault: Fault { Fault(line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A }) }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipBlanks() { while next == 0x20 || next == 0x09 { position += 1 } }

  /// Skips blanks, line breaks and comments.
  private mutating func skipLines() {
    while let next {
      switch next {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "#"): while let next = self.next, next != 0x0A { position += 1 }
      default: return
      }
    }
  }

  private mutating func endLine() throws(Fault) {
    skipBlanks()
    if next == UInt8(ascii: "#") { while let next, next != 0x0A { position += 1 } }
    if next == 0x0D { position += 1 }
    guard next == nil || next == 0x0A else { throw fault }
    if next != nil { position += 1 }
  }

  private static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
    text.count == 10 && text.enumerated().allSatisfy { [4, 7].contains($0) ? $1 == UInt8(ascii: "-") : isDigit($1) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  private static func isBare(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 && byte < 0x80 && byte >= 0x41
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }
}
