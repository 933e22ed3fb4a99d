internal import JSON
internal import JSONRPC
internal import Predictions

/// One parameter of a method: its name, its description for clients, and its reader. Its type states each bound once, for the
/// schema and for the reader.
///
/// A class that is made once, so that reading a parameter allocates nothing.
final class Parameter<Value: Sendable>: DescribedParameter {
  let description: ParameterDescription
  /// The value of a parameter that is not given; `nil` where it must be given.
  private let absent: Value?
  private let read: @Sendable (JSONValue, _ path: String) throws(RPCError) -> Value

  private init(
    _ description: ParameterDescription, absent: Value?,
    read: @escaping @Sendable (JSONValue, _ path: String) throws(RPCError) -> Value
  ) {
    self.description = description
    self.absent = absent
    self.read = read
  }

  /// A parameter that must be given.
  ///
  /// - Parameter about: its meaning, for people.
  convenience init(_ name: String, _ type: ParameterType<Value>, about: String? = nil) {
    self.init(.init(name, isRequired: true, type.described(about)), absent: nil, read: type.read)
  }

  /// A parameter that may be left out, and is `nil` then.
  convenience init<Given: Sendable>(optional name: String, _ type: ParameterType<Given>, about: String? = nil)
  where Value == Given? {
    self.init(
      .init(name, isRequired: false, type.described(about)), absent: .some(nil),
      read: { [read = type.read] value, path throws(RPCError) in try read(value, path) })
  }

  /// A parameter that may be left out, and has this value then.
  convenience init(_ name: String, _ type: ParameterType<Value>, default value: Value, about: String? = nil)
  where Value: ParameterDefault {
    self.init(
      .init(name, isRequired: false, type.described(about, default: value.json)), absent: value, read: type.read)
  }

  /// The value in the params of a call.
  ///
  /// - Throws: -32602 with the path of the invalid value.
  func value(in params: JSONObject) throws(RPCError) -> Value {
    guard let value = params[description.name] else {
      guard let absent else { throw .missing(description.name) }
      return absent
    }
    return try read(value, description.name)
  }
}

/// The parts of a parameter that schemas and tools of MCP show.
struct ParameterDescription: Sendable {
  /// Its name on the wire.
  let name: String
  /// Whether a call without it is refused.
  let isRequired: Bool
  /// The schema of its value; built only where schemas are rendered.
  let schema: @Sendable () -> Schema

  init(_ name: String, isRequired: Bool, _ schema: @escaping @Sendable () -> Schema) {
    self.name = name
    self.isRequired = isRequired
    self.schema = schema
  }
}

/// A parameter, whatever the type of its value.
protocol DescribedParameter: Sendable {
  var description: ParameterDescription { get }
}

/// A value that a schema can state as the default.
protocol ParameterDefault {
  /// As the schema states it.
  var json: JSONValue { get }
}

extension Bool: ParameterDefault {
  var json: JSONValue { .bool(self) }
}

extension Int: ParameterDefault {
  var json: JSONValue { .number(JSONNumber(self)) }
}

extension Int64: ParameterDefault {
  var json: JSONValue { .number(JSONNumber(self)) }
}

extension ParameterDefault where Self: RawRepresentable, RawValue == String {
  var json: JSONValue { .string(rawValue) }
}

extension WaitMode: ParameterDefault {}

extension RPCError {
  /// A required parameter that was not given.
  static func missing(_ name: String) -> RPCError { .invalidParams(name, "\(name) is missing") }
}
