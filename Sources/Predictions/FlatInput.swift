public import JSON

/// An input in the words that most models share, as an agent gives it, and how it becomes the input of one model. Pure.
///
/// Models name the same thing differently: `size` is `1024*1024`, `1024x1024`, a width and a height or an aspect ratio. What a
/// model cannot do is refused before anything is spent, with the names of what it can.
public struct FlatInput: Sendable, Equatable {
  /// A description of the image.
  public var prompt: String
  /// `1024x1024`, or a word of the model such as `auto`.
  public var size: String?
  /// `16:9`.
  public var aspectRatio: String?
  /// How many images.
  public var count: Int64?
  /// A word of the model, such as `high`.
  public var quality: String?
  /// The format of the file: `png`, `jpeg`, `webp`.
  public var format: String?
  /// Equal seeds give similar images.
  public var seed: Int64?
  /// What stands for images in an input, such as `OutputReference.text`.
  public var images: [String] = []
  /// What stands for a mask.
  public var mask: String?
  /// Everything else, by the model's own names.
  public var parameters = JSONObject()

  /// An input with a prompt alone.
  public init(prompt: String) {
    self.prompt = prompt
  }

  /// Why a model cannot take it.
  public struct Refusal: Error, Sendable, Equatable {
    /// The name of the member: `size`.
    public var member: String
    /// A sentence without a full stop.
    public var message: String
    /// What the model takes, in a full sentence; `nil` where that does not help.
    public var hint: String?
  }

  /// Whether its members have to be translated: the schema of the model decides how.
  public var needsSchema: Bool {
    size != nil || aspectRatio != nil || count != nil || quality != nil || format != nil || seed != nil
      || !images.isEmpty || mask != nil
  }

  /// The input for a model.
  ///
  /// - Parameters:
  ///   - schema: of the model; `nil` where it is not known: then members have the names of OpenAI's Images API.
  ///   - model: its name, for messages.
  ///   - isLenient: whether the model ignores what its schema does not name, as the sandbox does.
  public func input(
    for schema: JSONValue?, of model: String, isLenient: Bool = false
  ) throws(Refusal) -> JSONObject {
    let properties = schema?["properties"]?.object
    var translation = Translation(
      properties: properties, takesAnything: isLenient || properties == nil, model: model, input: parameters)
    try translation.set("prompt", to: .string(prompt), from: "prompt")
    try translation.place(size: size, aspectRatio: aspectRatio)
    try translation.place(count: count)
    try translation.place(quality, from: "quality", in: ["quality"])
    try translation.place(format.map(Self.spelled), from: "format", in: ["output_format", "format", "image_format"])
    if let seed { try translation.place(.number(JSONNumber(seed)), from: "seed", in: ["seed"]) }
    try translation.place(images: images, schema: schema)
    if let mask {
      try translation.place(
        .string(mask), from: "mask", in: ["mask_image", "mask", "mask_url", "mask_image_url"])
    }
    return translation.input
  }

  /// `jpg` is `jpeg` where a model has the one and not the other.
  private static func spelled(_ format: String) -> String {
    format.lowercased() == "jpg" ? "jpeg" : format.lowercased()
  }
}

/// The translation of one input.
private struct Translation {
  /// The fields of the model; `nil` where its schema is not known.
  let properties: JSONObject?
  /// Whether it may have other fields.
  let takesAnything: Bool
  let model: String
  var input: JSONObject

  typealias Refusal = FlatInput.Refusal

  mutating func set(_ name: String, to value: JSONValue, from member: String) throws(Refusal) {
    guard input[name] == nil else {
      throw Refusal(member: member, message: "\(member) is given twice, also as \(name) in parameters")
    }
    input[name] = value
  }

  /// The first of these fields that the model has, with its schema.
  private func field(_ names: [String]) -> (name: String, schema: JSONObject)? {
    for name in names {
      if let schema = properties?[name]?.object { return (name, schema) }
    }
    return nil
  }

  private func refusal(_ member: String) -> Refusal {
    let known = (properties?.members.map(\.name) ?? []).filter { $0 != "prompt" && !$0.hasPrefix("enable_") }
    return Refusal(
      member: member, message: "the model \(model) takes no \(member)",
      hint: known.isEmpty
        ? "It takes a prompt only." : "It takes \(listed(known.prefix(24).map { String($0.prefix(40)) })).")
  }

