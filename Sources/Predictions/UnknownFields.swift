public import JSON

/// Fields of an input that a model's schema does not name.
///
/// A provider may drop such a field without a word and bill the default in its place, so a misspelling costs money. It may
/// also know more than its schema says. So a field is refused only where the schema is certain: its root lists the fields
/// and is composed of no other schemas; and either it allows no others, or the name may be a misspelling of one that is not
/// given. Everything else is sent, with a warning.
public struct UnknownFields: Sendable, Equatable {
  /// Those that are refused, in the order of the input.
  public var refused: [InputSchema.Problem] = []
  /// Those that are sent all the same.
  public var sent: [InputSchema.Problem] = []

  private static let composing = [
    "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "patternProperties", "if", "dependentSchemas", "not",
  ]

  /// - Parameters:
  ///   - schema: of the provider's own catalogue.
  ///   - model: for people.
  ///   - common: fields that the provider takes for every model.
  public init(in input: JSONObject, schema: JSONValue, model: String, common: Set<String>) {
    guard let root = schema.object, let properties = root["properties"]?.object, !properties.members.isEmpty else {
      return
    }
    let others = root["additionalProperties"]
    let isClosed = others?.bool == false
    // Only then is a field that is not listed certainly none of the model's.
    let isCertain = !Self.composing.contains { root[$0] != nil } && (others == nil || isClosed)
    let free = properties.members.map(\.name).filter { name in input[name].map(\.isNull) ?? true }
    for member in input.members where !member.value.isNull {
      let name = member.name
      // A prompt is what every prediction has.
      guard properties[name] == nil, name != "prompt", !common.contains(name) else { continue }
      let meant = free.filter { EditDistance.isMisspelling(name, of: $0) }
        .min { EditDistance.between(name, $0) < EditDistance.between(name, $1) }
      let path = "input.\(name)"
      let meaning = meant.map { " (is \($0) meant?)" } ?? ""
      if isCertain, isClosed || meant != nil {
        refused.append(.init(path: path, message: "\(path) is not a field of \(model)\(meaning)"))
      } else if isCertain || meant != nil {
        sent.append(
          .init(
            path: path,
            message: "\(path) is not among the fields that \(model) lists\(meaning); the provider may ignore it"))
      }
    }
  }
}

extension InputSchema {
  /// Fields of an input that this schema, of the provider's own catalogue, does not name.
  func unknownFields(in input: JSONObject, of model: String, common: Set<String>) -> UnknownFields {
    UnknownFields(in: input, schema: root, model: model, common: common)
  }
}
