internal import JSON

/// A JSON document to which a member is added. All its bytes stay, so its order, numbers, escapes and spaces do too.
struct JSONInsertion {
  /// The reason that nothing was added.
  enum Failure: Error, Equatable {
    /// It is not JSON, from this line on.
    case notJSON(line: Int)
    /// The member of this name, or the document where it is `nil`, is not an object.
    case notAnObject(String?)
    /// There is such a member with another value.
    case taken
  }

  /// The document.
  let root: JSONObject
  private let bytes: [UInt8]
  private let start: Int
  private let lineBreak: String

  init(_ bytes: [UInt8]) throws(Failure) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    start = bytes.starts(with: mark) ? mark.count : 0
    self.bytes = bytes
    lineBreak = MCPConfigFile.lineBreak(of: bytes)
    root = try Self.object(bytes, from: start)
  }

  private static func object(_ bytes: [UInt8], from start: Int) throws(Failure) -> JSONObject {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: Array(bytes[start...]))
    } catch {
      let before = bytes[..<min(bytes.count, start + error.offset)]
      throw .notJSON(line: 1 + before.count { $0 == 0x0A })
    }
    guard let object = value.object else { throw .notAnObject(nil) }
    return object
  }

  /// The document with a member in the object at a path; objects on the path that are missing are added.
  ///
  /// - Returns: the document as it is, if the member is there and has at least these members with these values.
  func adding(_ value: JSONValue, named name: String, at path: [String]) throws(Failure) -> [UInt8] {
    var container = outline(of: start)
    var rest = path[...]
    while let key = rest.first, let member = container.members.last(where: { $0.name.hasSameCodePoints(as: key) }) {
      guard bytes[member.value.lowerBound] == UInt8(ascii: "{") else { throw .notAnObject(key) }
      container = outline(of: member.value.lowerBound)
      rest.removeFirst()
    }
    if rest.isEmpty, let old = container.members.last(where: { $0.name.hasSameCodePoints(as: name) }) {
      guard let old = try? JSONValue(parsing: Array(bytes[old.value])), old.has(value) else { throw .taken }
      return bytes
    }
    var addition = (name: name, value: value)
    for key in rest.reversed() { addition = (key, .object(JSONObject([(addition.name, addition.value)]))) }
    let new = inserting(addition.name, addition.value, into: container)
    // A second look at the whole: nothing else may have changed.
    guard try Self.object(new, from: start) == root.setting(value, named: name, at: path[...]) else {
      throw .notJSON(line: 1)
    }
    return new
  }

  // MARK: - Places

  private struct Container {
    var open = 0
    var members: [(name: String, start: Int, value: Range<Int>)] = []
    var close = 0
  }

  /// The members of the object at this offset. The document is known to be JSON.
  private func outline(of offset: Int) -> Container {
    let span = bytes.span
    var scanner = JSONScanner(at: offset)
    var container = Container()
    _ = scanner.accept(UInt8(ascii: "{"), in: span)
    container.open = scanner.position - 1
    while !scanner.accept(UInt8(ascii: "}"), in: span) {
      if !container.members.isEmpty { _ = scanner.accept(UInt8(ascii: ","), in: span) }
      _ = scanner.peek(in: span)
      let start = scanner.position
      guard let name = try? scanner.name(in: span), let value = try? scanner.skipValue(in: span) else { break }
      container.members.append((name.string(in: span), start, value))
    }
    container.close = scanner.position - 1
    return container
  }

  private func inserting(_ name: String, _ value: JSONValue, into container: Container) -> [UInt8] {
    let label = JSONValue.string(name).text
    guard let last = container.members.last else {
      let outer = indentation(at: container.open)
      let isOneLine = !root.isEmpty && !bytes.contains(0x0A)
      let text =
        isOneLine
        ? "\(label): \(value.text)"
        : lineBreak + outer + unit + "\(label): \(indented(value, by: outer + unit))" + lineBreak + outer
      return bytes[...container.open] + Array(text.utf8) + bytes[container.close...]
    }
    let before = container.members.dropLast().last?.value.upperBound ?? container.open
    let hasOwnLine = bytes[before..<last.start].contains(0x0A)
    let indent = indentation(at: last.start)
    let text =
      hasOwnLine
      ? ",\(lineBreak)\(indent)\(label): \(indented(value, by: indent))" : ", \(label): \(value.text)"
    return bytes[..<last.value.upperBound] + Array(text.utf8) + bytes[last.value.upperBound...]
  }

  /// The white space with which the line of this offset begins.
  private func indentation(at offset: Int) -> String {
    let line = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? start
    return String(decoding: bytes[line..<offset].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
  }

  /// One level of indentation, as the document has it.
  private var unit: String {
    let outline = outline(of: start)
    guard let first = outline.members.first, bytes[outline.open..<first.start].contains(0x0A) else { return "  " }
    let found = indentation(at: first.start)
    return found.isEmpty ? "  " : found
  }

  private func indented(_ value: JSONValue, by indent: String) -> String {
    let lines = value.indented.split(separator: "\n").map { line in
      let rest = line.drop { $0 == " " }
      return String(repeating: unit, count: (line.count - rest.count) / 2) + rest
    }
    return lines.joined(separator: lineBreak + indent)
  }
}

extension JSONValue {
  /// Whether it equals another value, or is an object that has at least its members.
  fileprivate func has(_ other: JSONValue) -> Bool {
    guard let object, let wanted = other.object else { return self == other }
    return wanted.members.allSatisfy { object[$0.name]?.has($0.value) ?? false }
  }
}

extension JSONObject {
  fileprivate func setting(_ value: JSONValue, named name: String, at path: ArraySlice<String>) -> JSONObject {
    var object = self
    if let key = path.first {
      let inner = self[key]?.object ?? JSONObject()
      object[key] = .object(inner.setting(value, named: name, at: path.dropFirst()))
    } else {
      object[name] = value
    }
    return object
  }
}
