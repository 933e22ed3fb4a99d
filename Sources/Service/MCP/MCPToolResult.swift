internal import Encoding
internal import JSON
internal import Predictions

/// The result of a tool: a short text and what can be shown of the files for models, the same as structured content, and links
/// to the files where the user wants them.
struct MCPToolResult: Sendable {
  /// A link to a saved file.
  struct Link: Sendable, Equatable {
    var uri: String
    var name: String
    var mediaType: String
    var bytes: Int64

    init(_ file: OutputFile, of id: PredictionID) {
      uri = MCPResource.uri(id, file.index)
      (name, mediaType, bytes) = (file.name, file.mediaType, file.bytes)
    }
  }

  /// An image in the message.
  struct Picture: Sendable, Equatable {
    var base64: String
    var mediaType: String
  }

  /// One or two sentences, or a short JSON text, without base64.
  var text: SafeText
  /// The prediction, as the bytes of a JSON object.
  var structured: [UInt8]?
  var links: [Link] = []
  var pictures: [Picture] = []
  /// The beginnings of text files, in blocks of their own: their words are not the program's.
  var texts: [SafeText] = []
  /// Whether it is an error for the model.
  var isError = false

  /// Writes the fields of the result.
  func write(to json: inout JSONWriter, for revision: MCPRevision) {
    json.name("content")
    json.beginArray()
    // The text first: some hosts keep only the first block.
    for text in [text] + texts { json.content(text) }
    for picture in pictures {
      json.beginObject()
      json.name("type")
      json.value("image")
      json.name("data")
      json.value(picture.base64)
      json.name("mimeType")
      json.value(picture.mediaType)
      json.endObject()
    }
    if revision.hasResourceLinks {
      for link in links {
        json.beginObject()
        json.name("type")
        json.value("resource_link")
        json.name("uri")
        json.value(link.uri)
        json.name("name")
        json.value(link.name)
        json.name("mimeType")
        json.value(link.mediaType)
        json.name("size")
        json.value(link.bytes)
        json.endObject()
      }
    }
    json.endArray()
    if revision.hasStructuredContent, let structured {
      json.name("structuredContent")
      json.raw(structured)
    }
    json.name("isError")
    json.value(isError)
  }
}

extension Service {
  /// The largest size of images in a result, in bytes of base64: Claude Desktop ends a conversation at a result of more than
  /// about 1 MB.
  static let pictureLimit = 1_000_000
  /// The bytes of a result beside the prediction: text, links and the envelope.
  private static let besidePrediction = 8_192

  /// The folders that an agent may choose and see.
  var folders: MCPFolders {
    MCPFolders(host.agentDirectories())
  }

  /// The result of a tool for a prediction.
  ///
  /// - Parameters:
  ///   - room: how much of its files it may hold.
  ///   - isToBringIt: whether the call asks for an image, so that a failed prediction is an error for the model.
  func toolResult(_ snapshot: PredictionSnapshot, room: MCPRoom = .none, isToBringIt: Bool = true) -> MCPToolResult {
    let prediction = snapshot.prediction
    let folders = folders
    let visible = prediction.visibleFiles.filter { folders.contains($0.path) }
    var result = MCPToolResult(text: "", structured: structured(snapshot, within: folders))
    result.isError = isToBringIt && [.failed, .unknown, .cancelled].contains(prediction.status)
    if host.linksFiles { result.links = visible.map { MCPToolResult.Link($0, of: prediction.id) } }
    var note = notes(for: snapshot)
    if !visible.isEmpty, let engine = try? engine() {
      let textBytes = maxMessageBytes - Self.besidePrediction - (result.structured?.count ?? 0)
      let shown = fileContents(visible, of: prediction, in: room, textBytes: textBytes, engine)
      result.pictures = shown.pictures
      result.texts = shown.texts
      note += shown.notes
    }
    result.text =
      result.isError
      ? .joined([prediction.excuse] + note.map { SafeText($0) }, separator: " ")
      : prediction.summary(
        files: visible.map(\.path), note: note.isEmpty ? nil : note.joined(separator: " "))
    if let label = prediction.sandboxLabel { result.text = "\(label)\n\(result.text)" }
    return result
  }

  /// The result of a tool for a prediction, in few words; see `MCPBrief`.
  ///
  /// - Parameters:
  ///   - room: how much of its files it may hold. Images are shown as small copies.
  ///   - file: the only file that it tells of; `nil` for all.
  ///   - isToBringIt: whether the call asks for an image, so that a failed prediction is an error for the model.
  ///   - label: what it begins with.
  func brief(
    _ snapshot: PredictionSnapshot, room: MCPRoom = .none, file only: Int? = nil, isToBringIt: Bool = true,
    label: SafeText? = nil
  ) -> MCPToolResult {
    let prediction = snapshot.prediction
    let folders = folders
    let files = prediction.visibleFiles.filter { folders.contains($0.path) && (only ?? $0.index) == $0.index }
    var brief = MCPBrief(prediction: prediction, files: files)
    brief.labels = [prediction.sandboxLabel, label].compactMap { $0 }
    brief.notes = notes(for: snapshot)
    // The answer to a cancellation says what it may cost.
    if !isToBringIt, prediction.status == .cancelled, let reason = prediction.failure {
      brief.notes.insert(sentences(reason.message), at: 0)
    }
    guard !(isToBringIt && [.failed, .unknown, .cancelled].contains(prediction.status)) else {
      let excuse = SafeText.joined([prediction.excuse] + brief.notes.map { SafeText($0) }, separator: " ")
      return MCPToolResult(text: .joined(brief.labels + [excuse], separator: "\n"), isError: true)
    }
    var result = MCPToolResult(text: "")
    if !files.isEmpty, let engine = try? engine() {
      let textBytes = maxMessageBytes - Self.besidePrediction
      let shown = fileContents(files, of: prediction, in: room, textBytes: textBytes, engine)
      (result.pictures, result.texts) = (shown.pictures, shown.texts)
      brief.notes += shown.notes
    }
    brief.cut(to: maxMessageBytes)
    result.text = brief.text
    // Neither may hold what the other lacks, and structured content holds no images.
    if result.pictures.isEmpty, result.texts.isEmpty { result.structured = brief.structured }
    if host.linksFiles { result.links = files.map { MCPToolResult.Link($0, of: prediction.id) } }
    return result
  }

