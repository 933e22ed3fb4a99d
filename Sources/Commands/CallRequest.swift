public import JSON
internal import Predictions

/// The message that `imagewire call` sends, made of the words of its command line. Pure.
///
/// Only what cannot be written as JSON is refused here: what is wrong with a request is said by the program that it is sent to.
public struct CallRequest: Sendable, Equatable {
  /// The message, in one line.
  public let text: String

  /// - Parameters:
  ///   - operands: the method, then its parameters: `NAME=VALUE`, `NAME.FIELD=VALUE`, or all of them as one JSON object or array.
  ///   - methods: the methods of the OpenRPC document, which say which parameters are texts and which are lists, and which methods
  ///     are notifications. Methods that are not in it can be called too.
  public init(_ operands: [String], methods: JSONValue) throws(UsageError) {
    let name = operands.first ?? ""
    let method = methods.array?.first { $0["name"]?.string == name }
    var message: [(String, JSONValue)] = [("jsonrpc", "2.0")]
    if method == nil || method?["result"] != nil { message.append(("id", 1)) }
    message.append(("method", .string(name)))
    let params = try Self.params(operands.dropFirst(), of: method)
    guard params.map(Self.holdsKey) != true else {
      throw UsageError(
        "Others can see a key on the command line. Give it in the environment or in a file. Nothing was sent.")
    }
    if let params { message.append(("params", params)) }
    text = JSONValue.object(JSONObject(message)).text
  }

  private static func holdsKey(_ value: JSONValue) -> Bool {
    switch value {
    case .object(let object): object.members.contains { $0.name.hasSuffix("_api_key") || holdsKey($0.value) }
    case .array(let elements): elements.contains(where: holdsKey)
    case .null, .bool, .number, .string: false
    }
  }

  private static func params(_ words: ArraySlice<String>, of method: JSONValue?) throws(UsageError) -> JSONValue? {
    if words.count == 1, let word = words.first, word.hasPrefix("{") || word.hasPrefix("[") {
      guard let params = try? JSONValue(parsing: word) else { throw UsageError("\(word.prefix(60)) is not JSON.") }
      return params
    }
    var params = JSONObject()
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw UsageError("A parameter is written NAME=VALUE, such as prompt=fox, not \"\(word.prefix(60))\".")
      }
      try add(parts[1], at: parts[0], to: &params, of: method)
    }
    return params.members.isEmpty ? nil : .object(params)
  }

  /// `input.size=1024x1024` is a field of a parameter. A parameter that takes a list may be given several times.
  private static func add(_ text: String, at place: String, to params: inout JSONObject, of method: JSONValue?)
    throws(UsageError)
  {
    let known = method?["params"]?.array?.first { $0["name"]?.string == place }
    let types = known?["schema"]?["type"]
    let takes = { (type: String) in types?.string == type || types?.array?.contains(.string(type)) == true }
    let json = try? JSONValue(parsing: text)
    if takes("array"), json?.array == nil {
      params[place] = .array((params[place]?.array ?? []) + [.string(text)])
    } else if known != nil {
      params[place] = takes("string") ? .string(text) : json ?? .string(text)
    } else if let dot = place.firstIndex(of: ".") {
      let (name, field) = (String(place[..<dot]), String(place[place.index(after: dot)...]))
      guard params[name] == nil || params[name]?.object != nil else {
        throw UsageError("\(name) is given both as a whole and by its field \(field).")
      }
      var fields = params[name]?.object ?? JSONObject()
      fields[field] = json ?? .string(text)
      params[name] = .object(fields)
    } else {
      params[place] = json ?? .string(text)
    }
  }
}
