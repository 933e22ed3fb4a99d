public import JSON

/// A JSON Schema as data, in the keywords that JSON Schema 2020-12 and draft-07 share: the files in `schemas/` use the first,
/// OpenRPC the second.
///
/// Schemas describe the checks of the code and check nothing themselves. They are built only where they are rendered: rows of
/// the table keep a closure instead of a value.
public struct Schema: Sendable, Equatable {
  /// The way in which a schema refers to another one.
  public enum References: Sendable {
    /// `#/components/schemas/Prediction`, inside the OpenRPC document.
    case components
    /// `prediction.json`, a file beside it.
    case files
    /// The other schema is inserted, for readers that follow no references (MCP).
    case inline
  }

  /// The keywords. A `$ref` holds the name of a definition until it is rendered.
  private var keywords: JSONObject

  /// A schema with these keywords.
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

  /// The schema as the value of a keyword in another schema.
  private var value: JSONValue { .object(keywords) }

  private func with(_ name: String, _ value: JSONValue?) -> Schema {
    guard let value else { return self }
    var copy = self
    copy.keywords[name] = value
    return copy
  }
}

/// A schema with a name and a file of its own.
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

// MARK: - Building schemas

extension Schema {
  /// Any value.
  static let any = Schema([:])
  static let null = Schema(["type": "null"])
  static let bool = Schema(["type": "boolean"])
  static let number = Schema(["type": "number"])
  static let string = Schema(["type": "string"])

  /// An integer. Without a range, values out of range are clamped.
  static func integer(_ range: PartialRangeFrom<Int>? = nil) -> Schema {
    Schema(["type": "integer"]).with("minimum", range.map { .number(JSONNumber($0.lowerBound)) })
  }

  /// A string of this many characters. Where the code counts bytes, the schema allows a little more.
  static func string(_ length: ClosedRange<Int>) -> Schema {
    Schema([
      "type": "string", "minLength": .number(JSONNumber(length.lowerBound)),
      "maxLength": .number(JSONNumber(length.upperBound)),
    ])
  }

  /// A string that matches the pattern.
  static func string(like pattern: String) -> Schema { Schema(["type": "string", "pattern": .string(pattern)]) }

  /// The same in the words of OpenAPI, where `null` is "not given".
  var nullable: Schema { with("nullable", true) }

  /// One of these words.
  static func word(_ words: [String]) -> Schema {
    Schema(["type": "string", "enum": .array(words.map { .string($0) })])
  }

  /// Only this value.
  static func only(_ value: JSONValue) -> Schema { Schema(["const": value]) }

  static func array(of element: Schema, _ count: ClosedRange<Int>? = nil) -> Schema {
    Schema(["type": "array", "items": element.value])
      .with("minItems", count.map { .number(JSONNumber($0.lowerBound)) })
      .with("maxItems", count.map { .number(JSONNumber($0.upperBound)) })
  }

  /// An object. Later versions may add fields to results, so other fields are allowed unless `others` is false.
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
    if isStrict {
      let ignored = MethodParameters.decorations.subtracting(parameters.map(\.name)).sorted()
      members += ignored.map { ($0, Schema.any.about("Accepted and ignored.").value) }
    }
    let required = parameters.filter(\.isRequired).map { JSONValue.string($0.name) }
    return Schema(["type": "object"])
      .with("properties", members.isEmpty ? nil : .object(JSONObject(members)))
      .with("required", required.isEmpty ? nil : .array(required))
      .with("anyOf", alternatives.isEmpty ? nil : .array(alternatives.map { ["required": [.string($0)]] }))
      .with("additionalProperties", isStrict ? false : nil)
  }

  /// Also `null`: "not given" in params, "not known" in results.
  var orNull: Schema {
    let types = keywords["type"]?.array ?? keywords["type"].map { [$0] }
    guard let types else { return keywords.isEmpty ? self : Schema(["anyOf": [value, Schema.null.value]]) }
    return with("type", .array(types + ["null"])).with("enum", keywords["enum"]?.array.map { .array($0 + [.null]) })
  }

  /// With a description for people.
  func about(_ description: String) -> Schema { with("description", .string(description)) }

  /// With a default.
  func usually(_ value: JSONValue) -> Schema { with("default", value) }

  /// With a title, from which code generators take the name.
  func titled(_ title: String) -> Schema { with("title", .string(title)) }
}
