internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions

/// A type of parameter: the schema that clients see, and the reader that checks the same bounds.
struct ParameterType<Value: Sendable>: Sendable {
  let schema: @Sendable () -> Schema
  /// Reads the value at a path; throws -32602 with that path, or 1001 for an id that no prediction can have.
  let read: @Sendable (JSONValue, _ path: String) throws(RPCError) -> Value
  /// The end of the description of every parameter of this type.
  private let note: String

  init(
    _ schema: @autoclosure @escaping @Sendable () -> Schema, note: String = "",
    read: @escaping @Sendable (JSONValue, _ path: String) throws(RPCError) -> Value
  ) {
    self.schema = schema
    self.note = note
    self.read = read
  }

  /// The schema with a default and a description.
  func described(_ about: String?, default value: JSONValue? = nil) -> @Sendable () -> Schema {
    { [schema, note] in
      var result = schema()
      if let value { result = result.usually(value) }
      let text = (about ?? "") + note
      return text.isEmpty ? result : result.about(text)
    }
  }
}

// MARK: - Strings

extension ParameterType where Value == String {
  /// Any string.
  static var string: ParameterType {
    ParameterType(.string) { value, path throws(RPCError) in try .read(value, at: path) }
  }

  /// A string of a length. The schema counts characters, the reader bytes of UTF-8: the schema allows a little more.
  static func string(bytes: ClosedRange<Int>) -> ParameterType {
    ParameterType(.string(bytes)) { value, path throws(RPCError) in try .read(value, at: path, bytes: bytes) }
  }

  /// A string that people and programs use as a name: of a model, a file, a directory, a key.
  static func name(bytes: ClosedRange<Int>) -> ParameterType {
    ParameterType(.string(bytes)) { value, path throws(RPCError) in try .readName(value, at: path, bytes: bytes) }
  }

  /// The name of a model.
  static var model: ParameterType { .name(bytes: 1...256) }

  /// The name of a provider.
  static var provider: ParameterType { .name(bytes: 1...64) }

  /// The caller's own name for a prediction, by which it is never made twice.
  static var idempotencyKey: ParameterType { .name(bytes: 1...255) }

  /// A label of predictions.
  static var tag: ParameterType { .string(bytes: String.tagBytes) }

  /// The position of a page, from the page before.
  static var cursor: ParameterType { .string(bytes: 1...256) }

  /// The directory of files.
  static var outputDirectory: ParameterType {
    ParameterType(.string(like: OutputDirectory.pattern)) { value, path throws(RPCError) in
      let directory = try String.readName(value, at: path, bytes: 1...4_096)
      guard OutputDirectory.isUsable(directory) else {
        throw .invalidParams(path, "\(path) must be an absolute path or an s3:// address")
      }
      return directory
    }
  }

  /// The path of a local file.
  static var absolutePath: ParameterType {
    let bytes = 1...4_096
    return ParameterType(.string(like: "^/")) { value, path throws(RPCError) in
      let file = try String.read(value, at: path, bytes: bytes)
      guard file.hasPrefix("/") else { throw .invalidParams(path, "\(path) must be an absolute path") }
      return file
    }
  }

  /// The name of files without directory and extension.
  static var outputName: ParameterType {
    let bytes = 1...200
    return ParameterType(.string(bytes)) { value, path throws(RPCError) in
      let name = try String.readName(value, at: path, bytes: bytes)
      if name.hasPrefix(".") || name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) {
        throw .invalidParams(
          path, "\(path) is a file name without folder and extension, and does not begin with a dot")
      }
      return name
    }
  }
}

extension ParameterType where Value == [String] {
  /// The labels of a prediction.
  static var tags: ParameterType {
    let count = 0...32
    return ParameterType(.array(of: .string(String.tagBytes), count)) { value, path throws(RPCError) in
      let array = try [JSONValue].read(value, at: path)
      guard array.count <= count.upperBound else {
        throw .invalidParams(
          path, "there are \(array.count) tags; \(count.upperBound) are allowed", limit: count.upperBound)
      }
      var tags: [String] = []
      for (index, element) in array.enumerated() {
        tags.append(try String.readName(element, at: "\(path)[\(index)]", bytes: String.tagBytes))
      }
      return tags
    }
  }
}

extension ParameterType where Value: RawRepresentable, Value.RawValue == String {
  /// One of these words.
  static func word(_ values: [Value]) -> ParameterType {
    let words = values.map(\.rawValue)
    return ParameterType(.word(words)) { value, path throws(RPCError) in
      let word = try String.read(value, at: path)
      guard words.contains(word), let value = Value(rawValue: word) else {
        throw .invalidParams(
          path, "\(path) must be one of \(words.joined(separator: ", ")), not \"\(word.prefix(32))\"")
      }
      return value
    }
  }
}

