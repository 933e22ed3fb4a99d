internal import JSON
internal import JSONRPC
internal import Predictions

/// The only prompt, which hosts show to people as a command: it asks the model to generate an image. No tool has its name,
/// because some hosts call a prompt of that name instead.
enum MCPPrompt {
  static let name = "new_image"

  /// `prompts/list`.
  @Sendable static func list(_ service: Service, _ call: MCPCall) throws(RPCError) {
    try call.refuseCursor()
    call.result(lasts: Service.staticLifetime) { json in
      json.name("prompts")
      json.beginArray()
      json.beginObject()
      json.name("name")
      json.value(name)
      if call.revision.hasTitles {
        json.name("title")
        json.value("New image")
      }
      json.name("description")
      json.value("Makes an image from a text and saves it as a file.")
      json.name("arguments")
      json.beginArray()
      argument(&json, "prompt", "A description of the image.", isRequired: true)
      argument(&json, "model", "The model that makes it; the usual one if left out.", isRequired: false)
      json.endArray()
      json.endObject()
      json.endArray()
    }
  }

  private static func argument(
    _ json: inout JSONWriter, _ name: String, _ description: String, isRequired: Bool
  ) {
    json.beginObject()
    json.name("name")
    json.value(name)
    json.name("description")
    json.value(description)
    json.name("required")
    json.value(isRequired)
    json.endObject()
  }

  /// `prompts/get`.
  @Sendable static func get(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard call.params["name"]?.string == name else {
      throw .invalidParams("name", "there is no such prompt", hint: "There is \(name).")
    }
    guard let prompt = call.params["arguments"]?["prompt"]?.string, !prompt.isEmpty else {
      throw .invalidParams("arguments.prompt", "prompt is missing", hint: "Describe the image in it.")
    }
    let model = call.params["arguments"]?["model"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let choice: SafeText = model.map { ", model \"\($0)\"" } ?? ""
    let text: SafeText = """
      Make an image with the tool generate_image\(choice). Use this prompt as it is: \(SafeText(lines: prompt))
      """
    call.result { json in
      json.name("messages")
      json.beginArray()
      json.beginObject()
      json.name("role")
      json.value("user")
      json.name("content")
      json.content(text)
      json.endObject()
      json.endArray()
    }
  }
}