  private static func words(_ schema: JSONObject) -> [String] { schema["enum"]?.array?.compactMap(\.string) ?? [] }

  /// Words of the provider as a message shows them: few, short, and quoted where they are more than a word.
  private static func shown(_ words: [String]) -> String {
    alternatives(
      words.prefix(24).map { word in
        let short = String(word.prefix(32))
        return short.allSatisfy { $0.isLetter || $0.isNumber || "*:.-_".contains($0) } ? short : "\"\(short)\""
      })
  }

  private func choose(
    _ candidates: [String], of words: [String], for member: String, as name: String
  ) throws(Refusal) -> String {
    for candidate in candidates {
      if let word = words.first(where: { $0.lowercased() == candidate.lowercased() }) { return word }
    }
    throw Refusal(
      member: member, message: "\(name) of the model \(model) may be \(Self.shown(words))",
      hint: nil)
  }

  // MARK: - Members

  mutating func place(_ value: JSONValue, from member: String, in names: [String]) throws(Refusal) {
    if let field = field(names) { return try set(field.name, to: value, from: member) }
    guard takesAnything else { throw refusal(member) }
    try set(names[0], to: value, from: member)
  }

  mutating func place(_ word: String?, from member: String, in names: [String]) throws(Refusal) {
    guard let word else { return }
    guard let field = field(names), case let words = Self.words(field.schema), !words.isEmpty else {
      return try place(.string(word), from: member, in: names)
    }
    let other = word == "jpeg" ? ["jpg"] : []
    try set(field.name, to: .string(try choose([word] + other, of: words, for: member, as: member)), from: member)
  }

  mutating func place(count: Int64?) throws(Refusal) {
    guard let count else { return }
    let names = ["n", "num_images", "num_outputs", "number_of_images", "num_images_per_prompt"]
    if !takesAnything, field(names) == nil {
      guard count != 1 else { return }
      throw Refusal(
        member: "n", message: "the model \(model) makes one image at a time", hint: "Call again for each further image."
      )
    }
    try place(.number(JSONNumber(count)), from: "n", in: names)
  }

  mutating func place(images: [String], schema: JSONValue?) throws(Refusal) {
    guard let first = images.first else { return }
    let field: ImageField
    if let found = schema.flatMap({ ImageField(schema: $0) }) {
      field = found
    } else if takesAnything {
      field = .usual(isList: images.count > 1)
    } else {
      throw Refusal(
        member: "images", message: "the model \(model) takes no images",
        hint: "list_models with kind edit lists those that do.")
    }
    guard field.isList || images.count == 1 else {
      throw Refusal(member: "images", message: "the model \(model) takes one image, not \(images.count)", hint: nil)
    }
    try set(
      field.name, to: field.isList ? .array(images.map { .string($0) }) : .string(first), from: "images")
  }

  // MARK: - Sizes

  mutating func place(size given: String?, aspectRatio givenRatio: String?) throws(Refusal) {
    // A ratio is given as a size now and then.
    let isRatio = given?.contains(":") == true
    if isRatio, let givenRatio, givenRatio != given {
      throw Refusal(member: "size", message: "size and aspect_ratio contradict each other", hint: "Give one of them.")
    }
    let (size, aspectRatio) = isRatio ? (nil, given) : (given, givenRatio)
    if let one = size.flatMap({ Sides($0) }), let other = aspectRatio.flatMap({ Sides($0) }), !one.isLike(other) {
      throw Refusal(
        member: "aspect_ratio", message: "size and aspect_ratio contradict each other", hint: "Give one of them.")
    }
    let sizeField = field(["size", "image_size"])
    let ratioField = field(["aspect_ratio", "ratio"])
    let hasSides = properties?["width"] != nil && properties?["height"] != nil
    if let size {
      if let sizeField {
        try set(sizeField.name, to: .string(try spelled(size, as: sizeField)), from: "size")
      } else if hasSides, let sides = Sides(size) {
        try set(sides)
      } else if let ratioField, let sides = Sides(size) {
        try set(ratio: sides, of: ratioField, from: "size")
        if aspectRatio != nil { return }
      } else {
        guard takesAnything else { throw refusal("size") }
        try set("size", to: .string(size), from: "size")
      }
    }
    guard let aspectRatio else { return }
    guard let wanted = Sides(aspectRatio) else {
      throw Refusal(
        member: "aspect_ratio", message: "aspect_ratio is written like 16:9, not \"\(aspectRatio.prefix(32))\"")
    }
    if let ratioField {
      try set(ratio: wanted, of: ratioField, from: "aspect_ratio")
    } else if properties == nil {
      try set("aspect_ratio", to: .string(aspectRatio), from: "aspect_ratio")
    } else if size == nil {
      try set(sizeLike: wanted, in: sizeField, hasSides: hasSides)
    }
  }

