internal import Encoding
internal import JSON
internal import Predictions

/// A prediction in few words, for models. Some hosts show a model the text of a result and others its structured content, so
/// both are written from this.
struct MCPBrief: Sendable {
  let prediction: Prediction
  /// The files that the agent may see.
  private(set) var files: [OutputFile]
  /// What the answer begins with, in full sentences: that the sandbox drew it, that it is not a new one.
  var labels: [SafeText] = []
  /// What else to know, in full sentences.
  var notes: [String] = []

  init(prediction: Prediction, files: [OutputFile]) {
    self.prediction = prediction
    self.files = files
  }

  /// Writes the JSON object.
  ///
  /// - Parameter isWhole: whether it begins with the labels.
  private func write(to json: inout JSONWriter, isWhole: Bool) {
    json.beginObject()
    if isWhole, !labels.isEmpty {
      json.name("about")
      json.value(labels.map(\.description).joined(separator: " "))
    }
    json.name("id")
    json.value(prediction.id.description)
    json.name("status")
    json.value(prediction.status.rawValue)
    if !files.isEmpty {
      json.name("files")
      json.beginArray()
      for (place, file) in files.enumerated() { Self.write(file, isInPlace: file.index == place + 1, to: &json) }
      json.endArray()
    }
    json.name("provider")
    json.value(prediction.provider)
    if let cost = prediction.costWords {
      json.name("cost")
      json.value(cost)
    }
    if let finished = prediction.finishedAt {
      json.name("seconds")
      json.raw(Money.spelling(max(0, finished - prediction.createdAt + 50) / 100 * 100_000))
    }
    if !prediction.waitsFor.isEmpty {
      json.name("waits_for")
      json.value(.array(prediction.waitsFor.map { .string($0.description) }))
    }
    if !notes.isEmpty {
      json.name("note")
      json.value(notes.joined(separator: " "))
    }
    if let nextStep = prediction.nextStep {
      json.name("next")
      json.value(nextStep)
    }
    json.endObject()
  }

  /// - Parameter isInPlace: whether its place in the list is the number of its output, so that `ID/2` is the second.
  private static func write(_ file: OutputFile, isInPlace: Bool, to json: inout JSONWriter) {
    json.beginObject()
    if !isInPlace {
      json.name("output")
      json.value(file.index)
    }
    json.name("path")
    json.value(file.path)
    if let width = file.width, let height = file.height {
      json.name("size")
      json.value("\(width)x\(height)")
    }
    if file.kind != .image {
      json.name("kind")
      json.value(file.kind.rawValue)
    }
    json.endObject()
  }

  /// Names fewer files where the text and the structured content would together be longer than a message.
  mutating func cut(to bytes: Int) {
    let all = files.count
    // The text is a string of JSON, with escapes.
    while files.count > 1, structured.count * 3 > bytes { files.removeLast(max(1, files.count / 4)) }
    if files.count < all {
      notes.append(
        "\(all - files.count) more files are beside these; resources/read and view_image take their numbers.")
    }
  }

  /// The text of the result: each label on a line of its own, then the object.
  var text: SafeText {
    var json = JSONWriter()
    write(to: &json, isWhole: false)
    return .joined(labels + [SafeText(json: json.bytes)], separator: "\n")
  }

  /// The structured content: the same.
  var structured: [UInt8] {
    var json = JSONWriter()
    write(to: &json, isWhole: true)
    return json.bytes
  }
}

extension Prediction {
  /// What it costs, in words; `nil` where that is not known yet.
  var costWords: String? {
    switch cost {
    case nil: status.isTerminal ? "unknown" : nil
    case let cost? where cost.source == .none: "nothing"
    case let cost? where cost.source == .estimated: "about \(Money.dollars(cost.micros))"
    case let cost?: Money.dollars(cost.micros)
    }
  }
}
