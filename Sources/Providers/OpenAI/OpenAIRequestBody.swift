internal import Encoding
internal import HTTP
internal import JSON

/// The body of the POST: the caller's input unchanged, but for what the dialect needs: the model where the input has none, the
/// form of the answer (`response_format`) where the input says none, and images where and as the server takes them.
struct OpenAIRequestBody: Sendable, Equatable {
  /// The path behind the base URL.
  let path: String
  let contentType: String
  let body: [UInt8]

  /// Why the input cannot be sent.
  struct Refusal: Error, Equatable {
    var message: String
    var hint: String
  }

  /// Members that hold images, as data URIs or addresses; an input with one of them is an edit.
  private static let imageFields = ["image", "mask"]

  /// - Parameter boundary: separates the parts of a form; must not occur in them.
  init(_ input: JSONObject, model: String, dialect: OpenAIDialect = .unknown, boundary: String) throws(Refusal) {
    let images = try Self.images(of: input, dialect)
    switch dialect.images {
    case _ where images.isEmpty:
      self.init(try Self.json(input, model, dialect) { ($0, $1) }, to: dialect.generations)
    case .none:
      throw Refusal(
        message: "\(dialect.title) cannot edit images through this API.",
        hint: "Leave out the image, or use another server or model.")
    case .form(_, .json(let member)) where images.contains(where: \.isAddress):
      let body = try Self.json(input, model, dialect) { name, value in
        name == "mask"
          ? (name, Self.text(value, as: member.shape))
          : (member.name, .array((value.array ?? [value]).map { Self.text($0, as: member.shape) }))
      }
      self.init(body, to: "/images/edits")
    case .form(let list, let addresses):
      if let image = images.first(where: { $0.isAddress && (addresses == .refused || $0.field == "mask") }) {
        throw Refusal(
          message: "\(dialect.title) takes no address of an image (\(image.place)).",
          hint: "Give the file itself, or a data URI: data:image/png;base64,…")
      }
      self.init(
        Self.form(input, images, model, dialect, list: list, addresses: addresses, boundary: boundary),
        to: "/images/edits", type: "multipart/form-data; boundary=\(boundary)")
    case .json(let path, let one, let several):
      if let mask = images.first(where: { $0.field == "mask" }) {
        throw Refusal(
          message: "\(dialect.title) takes no mask (\(mask.place)).",
          hint: "Leave it out, and say in the prompt what to change.")
      }
      let body = try Self.json(input, model, dialect) { _, value in
        if value.array == nil, let one { return (one.name, Self.text(value, as: one.shape)) }
        return (several.name, .array((value.array ?? [value]).map { Self.text($0, as: several.shape) }))
      }
      self.init(body, to: path)
    }
  }

  private init(_ body: [UInt8], to path: String, type: String = "application/json") {
    self.path = path
    contentType = type
    self.body = body
  }

  // MARK: - Images of the input

  /// One image.
  private struct Image {
    let field: String
    /// Where it stands: `input.image[0]`.
    let place: String
    let isInList: Bool
    let isAddress: Bool
    /// The address or the data URI.
    let text: String
  }

  /// Where a server takes JSON, an object is in the server's own form already, and stays.
  private static func images(of input: JSONObject, _ dialect: OpenAIDialect) throws(Refusal) -> [Image] {
    var found: [Image] = []
    for member in input.members where imageFields.contains(member.name) && !member.value.isNull {
      let isInList = member.value.array != nil
      for (index, value) in (member.value.array ?? [member.value]).enumerated() {
        let place = "input.\(member.name)\(isInList ? "[\(index)]" : "")"
        let text = text(of: value) ?? ""
        let start = text.prefix(8).lowercased()
        let isAddress = start.hasPrefix("https://") || start.hasPrefix("http://")
        // Decoded again where it is sent, so that only one of several is in memory twice.
        var isGiven = isAddress || DataURI(text) != nil
        if case .json = dialect.images, value.object != nil { isGiven = true }
        guard isGiven else {
          throw Refusal(
            message: "\(place) is not an image that can be sent.",
            hint: "Write it as a data URI: data:image/png;base64,…")
        }
        found.append(Image(field: member.name, place: place, isInList: isInList, isAddress: isAddress, text: text))
      }
    }
    return found
  }

