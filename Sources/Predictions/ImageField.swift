public import JSON

/// The field of a model's input that takes images, as far as its schema tells. Pure.
public struct ImageField: Sendable, Equatable {
  /// Its name.
  public let name: String
  /// Whether it takes a list.
  public let isList: Bool

  /// The field where a model has no schema: of OpenAI's Images API, and of most models.
  public static func usual(isList: Bool) -> ImageField { ImageField(name: "image", isList: isList) }

  private init(name: String, isList: Bool) {
    self.name = name
    self.isList = isList
  }

  private static let usualNames = ["images", "image", "image_urls", "image_url", "input_images", "input_image"]
  private static let otherUses: Set = ["mask", "size", "num", "count", "format", "last", "end", "tail", "negative"]
  /// Behind the word for the image they name something else about it: `image_style` is no image, and `style_image` is one.
  private static let usesBehind: Set = [
    "style", "prompt", "strength", "type", "mode", "name", "weight", "scale", "fidelity", "guidance", "quality",
    "resolution",
    "ratio", "output",
  ]

  /// The field of a schema: one of the usual names, otherwise the first that is named for images, a required one before others.
  ///
  /// - Returns: `nil` where the schema has none.
  public init?(schema: JSONValue) {
    let properties = schema["properties"]?.object ?? JSONObject()
    let required = schema["required"]?.array?.compactMap(\.string) ?? []
    let fields = properties.members.compactMap { Self.field($0.name, $0.value) }
    let named = fields.filter { field in
      let words = field.name.lowercased().split { $0 == "_" || $0 == "-" }
      guard let place = words.lastIndex(where: { $0 == "image" || $0 == "images" }) else { return false }
      return !words.contains { Self.otherUses.contains(String($0)) }
        && !words[place...].contains { Self.usesBehind.contains(String($0)) }
    }
    let usual = Self.usualNames.lazy.compactMap { name in fields.first { $0.name == name } }.first
    guard let field = usual ?? named.first(where: { required.contains($0.name) }) ?? named.first else { return nil }
    self = field
  }

  /// A field that takes text or a list of texts.
  private static func field(_ name: String, _ schema: JSONValue) -> ImageField? {
    let types = schema["type"]?.string.map { [$0] } ?? schema["type"]?.array?.compactMap(\.string) ?? []
    if types.contains("array") {
      let element = schema["items"]?["type"]?.string
      return element == nil || element == "string" ? ImageField(name: name, isList: true) : nil
    }
    return types.isEmpty || types.contains("string") && schema["enum"] == nil
      ? ImageField(name: name, isList: false) : nil
  }
}
