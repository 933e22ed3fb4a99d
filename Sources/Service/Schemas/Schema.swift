public import JSON

/// A JSON Schema as data, in the words that JSON Schema 2020-12 and draft-07 share: OpenRPC speaks the one, the files in
/// `schemas/` the other, and both are rendered from here.
///
/// Schemas tell programs what the code checks; they check nothing themselves. None is built before somebody asks: rows
/// of the table keep a closure, not a value.
public struct Schema: Sendable, Equatable {
  /// How a schema names another one.
  public enum References: Sendable {
    /// `#/components/schemas/Prediction`, inside the OpenRPC document.
    case components
    /// `prediction.json`, a file beside it.
    case files
    /// Not at all: the other schema stands in its place, for readers that follow no references (MCP).
    case inline
  }

  /// The keywords. A `$ref` holds the name of a definition until it is rendered.
  private var keywords: JSONObject

  /// A schema of these keywords.
  init(_ keywords: KeyValuePairs<String, JSONValue>) {
    self.keywords = JSONObject(keywords.map { ($0.key, $0.value) })
  }

  /// The schema as JSON.
  public func json(_ references: References) -> JSONValue {
    Self.resolved(.object(keywords), references)
  }

  private static func resolved(_ value: JSONValue, _ references: References) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map { resolved($0, references) })
    case .object(let object):
      guard let definition = object["$ref"]?.string.flatMap(Definition.init) else {
        return .object(JSONObject(object.members.map { ($0.name, resolved($0.value, references)) }))
      }
      switch references {
      case .components: return ["$ref": .string("#/components/schemas/\(definition.rawValue)")]
      case .files: return ["$ref": .string(definition.file)]
      case .inline: return definition.schema.json(.inline)
      }
    default: return value
    }
  }

  /// As the value of a keyword in another schema.
  private var value: JSONValue { .object(keywords) }

  private func with(_ name: String, _ value: JSONValue?) -> Schema {
    guard let value else { return self }
    var copy = self
    copy.keywords[name] = value
    return copy
  }
}

/// A schema that others refer to by name, and that has a file of its own.
enum Definition: String, CaseIterable {
  case prediction = "Prediction"

  /// Its file in `schemas/`.
  var file: String { "\(rawValue.lowercased()).json" }

  var schema: Schema {
    switch self {
    case .prediction: .wholePrediction
    }
  }
}

// MARK: - The words schemas are written in

extension Schema {
  /// Anything.
  static let any = Schema([:])
  static let null = Schema(["type": "null"])
  static let bool = Schema(["type": "boolean"])
  static let number = Schema(["type": "number"])
  static let string = Schema(["type": "string"])

  /// An integer; without a range where what is out of range is clamped.
  static func integer(_ range: PartialRangeFrom<Int>? = nil) -> Schema {
    Schema(["type": "integer"]).with("minimum", range.map { .number(JSONNumber($0.lowerBound)) })
  }

  /// A string of that many characters; where the code counts bytes this is what follows for characters.
  static func string(_ length: ClosedRange<Int>) -> Schema {
    Schema([
      "type": "string", "minLength": .number(JSONNumber(length.lowerBound)),
      "maxLength": .number(JSONNumber(length.upperBound)),
    ])
  }

  /// A string that looks like this.
  static func string(like pattern: String) -> Schema { Schema(["type": "string", "pattern": .string(pattern)]) }

  /// One of these words.
  static func word(_ words: [String]) -> Schema {
    Schema(["type": "string", "enum": .array(words.map { .string($0) })])
  }

  /// This and nothing else.
  static func only(_ value: JSONValue) -> Schema { Schema(["const": value]) }

  static func array(of element: Schema, _ count: ClosedRange<Int>? = nil) -> Schema {
    Schema(["type": "array", "items": element.value])
      .with("minItems", count.map { .number(JSONNumber($0.lowerBound)) })
      .with("maxItems", count.map { .number(JSONNumber($0.upperBound)) })
  }

  /// An object. In what we say members may be added later, so nothing is closed unless `others` is false.
  static func object(
    _ members: KeyValuePairs<String, Schema> = [:], optional: Set<String> = [], others: Bool = true
  ) -> Schema {
    object(members.map { ($0.key, $0.value) }, optional: optional, others: others)
  }

  static func object(_ members: [(String, Schema)], optional: Set<String>, others: Bool = true) -> Schema {
    let required = members.map(\.0).filter { !optional.contains($0) }
    return Schema(["type": "object"])
      .with("properties", members.isEmpty ? nil : .object(JSONObject(members.map { ($0.0, $0.1.value) })))
      .with("required", required.isEmpty ? nil : .array(required.map { .string($0) }))
      .with("additionalProperties", others ? nil : false)
  }

  /// Exactly one of these.
  static func oneOf(_ schemas: [Schema]) -> Schema { Schema(["oneOf": .array(schemas.map(\.value))]) }

  /// A definition, by its name.
  static func reference(_ definition: Definition) -> Schema { Schema(["$ref": .string(definition.rawValue)]) }

  /// The params of a method, by name.
  static func params(of parameters: [ParameterDescription], isStrict: Bool, oneOf alternatives: [String]) -> Schema {
    var members = parameters.map { parameter in
      (parameter.name, (parameter.isRequired ? parameter.schema() : parameter.schema().orNull).value)
    }
    if isStrict { members += MethodParameters.decorations.sorted().map { ($0, Schema.any.value) } }
    let required = parameters.filter(\.isRequired).map { JSONValue.string($0.name) }
    return Schema(["type": "object"])
      .with("properties", members.isEmpty ? nil : .object(JSONObject(members)))
      .with("required", required.isEmpty ? nil : .array(required))
      .with("anyOf", alternatives.isEmpty ? nil : .array(alternatives.map { ["required": [.string($0)]] }))
      .with("additionalProperties", isStrict ? false : nil)
  }

  /// Also `null`: in params that is "not given", in what we say "not known".
  var orNull: Schema {
    guard let type = keywords["type"]?.string else {
      return keywords.isEmpty ? self : Schema(["anyOf": [value, Schema.null.value]])
    }
    return with("type", [.string(type), "null"]).with("enum", keywords["enum"]?.array.map { .array($0 + [.null]) })
  }

  /// What it means, for people.
  func about(_ description: String) -> Schema { with("description", .string(description)) }

  /// What holds where nothing is given.
  func usually(_ value: JSONValue) -> Schema { with("default", value) }

  /// What generators of code call it.
  func titled(_ title: String) -> Schema { with("title", .string(title)) }
}
