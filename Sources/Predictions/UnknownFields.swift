public import JSON

/// Fields of an input that a model's schema does not name.
///
/// A provider may ignore such a field and bill for the default, so a misspelling costs money. It may also accept more
/// fields than its schema lists. So a field is refused only where the schema is certain (its root lists the fields and
/// combines no other schemas), and it either forbids other fields, or the name may be a misspelling of one that is not
/// given. All other unknown fields are sent, with a warning.
public struct UnknownFields: Sendable, Equatable {
  /// The fields that are refused, in the order of the input.
  public var refused: [InputSchema.Problem] = []
  /// The fields that are sent nevertheless.
  public var sent: [InputSchema.Problem] = []

  private static let composing = [
    "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "patternProperties", "if", "dependentSchemas", "not",
  ]

  /// - Parameters:
  ///   - schema: the model's schema from the provider's catalogue.
  ///   - model: the model's name, for people.
  ///   - common: fields that the provider accepts for every model.
  public init(in input: JSONObject, schema: JSONValue, model: String, common: Set<String>) {
    guard let root = schema.object, let properties = root["properties"]?.object, !properties.members.isEmpty else {
      return
    }
    let others = root["additionalProperties"]
    let isClosed = others?.bool == false
    // Only then is a field that is not listed certainly unknown to the model.
    let isCertain = !Self.composing.contains { root[$0] != nil } && (others == nil || isClosed)
    let free = properties.members.map(\.name).filter { name in input[name].map(\.isNull) ?? true }
    for member in input.members where !member.value.isNull {
      let name = member.name
      // Every model has a prompt.
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
  /// Fields of an input that this schema, from the provider's catalogue, does not list.
  func unknownFields(in input: JSONObject, of model: String, common: Set<String>) -> UnknownFields {
    UnknownFields(in: input, schema: root, model: model, common: common)
  }
}