// MARK: - Predictions

extension ParameterType where Value == PredictionID {
  /// The id of a prediction. A string that is not an id names no prediction: 1001, not -32602.
  static var id: ParameterType {
    ParameterType(.anyID) { value, path throws(RPCError) in try .read(value, at: path) }
  }
}

extension ParameterType where Value == [PredictionID] {
  /// The ids of predictions; each is taken once.
  static var ids: ParameterType {
    let count = 1...1_000
    return ParameterType(.array(of: .anyID, count)) { value, path throws(RPCError) in
      let array = try [JSONValue].read(value, at: path)
      guard count.contains(array.count) else {
        throw .invalidParams(
          path, "\(path) has \(array.count) elements; \(count.lowerBound) to \(count.upperBound) are allowed",
          limit: count.upperBound)
      }
      var ids: [PredictionID] = []
      var seen: Set<PredictionID> = []
      for (index, element) in array.enumerated() {
        let id = try PredictionID.read(element, at: "\(path)[\(index)]")
        if seen.insert(id).inserted { ids.append(id) }
      }
      return ids
    }
  }
}

extension ParameterType where Value == PredictionStatus {
  /// A status.
  static var status: ParameterType { .word(PredictionStatus.allCases) }
}

extension ParameterType where Value == ChangeCursor {
  /// The position of a subscription.
  static var changeCursor: ParameterType {
    ParameterType(.string) { value, path throws(RPCError) in
      guard let cursor = ChangeCursor(try .read(value, at: path)) else {
        throw .invalidParams(path, "it is not a cursor of subscribe", hint: "Leave it out for all changes from now on.")
      }
      return cursor
    }
  }
}

// MARK: - Truth values, numbers, times

extension ParameterType where Value == Bool {
  /// True or false.
  static var bool: ParameterType {
    ParameterType(.bool) { value, path throws(RPCError) in
      guard let bool = value.bool else { throw .wrong(path, value, wanted: "true or false") }
      return bool
    }
  }
}

extension ParameterType where Value == Int {
  /// A whole number, moved into the range.
  static func integer(clampedTo range: ClosedRange<Int>) -> ParameterType {
    ParameterType(.integer(), note: "Clamped to \(range.lowerBound) to \(range.upperBound).") {
      value, path throws(RPCError) in try .read(value, at: path, clampedTo: range)
    }
  }

  /// A whole number in the range; another one is refused.
  static func integer(in range: ClosedRange<Int>) -> ParameterType {
    ParameterType(.integer(range.lowerBound...)) { value, path throws(RPCError) in
      let integer = try Int.read(value, at: path, clampedTo: range)
      guard value.int64 == Int64(integer) else {
        throw .invalidParams(
          path, "\(path) must be from \(range.lowerBound) to \(range.upperBound)", limit: range.upperBound)
      }
      return integer
    }
  }

  /// A whole number moved into the range, for models, which are told a minimum: they obey it better than a sentence.
  static func integer(from lowest: Int, atMost limit: Int) -> ParameterType {
    ParameterType(.integer(lowest...), note: "At most \(limit).") { value, path throws(RPCError) in
      try .read(value, at: path, clampedTo: lowest...limit)
    }
  }
}

extension ParameterType where Value == Int64 {
  /// A duration, moved into the range from 0, since a client that asks for a year means "long".
  static func milliseconds(atMost limit: Int64) -> ParameterType {
    ParameterType(.integer(), note: ", in milliseconds; 0 to \(limit), clamped.") { value, path throws(RPCError) in
      try .readMilliseconds(value, at: path, atMost: limit)
    }
  }

  /// The same for models, which are told a minimum.
  static func milliseconds(from0AtMost limit: Int64) -> ParameterType {
    ParameterType(.integer(0...), note: ", in milliseconds; at most \(limit).") { value, path throws(RPCError) in
      try .readMilliseconds(value, at: path, atMost: limit)
    }
  }

  /// US dollars, 0 or more; read as millionths.
  static var dollars: ParameterType {
    ParameterType(.number) { value, path throws(RPCError) in
      guard let number = value.number else { throw .wrong(path, value, wanted: "a number of dollars") }
      guard let micros = Money.micros(number.double) else {
        throw .invalidParams(path, "\(path) must be 0 or more dollars")
      }
      return micros
    }
  }

