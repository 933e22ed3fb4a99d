/// A model of a provider's catalogue.
public struct Model: Sendable, Equatable {
  /// Its name in `submit`.
  public var id: String
  /// Its name for people; `nil` where the provider gives none.
  public var name: String?
  /// What it makes; `nil` where the provider does not say.
  public var kind: ModelKind?
  /// A text for people; `nil` where the provider gives none.
  public var description: String?
  /// Its base price, in millionths of a dollar; `nil` where the provider states none. A prediction may cost more: see
  /// `pricedInputs`.
  public var priceMicros: Int64?
  /// The model that edits an image, of the same catalogue; `nil` where none is known. A model that edits names itself.
  public var editModel: String?
  /// The fields of the input that decide its price; `nil` where the provider does not say.
  public var pricedInputs: [String]?
  /// The JSON Schema of its input, as JSON; `nil` where the provider gives none. As bytes, because the parsed
  /// schemas of a thousand models would be large, and few of them are used.
  public var inputSchema: [UInt8]?

  /// A model.
  public init(
    id: String, name: String? = nil, kind: ModelKind? = nil, description: String? = nil, priceMicros: Int64? = nil,
    editModel: String? = nil, pricedInputs: [String]? = nil, inputSchema: [UInt8]? = nil
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.description = description
    self.priceMicros = priceMicros
    self.editModel = editModel
    self.pricedInputs = pricedInputs
    self.inputSchema = inputSchema
  }
}

/// What a model makes.
public enum ModelKind: String, Sendable, CaseIterable {
  /// Pixels or vector graphics.
  case image
  /// Moving pictures.
  case video
  /// Speech, music and other sound.
  case audio
  /// A shape in space.
  case model
  /// Text.
  case text
  /// Anything else: an adapter, a training run.
  case other
}