  /// Notes for an agent: a pause of the account, fields that may be misspelt, and the rest of the agents' limits.
  private func notes(for snapshot: PredictionSnapshot) -> [String] {
    var notes: [String] = []
    let targets = snapshot.prediction.waitsFor
    if !targets.isEmpty { notes.append("It waits for \(listed(targets.map(\.description))).") }
    if let waiting = snapshot.waiting {
      notes.append("It waits: \(waiting.words). Nothing is sent before \(time.clock(waiting.until)).")
    }
    notes += snapshot.warnings.map { "\($0.message)." }
    if let engine = try? engine(), let warning = engine.agentWarning(for: snapshot.prediction) { notes.append(warning) }
    return notes
  }

  /// The prediction as methods return it, without paths outside the folders of agents.
  func structured(_ snapshot: PredictionSnapshot, within folders: MCPFolders, isListed: Bool = false) -> [UInt8] {
    let prediction = snapshot.prediction
    var rendering = PredictionEncodingOptions(hasInput: !isListed)
    let files = prediction.visibleFiles
    rendering.hidden = Set(files.indices.filter { !folders.contains(files[$0].path) })
    rendering.hidesParts = !prediction.partialFiles.allSatisfy { folders.contains($0.path) }
    // The preview is in the state directory, which is not one of the folders.
    rendering.hasPreview = false
    // Several hosts show the model only the structured content, not the text.
    let words = [prediction.sandboxLabel?.description, prediction.nextStep].compactMap { $0 }
    rendering.next = isListed || words.isEmpty ? nil : words.joined(separator: " ")
    func bytes() -> [UInt8] {
      var json = JSONWriter(reserving: 1_024)
      snapshot.write(to: &json, rendering)
      return json.bytes
    }
    let whole = bytes()
    guard whole.count > maxMessageBytes - Self.besidePrediction else { return whole }
    rendering.omitsInput = true
    return bytes()
  }
}

extension Prediction {
  /// The next call for a model; `nil` where there is nothing left to do.
  var nextStep: String? {
    switch status {
    case .created, .processing:
      """
      Not finished yet. Call get_image with {"id":"\(id)"} to wait for it. Do not make it again: that would be a second \
      image.
      """
    case .completed where failure?.isFinal == false:
      """
      It is completed, but \(files.isEmpty ? "its files" : "\(missingOutputs.count) of its files") could not be saved. \
      Call get_image with {"id":"\(id)"} to try again.
      """
    case .completed, .failed, .cancelled, .unknown: nil
    }
  }

  /// The first words about an image that the sandbox drew; `nil` for every other one.
  var sandboxLabel: SafeText? {
    isFree ? Self.sandboxWords : nil
  }

  /// What every answer from the sandbox begins with.
  static var sandboxWords: SafeText { "Sandbox drawing (no image model was asked, nothing was billed)." }

  /// The structured content in a short form.
  func summary(files: [String], note: String? = nil, isListed: Bool = false) -> SafeText {
    var json = JSONWriter()
    json.beginObject()
    json.name("id")
    json.value(id.description)
    json.name("status")
    json.value(status.rawValue)
    if !files.isEmpty {
      json.name("files")
      json.beginArray()
      for path in files { json.value(path) }
      json.endArray()
    }
    if isFree {
      json.name("provider")
      json.value(provider)
    }
    json.name("billing")
    json.value(billing.rawValue)
    if !error.isEmpty {
      json.name("error")
      json.value(error)
    }
    if let note {
      json.name("note")
      json.value(note)
    }
    if !isListed, let nextStep {
      json.name("next")
      json.value(nextStep)
    }
    json.endObject()
    return SafeText(json: json.bytes)
  }

  /// The reason that there is no image, and the advice.
  var excuse: SafeText {
    let message = failure?.message ?? error
    let reason = message.isEmpty ? "There is no image: the prediction is \(status.rawValue)" : message
    // Only the user can look at the provider's own list.
    let advice = status == .unknown && billing == .unknown ? "Ask the user before you make it again." : nil
    return "\(sentences(reason, failure?.hint, advice)) (prediction \(id), billing \(billing.rawValue))"
  }
}

extension JSONWriter {
  /// Writes a text as a content block of MCP.
  mutating func content(_ text: SafeText) {
    beginObject()
    name("type")
    value("text")
    name("text")
    value(text.description)
    endObject()
  }
}