  private mutating func set(_ sides: Sides) throws(Refusal) {
    try set("width", to: .number(JSONNumber(sides.width)), from: "size")
    try set("height", to: .number(JSONNumber(sides.height)), from: "size")
  }

  /// A size as the field spells it: with `x` or with `*`.
  private func spelled(_ size: String, as field: (name: String, schema: JSONObject)) throws(Refusal) -> String {
    let words = Self.words(field.schema)
    guard let sides = Sides(size) else {
      return words.isEmpty ? size : try choose([size], of: words, for: "size", as: "size")
    }
    let spellings = ["\(sides.width)x\(sides.height)", "\(sides.width)*\(sides.height)"]
    if !words.isEmpty { return try choose(spellings, of: words, for: "size", as: "size") }
    return spellings[field.schema["default"]?.string?.contains("*") == true ? 1 : 0]
  }

  private mutating func set(
    ratio sides: Sides, of field: (name: String, schema: JSONObject), from member: String
  ) throws(Refusal) {
    let words = Self.words(field.schema)
    if let word = words.first(where: { Sides($0)?.isLike(sides) == true }) {
      return try set(field.name, to: .string(word), from: member)
    }
    guard words.isEmpty else {
      throw Refusal(
        member: member, message: "\(field.name) of the model \(model) may be \(Self.shown(words))", hint: nil)
    }
    try set(field.name, to: .string(sides.reduced), from: member)
  }

  /// The largest size of this ratio that the model has.
  private mutating func set(
    sizeLike wanted: Sides, in field: (name: String, schema: JSONObject)?, hasSides: Bool
  ) throws(Refusal) {
    guard let field else {
      guard hasSides else { throw refusal("aspect_ratio") }
      return try set(wanted.filled)
    }
    let words = Self.words(field.schema)
    let sizes = words.compactMap { word in Sides(word).map { (word: word, sides: $0) } }
    guard !sizes.isEmpty else {
      let filled = wanted.filled
      return try set(
        field.name, to: .string(try spelled("\(filled.width)x\(filled.height)", as: field)), from: "aspect_ratio")
    }
    guard let best = sizes.filter({ $0.sides.isLike(wanted) }).max(by: { $0.sides.width < $1.sides.width }) else {
      throw Refusal(
        member: "aspect_ratio", message: "the model \(model) has no size of that ratio",
        hint: "Its size may be \(Self.shown(sizes.map(\.word))).")
    }
    try set(field.name, to: .string(best.word), from: "aspect_ratio")
  }
}

/// A width and a height, or their ratio.
private struct Sides: Equatable {
  var width: Int64
  var height: Int64

  init(width: Int64, height: Int64) {
    self.width = width
    self.height = height
  }

  /// `1024x1536`, `1024*1536`, `16:9`; `nil` for any other text.
  init?(_ text: String) {
    let parts = text.lowercased().split(omittingEmptySubsequences: false) { "x*×:".contains($0) }
    guard parts.count == 2, let width = Int64(parts[0]), let height = Int64(parts[1]),
      1...100_000 ~= width, 1...100_000 ~= height
    else { return nil }
    self.init(width: width, height: height)
  }

  /// Whether two ratios differ by at most 2%: 1344x768 is 16:9.
  func isLike(_ other: Sides) -> Bool {
    let (one, two) = (width * other.height, other.width * height)
    return abs(one - two) * 50 <= max(one, two)
  }

  /// `3:2` for 1536x1024.
  var reduced: String {
    var (divisor, rest) = (width, height)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    return "\(width / divisor):\(height / divisor)"
  }

  /// About as many pixels as 1024x1024, in steps of 64.
  var filled: Sides {
    let root = (Double(width) / Double(height)).squareRoot()
    func side(_ length: Double) -> Int64 { min(4_096, max(64, Int64((length / 64).rounded()) * 64)) }
    return Sides(width: side(1_024 * root), height: side(1_024 / root))
  }
}
