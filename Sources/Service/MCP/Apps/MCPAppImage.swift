internal import Encoding
internal import JSON
internal import Predictions

/// What the page of an image knows of it.
struct MCPAppImage {
  /// The longest prompt, in bytes of JSON.
  static let promptLimit = 8_000

  private let snapshot: PredictionSnapshot
  private let files: [OutputFile]
  /// Whether the provider of calls is still the one that made it.
  private let isOfProvider: Bool
  /// Whether calls cost nothing.
  private let isFree: Bool
  /// The bytes that all files together may take, and the arguments for another image.
  private let room: Int

  init(_ snapshot: PredictionSnapshot, _ service: Service, _ agent: MCPAgent) {
    let folders = service.folders
    let provider = agent.engine.defaults.provider
    self.init(
      snapshot, files: snapshot.prediction.visibleFiles.filter { folders.contains($0.path) }, provider: provider,
      room: service.maxMessageBytes / 8)
  }

  /// - Parameters:
  ///   - files: those that the agent may see.
  ///   - provider: the name of the one that calls ask.
  ///   - room: the bytes that all files together may take, and the arguments for another image.
  init(_ snapshot: PredictionSnapshot, files: [OutputFile], provider: String, room: Int) {
    self.snapshot = snapshot
    self.files = files
    isOfProvider = snapshot.prediction.provider == provider
    isFree = provider == Prediction.freeProvider
    self.room = room
  }

  /// The object for the page.
  var json: JSONWriter {
    let prediction = snapshot.prediction
    var json = JSONWriter()
    json.beginObject()
    prediction.writeForView(to: &json, promptLimit: Self.promptLimit)
    json.name("model")
    json.value(prediction.model)
    if let finished = prediction.finishedAt {
      json.name("seconds")
      json.value(max(0, finished - prediction.createdAt + 500) / 1_000)
    }
    json.name("files")
    json.beginArray()
    let start = json.bytes.count
    for file in files {
      guard json.bytes.count - start < room else { break }
      write(file, to: &json)
    }
    json.endArray()
    if [.failed, .unknown, .cancelled].contains(prediction.status) {
      json.name("error")
      json.value(prediction.excuse.description)
    }
    let notes = notes
    if !notes.isEmpty {
      json.name("note")
      json.value(notes.joined(separator: " "))
    }
    json.name("free")
    json.value(isFree)
    if let again {
      json.name("vary")
      json.beginObject()
      json.name("name")
      json.value("generate_image")
      json.name("arguments")
      json.value(again)
      json.endObject()
    }
    json.endObject()
    return json
  }

  private func write(_ file: OutputFile, to json: inout JSONWriter) {
    json.beginObject()
    json.name("output")
    json.value(file.index)
    json.name("path")
    json.value(file.path)
    json.name("kind")
    json.value(file.kind.rawValue)
    json.name("type")
    json.value(file.mediaType)
    json.name("bytes")
    json.value(file.bytes)
    if let width = file.width, let height = file.height {
      json.name("width")
      json.value(width)
      json.name("height")
      json.value(height)
    }
    json.endObject()
  }

  private var notes: [String] {
    var notes: [String] = []
    if let waiting = snapshot.waiting { notes.append("It waits: \(waiting.words).") }
    if snapshot.prediction.status == .completed, let failure = snapshot.prediction.failure {
      notes.append(sentences(failure.message, failure.hint))
    }
    return notes
  }

  /// The arguments of `generate_image` for another image of the same input: with the model's own fields, and without the seed,
  /// which would make the same again. `nil` where it is not known whether the first was paid for, where the provider is another
  /// one now, so that the price would be too, where it names files of this machine, which `parameters` cannot, and where they are
  /// too long.
  private var again: JSONValue? {
    let prediction = snapshot.prediction
    guard isOfProvider, [.completed, .failed, .cancelled].contains(prediction.status), let text = prediction.input,
      text.count <= room,
      var input = (try? JSONValue(parsing: text))?.object, let prompt = input["prompt"]?.string,
      FileReferences.find(in: input).isEmpty
    else { return nil }
    input["prompt"] = nil
    input["seed"] = nil
    var arguments = JSONObject([
      ("prompt", .string(prompt)), ("model", .string(prediction.model)), ("again", .bool(true)),
    ])
    if !input.members.isEmpty {
      arguments["parameters"] = .string(String(decoding: JSONValue.object(input).serialized, as: UTF8.self))
    }
    return JSONValue.object(arguments).serialized.count <= room ? .object(arguments) : nil
  }
}

/// What the page of all images knows of them.
struct MCPAppImages {
  /// The longest prompt, in bytes of JSON.
  static let promptLimit = 400

  /// The object for the page.
  let json: JSONWriter

  /// A page, cut before the message limit.
  init(_ page: ListPage, _ service: Service, _ agent: MCPAgent) {
    let folders = service.folders
    var next = page.nextCursor
    var json = JSONWriter()
    json.beginObject()
    json.name("images")
    json.beginArray()
    for (place, listed) in page.predictions.enumerated() {
      // A list has no inputs.
      let prediction = (try? agent.snapshot(listed.id))?.prediction ?? listed
      let files = listed.visibleFiles.filter { folders.contains($0.path) }
      if place > 0, json.bytes.count * 2 > service.maxMessageBytes {
        next = page.cursors[place - 1]
        break
      }
      json.beginObject()
      prediction.writeForView(to: &json, promptLimit: Self.promptLimit)
      if let shown = files.first(where: { $0.kind == .image }) ?? files.first {
        json.name("output")
        json.value(shown.index)
        json.name("kind")
        json.value(shown.kind.rawValue)
        json.name("count")
        json.value(files.count)
      }
      json.endObject()
    }
    json.endArray()
    if let next {
      json.name("next")
      json.value(next)
    }
    json.endObject()
    self.json = json
  }
}

extension Prediction {
  /// Writes the members that both pages know.
  fileprivate func writeForView(to json: inout JSONWriter, promptLimit: Int) {
    json.name("id")
    json.value(id.description)
    json.name("status")
    json.value(status.rawValue)
    let (words, _, isCut) = MCPFileContents.cut(SafeText(lines: prompt ?? "").description, to: promptLimit)
    json.name("prompt")
    json.value(isCut ? "\(words)…" : words)
    if let cost = costWords {
      json.name("cost")
      json.value(cost)
    }
    if let label = sandboxLabel {
      json.name("label")
      json.value(label.description)
    }
  }
}
