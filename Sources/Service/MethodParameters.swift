internal import JSON
internal import JSONRPC

/// The params of one call by name, in either form; schemas/README.md, "Parameters". `null` is "not given".
struct MethodParameters {
  /// Fields that other protocols attach to every call and that predictions ignore.
  static let decorations: Set<String> = ["_meta", "workDoneToken", "partialResultToken", "task"]

  /// The longest that a call may wait, in milliseconds.
  static let longestWait: Int64 = 1_800_000

  let object: JSONObject

  /// How many bytes they have, about.
  var byteEstimate: Int { JSONValue.object(object).byteEstimate }

  /// Names positional params: an object at the end of the array holds params by name.
  ///
  /// - Parameters:
  ///   - hidden: further params by name, which messages do not mention.
  ///   - strict: whether unknown params are refused, which catches `promt`.
  init(
    _ params: JSONValue?, of parameters: [ParameterDescription], hidden: [ParameterDescription] = [], strict: Bool
  ) throws(RPCError) {
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
        throw .invalidParams(nil, "there are \(positional.count); at most \(parameters.count) are allowed")
      }
      for (parameter, value) in zip(parameters, positional) where !value.isNull {
        guard !given.contains(parameter.name) else {
          throw .invalidParams(parameter.name, "\(parameter.name) is given twice, by position and by name")
        }
        given[parameter.name] = value
      }
    default: throw RPCError.invalidRequest
    }
    object = given.withoutNulls
    var (known, missing) = (0, nil as String?)
    // By index, since a copy of a description costs as much as the comparison.
    for place in parameters.indices {
      if object.contains(parameters[place].name) {
        known += 1
      } else if parameters[place].isRequired, missing == nil {
        missing = parameters[place].name
      }
    }
    // Names differ from each other, so that as many known ones as there are fields leave nothing to search for.
    if strict, known < given.members.count { try Self.refuseUnknown(in: given, of: parameters, hidden) }
    if let missing { throw .missing(missing) }
  }

  private static func refuseUnknown(
    in given: JSONObject, of parameters: [ParameterDescription], _ hidden: [ParameterDescription]
  ) throws(RPCError) {
    for member in given.members
    where !(parameters + hidden).contains(where: { $0.name.hasSameCodePoints(as: member.name) })
      && !decorations.contains(member.name)
    {
      throw .invalidParams(
        member.name, "there is no parameter \"\(member.name)\"",
        hint: "It takes \(parameters.map(\.name).joined(separator: ", ")).")
    }
  }

  /// The value of a parameter.
  ///
  /// - Throws: -32602 with the path of the invalid value.
  subscript<Value>(parameter: Parameter<Value>) -> Value {
    get throws(RPCError) { try parameter.value(in: object) }
  }
}
