public import JSON

/// The fields of an input that decide the price of a model, as far as the catalogue tells. Pure.
///
/// A provider computes a price from whatever it is given: without the length of a video it quotes the shortest. The
/// fields that are missing are what makes such a quote an estimate.
public struct PricedInput: Sendable, Equatable {
  /// The input without fields that name local files or outputs of other predictions: those are not sent to the provider
  /// for a price.
  public let shown: JSONObject
  /// The fields that decide the price and are not in `shown`, in the order of the model's formula. A field with a default in
  /// the model's schema is not missing, because the provider applies the default.
  public let missing: [String]
  /// Whether it is known that nothing else decides the price.
  public let isKnown: Bool

  /// - Parameter model: the model as its provider's catalogue lists it; `nil` where it does not.
  public init(_ input: JSONObject, for model: Model?) {
    let files = Set(
      input.members.filter { member in
        let field = JSONObject([(member.name, member.value)])
        return !FileReferences.find(in: field).isEmpty || OutputReferences.areMeant(in: field)
      }.map(\.name))
    shown = JSONObject(input.members.filter { !files.contains($0.name) }.map { ($0.name, $0.value) })
    isKnown = model?.pricedInputs != nil
    guard let priced = model?.pricedInputs else {
      // Any of them may decide it.
      missing = input.members.map(\.name).filter(files.contains)
      return
    }
    let schema = model?.inputSchema.flatMap { try? JSONValue(parsing: $0) }
    missing = priced.filter { name in
      if files.contains(name) { return true }
      if let value = input[name], !Self.isEmpty(value) { return false }
      return schema?["properties"]?[name]?["default"].map(\.isNull) ?? true
    }
  }

  private static func isEmpty(_ value: JSONValue) -> Bool {
    value.isNull || value.string?.isEmpty == true || value.array?.isEmpty == true
  }
}
