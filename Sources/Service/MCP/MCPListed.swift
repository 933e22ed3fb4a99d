internal import Encoding
internal import JSON
internal import Predictions

/// A prediction in a list, in one line for the model.
struct MCPListed: Sendable {
  /// How many characters of a prompt are shown.
  static let promptLength = 80

  let prediction: Prediction
  /// Those that the agent may see.
  let files: [OutputFile]
  /// The folder that the whole list names once.
  let folder: String
  /// Milliseconds since 1970.
  let now: Int64

  /// Writes the object.
  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("id")
    json.value(prediction.id.description)
    if prediction.status != .completed {
      json.name("status")
      json.value(prediction.status.rawValue)
    }
    json.name("prompt")
    json.value(prediction.prompt.map { SafeText($0, atMost: Self.promptLength).description } ?? "")
    if !files.isEmpty {
      json.name(files.count == 1 ? "file" : "files")
      let names = files.map { file -> JSONValue in
        let isBelow = file.path.hasPrefix("\(folder)/")
        return .string(isBelow ? String(file.path.dropFirst(folder.count + 1)) : file.path)
      }
      json.value(names.count == 1 ? names[0] : .array(names))
    }
    json.name("age")
    json.value(age(now - prediction.createdAt))
    if let cost = prediction.costWords {
      json.name("cost")
      json.value(cost)
    }
    json.endObject()
  }
}
