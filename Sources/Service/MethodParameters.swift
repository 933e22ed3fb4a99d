internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions

/// One parameter of a method, as the table and the schemas name it.
public struct Parameter: Sendable {
  /// What it is called.
  public let name: String
  /// Whether a call without it is refused.
  public let isRequired: Bool
  /// What it may be. Called by whoever renders the schemas, and by nobody else.
  let schema: @Sendable () -> Schema

  init(_ name: String, _ schema: @autoclosure @escaping @Sendable () -> Schema, required: Bool = false) {
    self.name = name
    self.schema = schema
    isRequired = required
  }
}

/// The params of one call, by name, whichever way they were sent; schemas/README.md, "Parameters".
///
/// Every accessor throws -32602 with the path of the member that cannot be used; `null` is "not given".
struct MethodParameters {
  /// Members that other protocols attach to every call, and that mean nothing to a prediction.
  static let decorations: Set<String> = ["_meta", "workDoneToken", "partialResultToken", "task"]

  let object: JSONObject

  /// Sorts positional params into names: an object last in the array is taken by name.
  ///
  /// - Parameter strict: whether unknown members are refused, which catches `promt`.
  init(_ params: JSONValue?, of parameters: [Parameter], strict: Bool) throws(RPCError) {
    var given = JSONObject()
    switch params {
    case nil, .null?: break
    case .object(let named)?: given = named
    case .array(var positional)?:
      if case .object(let named)? = positional.last {
        positional.removeLast()
        given = named
      }
      if positional == [.null] { positional = [] }
      guard positional.count <= parameters.count else {
        throw .invalidParams(nil, "there are \(positional.count) of at most \(parameters.count)")
      }
      for (parameter, value) in zip(parameters, positional) where !value.isNull {
        guard !given.contains(parameter.name) else {
          throw .invalidParams(parameter.name, "\(parameter.name) is given twice, by position and by name")
        }
        given[parameter.name] = value
      }
    default: throw RPCError.invalidRequest
    }
    if strict {
      for member in given.members
      where !parameters.contains(where: { $0.name.hasSameCodePoints(as: member.name) })
        && !Self.decorations.contains(member.name)
      {
        throw .invalidParams(
          member.name, "there is no member \"\(member.name)\"",
          hint: "It takes \(parameters.map(\.name).joined(separator: ", ")).")
      }
    }
    object = given.withoutNulls
    for parameter in parameters where parameter.isRequired && !object.contains(parameter.name) {
      throw .invalidParams(parameter.name, "\(parameter.name) is missing")
    }
  }

  func string(_ name: String, bytes: ClosedRange<Int>? = nil) throws(RPCError) -> String? {
    guard let value = object[name] else { return nil }
    guard let string = value.string else { throw wrong(name, value, wanted: "a string") }
    if let bytes, !bytes.contains(string.utf8.count) {
      throw .invalidParams(
        name, "\(name) has \(string.utf8.count) bytes; \(bytes.lowerBound) to \(bytes.upperBound) are allowed",
        limit: bytes.upperBound)
    }
    return string
  }

  /// A string that people and programs use as a name: of a model, a file, a directory, a key.
  func name(_ name: String, bytes: ClosedRange<Int>) throws(RPCError) -> String? {
    guard let string = try string(name, bytes: bytes) else { return nil }
    try Self.checkName(string, name)
    return string
  }

  /// Refuses what could change the terminal, log or document where a name is shown.
  static func checkName(_ value: String, _ path: String) throws(RPCError) {
    guard SafeText.isName(value) else {
      throw .invalidParams(path, "\(path) holds a control or format character", hint: "Write it without.")
    }
  }

  func bool(_ name: String) throws(RPCError) -> Bool? {
    guard let value = object[name] else { return nil }
    guard let bool = value.bool else { throw wrong(name, value, wanted: "true or false") }
    return bool
  }

  func integer(_ name: String) throws(RPCError) -> Int64? {
    guard let value = object[name] else { return nil }
    guard let integer = value.int64 else { throw wrong(name, value, wanted: "an integer") }
    return integer
  }

  /// Milliseconds; what is out of range is clamped, since a client that asks for a year means "long".
  func milliseconds(_ name: String, default usual: Int64, atMost limit: Int64) throws(RPCError) -> Int64 {
    guard let value = object[name] else { return usual }
    guard let number = value.number else { throw wrong(name, value, wanted: "a number of milliseconds") }
    if let integer = number.int64 { return min(max(integer, 0), limit) }
    guard number.double == number.double.rounded() else { throw wrong(name, value, wanted: "a whole number") }
    return number.double < 0 ? 0 : limit
  }

  /// Dollars as millionths; not negative.
  func dollars(_ name: String) throws(RPCError) -> Int64? {
    guard let value = object[name] else { return nil }
    guard let number = value.number else { throw wrong(name, value, wanted: "a number of dollars") }
    guard let micros = Money.micros(number.double) else {
      throw .invalidParams(name, "\(name) must be 0 or more dollars")
    }
    return micros
  }

  func object(_ name: String) throws(RPCError) -> JSONObject? {
    guard let value = object[name] else { return nil }
    guard let object = value.object else { throw wrong(name, value, wanted: "an object") }
    return object
  }

  func strings(_ name: String) throws(RPCError) -> [String]? {
    guard let value = object[name] else { return nil }
    guard let array = value.array else { throw wrong(name, value, wanted: "an array of strings") }
    var strings: [String] = []
    for (index, element) in array.enumerated() {
      guard let string = element.string else { throw wrong("\(name)[\(index)]", element, wanted: "a string") }
      strings.append(string)
    }
    return strings
  }

  func id(_ name: String = "id") throws(RPCError) -> PredictionID {
    guard let text = try string(name) else { throw .invalidParams(name, "\(name) is missing") }
    // What cannot be an id of ours names no prediction: not a fault of form, as far as the caller can tell.
    guard let id = PredictionID(text) else { throw .notFound(String(text.prefix(64))) }
    return id
  }

  /// 1 to 1,000 ids, each once.
  func ids(_ name: String = "ids") throws(RPCError) -> [PredictionID] {
    let texts = try strings(name) ?? []
    guard (1...1_000).contains(texts.count) else {
      throw .invalidParams(name, "\(name) has \(texts.count) elements; 1 to 1000 are allowed", limit: 1_000)
    }
    var ids: [PredictionID] = []
    var seen: Set<PredictionID> = []
    for text in texts {
      guard let id = PredictionID(text) else { throw .notFound(String(text.prefix(64))) }
      if seen.insert(id).inserted { ids.append(id) }
    }
    return ids
  }

  /// One of the words for where a prediction stands.
  func status(_ name: String = "status") throws(RPCError) -> PredictionStatus? {
    guard let word = try string(name) else { return nil }
    guard let status = PredictionStatus(rawValue: word) else {
      let words = PredictionStatus.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidParams(name, "there is no status \"\(word.prefix(32))\"; there are \(words)")
    }
    return status
  }

  /// A time like `2026-11-23T12:34:56.789Z`, or a date alone.
  func time(_ name: String) throws(RPCError) -> Int64? {
    guard let text = try string(name) else { return nil }
    guard let time = Timestamp.milliseconds(of: text) else {
      throw .invalidParams(name, "\(name) is no time; write it like 2026-11-23T12:34:56.789Z")
    }
    return time
  }

  private func wrong(_ path: String, _ value: JSONValue, wanted: String) -> RPCError {
    .invalidParams(path, "\(path) must be \(wanted), not \(value.kind)")
  }
}
