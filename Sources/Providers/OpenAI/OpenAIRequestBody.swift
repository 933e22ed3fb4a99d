internal import HTTP
internal import JSON

/// The body of the POST: the caller's input unchanged, with the model, as JSON or, where it has images, as a form.
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

  /// Members that hold images, as data URIs; an input with one of them is an edit.
  private static let imageFields = ["image", "mask"]

  /// - Parameter boundary: separates the parts of a form; must not occur in them.
  init(_ input: JSONObject, model: String, boundary: String) throws(Refusal) {
    guard Self.imageFields.contains(where: { input[$0] != nil && input[$0] != .null }) else {
      path = "/images/generations"
      contentType = "application/json"
      var json = JSONWriter()
      json.beginObject()
      if input["model"] == nil {
        json.name("model")
        json.value(model)
      }
      for member in input.members {
        json.name(escaping: member.name)
        json.value(member.value)
      }
      json.endObject()
      body = json.bytes
      return
    }
    path = "/images/edits"
    contentType = "multipart/form-data; boundary=\(boundary)"
    var form = Form(boundary: boundary)
    if input["model"] == nil { form.add("model", model) }
    for member in input.members where !member.value.isNull {
      if Self.imageFields.contains(member.name) {
        let isList = member.value.array != nil
        let values = member.value.array ?? [member.value]
        for (index, value) in values.enumerated() {
          guard let image = value.string.flatMap({ DataURI($0) }) else {
            throw Refusal(
              message: "input.\(member.name)\(isList ? "[\(index)]" : "") is not an image that can be sent.",
              hint: "Write it as a data URI: data:image/png;base64,…")
          }
          let ending = image.mediaType.split(separator: "/").last.map(String.init) ?? "png"
          form.add(
            isList ? "\(member.name)[]" : member.name, image.bytes, file: "\(member.name)-\(index + 1).\(ending)",
            type: image.mediaType.isEmpty ? "image/png" : image.mediaType)
        }
      } else if let text = member.value.string {
        form.add(member.name, text)
      } else {
        form.add(member.name, member.value.text)
      }
    }
    body = form.finished
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