  /// A time like `2026-11-23T12:34:56.789Z`, or a date alone; read as milliseconds since 1970.
  static var time: ParameterType {
    ParameterType(.string) { value, path throws(RPCError) in
      guard let time = Timestamp.milliseconds(of: try .read(value, at: path)) else {
        throw .invalidParams(path, "\(path) is not a time; write it like 2026-11-23T12:34:56.789Z")
      }
      return time
    }
  }
}

// MARK: - Objects and anything

extension ParameterType where Value == JSONObject {
  /// Any object.
  static var object: ParameterType { .object(.object()) }

  /// An object that this schema describes, whose fields the method reads by itself.
  static func object(_ schema: @autoclosure @escaping @Sendable () -> Schema) -> ParameterType {
    ParameterType(schema()) { value, path throws(RPCError) in
      guard let object = value.object else { throw .wrong(path, value, wanted: "an object") }
      return object
    }
  }

  /// The caller's own data, which a prediction carries.
  static var metadata: ParameterType {
    let limit = 8_192
    return ParameterType(.object(), note: ", up to \(limit / 1_024) KiB.") { value, path throws(RPCError) in
      guard let object = value.object else { throw .wrong(path, value, wanted: "an object") }
      let length = value.serialized.count
      guard length <= limit else {
        throw .invalidParams(path, "\(path) has \(length) bytes; \(limit) are allowed", limit: limit)
      }
      return object
    }
  }
}

extension ParameterType where Value == JSONValue {
  /// A value that is not checked: the protocols that define it ignore invalid values.
  static func unchecked(_ schema: @autoclosure @escaping @Sendable () -> Schema) -> ParameterType {
    ParameterType(schema()) { value, _ in value }
  }
}

// MARK: - Readers

extension RPCError {
  /// A value of the wrong type.
  fileprivate static func wrong(_ path: String, _ value: JSONValue, wanted: String) -> RPCError {
    .invalidParams(path, "\(path) must be \(wanted), not \(value.kind)")
  }

  /// A string that could change the terminal, log or document where a name is shown.
  static func notAName(_ path: String) -> RPCError {
    .invalidParams(path, "\(path) holds a control or format character", hint: "Write it without.")
  }
}

extension String {
  /// The length of a tag.
  fileprivate static let tagBytes = 1...128

  fileprivate static func read(_ value: JSONValue, at path: String) throws(RPCError) -> String {
    guard let string = value.string else { throw .wrong(path, value, wanted: "a string") }
    return string
  }

  fileprivate static func read(
    _ value: JSONValue, at path: String, bytes: ClosedRange<Int>
  ) throws(RPCError) -> String {
    let string = try read(value, at: path)
    guard bytes.contains(string.utf8.count) else {
      throw .invalidParams(
        path, "\(path) has \(string.utf8.count) bytes; \(bytes.lowerBound) to \(bytes.upperBound) are allowed",
        limit: bytes.upperBound)
    }
    return string
  }

  fileprivate static func readName(
    _ value: JSONValue, at path: String, bytes: ClosedRange<Int>
  ) throws(RPCError) -> String {
    let string = try read(value, at: path, bytes: bytes)
    guard SafeText.isName(string) else { throw .notAName(path) }
    return string
  }
}

extension PredictionID {
  fileprivate static func read(_ value: JSONValue, at path: String) throws(RPCError) -> PredictionID {
    let text = try String.read(value, at: path)
    guard let id = PredictionID(text) else { throw .notFound(String(text.prefix(64))) }
    return id
  }
}

extension [JSONValue] {
  fileprivate static func read(_ value: JSONValue, at path: String) throws(RPCError) -> [JSONValue] {
    guard let array = value.array else { throw .wrong(path, value, wanted: "an array of strings") }
    return array
  }
}

extension Int {
  fileprivate static func read(
    _ value: JSONValue, at path: String, clampedTo range: ClosedRange<Int>
  ) throws(RPCError) -> Int {
    guard let integer = value.int64 else { throw .wrong(path, value, wanted: "an integer") }
    return Int(Swift.min(Swift.max(integer, Int64(range.lowerBound)), Int64(range.upperBound)))
  }
}

extension Int64 {
  fileprivate static func readMilliseconds(
    _ value: JSONValue, at path: String, atMost limit: Int64
  ) throws(RPCError) -> Int64 {
    guard let number = value.number else { throw .wrong(path, value, wanted: "a number of milliseconds") }
    if let integer = number.int64 { return Swift.min(Swift.max(integer, 0), limit) }
    guard number.double == number.double.rounded() else { throw .wrong(path, value, wanted: "a whole number") }
    return number.double < 0 ? 0 : limit
  }
}