  /// The text of an image, without white space around an address. A large data URI is not copied for that.
  private static func text(of value: JSONValue) -> String? {
    value.string.map { $0.utf8.count > 8_192 ? $0 : $0.trimmed }
  }

  /// An image in JSON. An object stays as it is.
  private static func text(_ value: JSONValue, as shape: OpenAIDialect.Shape) -> JSONValue {
    guard let text = text(of: value) else { return value }
    switch shape {
    case .text: return .string(text)
    case .base64: return .string(DataURI(text).map { Base64.encode($0.bytes) } ?? text)
    case .typed: return .object(JSONObject([("url", .string(text)), ("type", .string("image_url"))]))
    case .named: return .object(JSONObject([("image_url", .string(text))]))
    case .nested:
      return .object(
        JSONObject([("type", .string("image_url")), ("image_url", .object(JSONObject([("url", .string(text))])))]))
    }
  }

  // MARK: - Bodies

  /// - Parameter image: the name and the value of a member with images; not called for others.
  private static func json(
    _ input: JSONObject, _ model: String, _ dialect: OpenAIDialect,
    image: (_ name: String, _ value: JSONValue) -> (String, JSONValue)
  ) throws(Refusal) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    if input["model"] == nil {
      json.name("model")
      json.value(model)
    }
    for member in input.members {
      let isImage = imageFields.contains(member.name) && !member.value.isNull
      let (name, value) = isImage ? image(member.name, member.value) : (member.name, member.value)
      if name != member.name, input[name] != nil {
        throw Refusal(
          message: "input.\(member.name) and input.\(name) are the same for \(dialect.title).",
          hint: "Give one of them.")
      }
      json.name(escaping: name)
      json.value(value)
    }
    if let answer = dialect.answer, input["response_format"] == nil {
      json.name("response_format")
      json.value(answer)
    }
    json.endObject()
    return json.bytes
  }

  private static func form(
    _ input: JSONObject, _ images: [Image], _ model: String, _ dialect: OpenAIDialect, list: String,
    addresses: OpenAIDialect.Addresses, boundary: String
  ) -> [UInt8] {
    var form = Form(boundary: boundary)
    if input["model"] == nil { form.add("model", model) }
    for member in input.members where !member.value.isNull {
      guard imageFields.contains(member.name) else {
        form.add(member.name, member.value.string ?? member.value.text)
        continue
      }
      for (index, image) in images.filter({ $0.field == member.name }).enumerated() {
        if !image.isAddress, let file = DataURI(image.text) {
          let ending = file.mediaType.split(separator: "/").last.map(String.init) ?? "png"
          let several = member.name == "image" ? list : "\(member.name)[]"
          form.add(
            image.isInList ? several : member.name, file.bytes, file: "\(member.name)-\(index + 1).\(ending)",
            type: file.mediaType.isEmpty ? "image/png" : file.mediaType)
        } else if case .field(let name) = addresses {
          form.add(image.isInList ? "\(name)[]" : name, image.text)
        }
      }
    }
    if let answer = dialect.answer, input["response_format"] == nil { form.add("response_format", answer) }
    return form.finished
  }

  /// A form (RFC 7578).
  private struct Form {
    let boundary: String
    private var bytes: [UInt8] = []

    init(boundary: String) {
      self.boundary = boundary
    }

    mutating func add(_ name: String, _ text: String) {
      head("name=\"\(Self.quoted(name))\"")
      bytes += "\r\n\(text)\r\n".utf8
    }

    mutating func add(_ name: String, _ content: [UInt8], file: String, type: String) {
      head("name=\"\(Self.quoted(name))\"; filename=\"\(Self.quoted(file))\"")
      bytes += "Content-Type: \(Self.quoted(type))\r\n\r\n".utf8
      bytes += content
      bytes += "\r\n".utf8
    }

    var finished: [UInt8] { bytes + "--\(boundary)--\r\n".utf8 }

    private mutating func head(_ disposition: String) {
      bytes += "--\(boundary)\r\nContent-Disposition: form-data; \(disposition)\r\n".utf8
    }

    /// Escapes quotes and line breaks as the HTML standard does (multipart/form-data encoding).
    private static func quoted(_ text: String) -> String {
      text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "\"": result += "%22"
        case "\r": result += "%0D"
        case "\n": result += "%0A"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
  }
}
