import JSON
import Testing

/// One of `schemas/examples/*.jsonl`; the format is in `schemas/README.md`.
struct Transcript: Sendable, CustomTestStringConvertible {
  enum Line: Sendable {
    /// What the client sends, with placeholders for what the server said before.
    case client(JSONValue)
    /// What it sends in a frame, though it is no message.
    case text(String)
    /// What it sends without a frame.
    case bytes(String)
    /// What the server says next.
    case server(JSONValue)
    /// What the server may say next, any number of times.
    case serverMay(JSONValue)
  }

  let name: String
  let framings: [String]
  let arguments: [String]
  let exitStatus: Int32
  let lines: [Line]

  var testDescription: String { name }

  init(name: String, text: String) throws {
    let values = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    let head = values[0]
    self.name = name
    framings = head["framing"]?.array?.compactMap(\.string) ?? []
    arguments = head["arguments"]?.array?.compactMap(\.string) ?? []
    exitStatus = Int32(head["exit"]?.int64 ?? 0)
    lines = try values.dropFirst().map { value in
      if let message = value["client"] { return .client(message) }
      if let text = value["text"]?.string { return .text(text) }
      if let bytes = value["bytes"]?.string { return .bytes(bytes) }
      if let message = value["server"] { return .server(message) }
      if let message = value["server_may"] { return .serverMay(message) }
      throw UnknownLine(text: value.text)
    }
  }

  struct UnknownLine: Error {
    var text: String
  }
}

/// What the placeholders of one replay stand for.
struct Bindings {
  private var values: [String: JSONValue]

  init(folder: String) {
    values = ["<folder>": .string(folder)]
  }

  /// The client's message with what is known by now.
  func filled(_ message: JSONValue) -> JSONValue {
    switch message {
    case .string(let text): values[text] ?? message
    case .array(let elements): .array(elements.map(filled))
    case .object(let object): .object(JSONObject(object.members.map { ($0.name, filled($0.value)) }))
    default: message
    }
  }

  /// Where a message is not the one in the transcript; `nil` where it is.
  mutating func difference(_ expected: JSONValue, _ actual: JSONValue, at path: String = "message") -> String? {
    switch (expected, actual) {
    case (.object(let wanted), .object(let given)):
      let names = Set(wanted.members.map(\.name)).subtracting(["..."])
      let others = Set(given.members.map(\.name)).symmetricDifference(names)
      guard others.isEmpty || wanted["..."] != nil && names.isDisjoint(with: others) else {
        return "\(path) differs in \(others.sorted())"
      }
      for member in wanted.members where member.name != "..." {
        if let found = difference(member.value, given[member.name] ?? .null, at: "\(path).\(member.name)") {
          return found
        }
      }
      return nil
    case (.array(let wanted), .array(let given)):
      guard wanted.count == given.count else { return "\(path) has \(given.count) elements" }
      for (index, pair) in zip(wanted, given).enumerated() {
        if let found = difference(pair.0, pair.1, at: "\(path)[\(index)]") { return found }
      }
      return nil
    case (.string(let text), _) where text.hasPrefix("<") && text.hasSuffix(">"):
      let parts = text.dropFirst().dropLast().split(separator: ":", maxSplits: 1)
      guard Self.fits(actual, String(parts[0])) else { return "\(path) is \(actual.text), not \(text)" }
      if parts.count == 2 {
        let known = values[text] ?? actual
        values[text] = known
        if known != actual { return "\(path) is \(actual.text), not \(known.text)" }
      }
      return nil
    default:
      return expected == actual ? nil : "\(path) is \(actual.text), not \(expected.text)"
    }
  }

  private static func fits(_ value: JSONValue, _ kind: String) -> Bool {
    if kind.hasSuffix("?") { return value.isNull || fits(value, String(kind.dropLast())) }
    let text = value.string ?? ""
    switch kind {
    case "any": return true
    case "integer": return value.int64 != nil
    case "string": return !text.isEmpty
    case "id":
      return text.split(separator: "-", omittingEmptySubsequences: false).map(\.count) == [8, 4, 4, 4, 12]
        && text.utf8.allSatisfy { "0123456789abcdef-".utf8.contains($0) }
    case "time": return text.utf8.count == 24 && text.hasSuffix("Z") && text.dropFirst(10).first == "T"
    case "sha256": return text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    case "url": return ["http://", "https://", "file://"].contains { text.hasPrefix($0) }
    case "path": return text.hasPrefix("/") && exists(text)
    default: return kind.contains("|") && kind.split(separator: "|").contains { $0 == text }
    }
  }
}
