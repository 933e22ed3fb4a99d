internal import Encoding
internal import JSON
internal import Predictions

extension PredictionSnapshot {
  /// Writes the prediction as every method shows it, in the order of schemas/protocol.md,
  /// "The prediction".
  func write(to json: inout JSONWriter, _ options: PredictionEncodingOptions = PredictionEncodingOptions()) {
    // Not in a variable: that would copy it whole.
    let showsOutputs = prediction.status.isTerminal
    json.beginObject()
    json.name("id")
    json.value(prediction.id)
    json.name("model")
    json.value(prediction.model)
    json.name("status")
    json.value(prediction.status.rawValue)
    json.name("outputs")
    json.beginArray()
    // An output that is not a URL is the provider's name for one that was not saved; clients cannot use prediction.
    if showsOutputs {
      for output in prediction.outputs
      where output.hasPrefix("http") || output.hasPrefix("file:") && options.hidden.isEmpty { json.value(output) }
    }
    json.endArray()
    json.name("urls")
    json.beginObject()
    if let resultURL {
      json.name("get")
      json.value(resultURL)
    }
    json.endObject()
    json.name("has_nsfw_contents")
    json.beginArray()
    if showsOutputs { for flag in prediction.hasNSFWContents { json.value(flag) } }
    json.endArray()
    json.name("created_at")
    json.time(prediction.createdAt)
    json.name("error")
    json.value(prediction.error)
    json.name("timings")
    json.beginObject()
    json.name("inference")
    json.optional(showsOutputs ? prediction.inferenceMilliseconds : nil)
    json.name("queued")
    json.optional(prediction.queuedMilliseconds)
    json.name("total")
    json.optional(prediction.totalMilliseconds)
    json.endObject()
    json.name("provider")
    json.value(prediction.provider)
    json.name("remote_id")
    json.optional(prediction.remoteID)
    var omitted: [String] = []
    if options.hasInput {
      if !options.omitsInput, let input = prediction.input {
        json.name("input")
        json.raw(input)
      } else {
        omitted.append("input")
      }
    }
    json.name("files")
    json.beginArray()
    for (index, file) in prediction.visibleFiles.enumerated() {
      json.beginObject()
      file.write(to: &json, isHidden: options.hidden.contains(index))
      if let contents = options.contents {
        let isThere = options.inlined.contains(index) && json.member("base64") { contents(file, &$0) }
        if !isThere { omitted.append("files[\(index)].base64") }
      }
      json.endObject()
    }
    json.endArray()
    if options.hasPreview, let preview = prediction.preview {
      json.name("preview")
      preview.write(to: &json)
    }
    json.name("billing")
    json.value(prediction.billing.rawValue)
    json.name("cost")
    if let cost = prediction.cost { cost.write(to: &json) } else { json.null() }
    if options.hasInput, let data = prediction.providerData {
      if options.omitsInput {
        omitted.append("provider_data")
      } else {
        json.name("provider_data")
        json.raw(data)
      }
    }
    json.name("failure")
    if let failure = prediction.failure {
      failure.write(to: &json, hidesPaths: options.hidesParts)
    } else {
      json.null()
    }
    json.name("idempotency_key")
    json.optional(prediction.idempotencyKey)
    json.name("tags")
    json.beginArray()
    for tag in prediction.tags { json.value(tag) }
    json.endArray()
    if options.hasInput {
      json.name("metadata")
      if let metadata = prediction.metadata { json.raw(metadata) } else { json.raw("{}") }
    }
    json.name("started_at")
    json.time(prediction.startedAt)
    json.name("finished_at")
    json.time(prediction.finishedAt)
    json.name("revision")
    json.value(prediction.revision)
    if !prediction.waitsFor.isEmpty {
      json.name("waits_for")
      json.beginArray()
      for id in prediction.waitsFor { json.value(id) }
      json.endArray()
    }
    if let waiting {
      json.name("waiting")
      waiting.write(to: &json)
    }
    if !warnings.isEmpty {
      json.name("warnings")
      json.problems(warnings)
    }
    if !omitted.isEmpty {
      json.name("omitted")
      json.beginArray()
      for path in omitted { json.value(path) }
      json.endArray()
    }
    if let next = options.next {
      json.name("next")
      json.value(next)
    }
    json.endObject()
  }
}

extension Cost {
  /// Writes `{amount, currency, source}`.
  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.amount(micros, Self.currency)
    json.name("source")
    json.value(source.rawValue)
    json.endObject()
  }
}

extension Waiting {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("reason")
    json.value(reason.rawValue)
    json.name("until")
    json.time(until)
    json.endObject()
  }
}

extension JSONWriter {
  /// Writes `[{path, message}]`.
  mutating func problems(_ problems: [InputSchema.Problem]) {
    beginArray()
    for problem in problems {
      beginObject()
      name("path")
      value(problem.path)
      name("message")
      value(problem.message)
      endObject()
    }
    endArray()
  }
}

extension JSONWriter {
  /// Writes width and height in pixels; `null` where they are not known.
  fileprivate mutating func size(_ width: Int?, _ height: Int?) {
    name("width")
    optional(width.map(Int64.init))
    name("height")
    optional(height.map(Int64.init))
  }
}

extension OutputFile {
  fileprivate func write(to json: inout JSONWriter, isHidden: Bool) {
    if !isHidden {
      json.name("path")
      json.value(path)
      if let location {
        json.name("location")
        json.value(location)
      }
    }
    json.name("index")
    json.value(Int64(index))
    json.name("kind")
    json.value(kind.rawValue)
    json.name("media_type")
    json.value(mediaType)
    json.name("bytes")
    json.value(bytes)
    json.name("sha256")
    json.value(sha256)
    json.size(width, height)
    if let milliseconds {
      json.name("duration_ms")
      json.value(milliseconds)
    }
  }
}

extension Preview {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("path")
    json.value(path)
    json.name("media_type")
    json.value(mediaType)
    json.name("bytes")
    json.value(bytes)
    json.size(width, height)
    json.name("index")
    json.value(Int64(index))
    json.endObject()
  }
}

extension PartialFile {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("index")
    json.value(Int64(index))
    json.name("path")
    json.value(path)
    json.name("bytes")
    json.value(bytes)
    json.name("sha256")
    json.value(sha256)
    json.endObject()
  }
}

extension PredictionFailure {
  fileprivate func write(to json: inout JSONWriter, hidesPaths: Bool) {
    json.beginObject()
    json.name("type")
    json.value(kind.rawValue)
    json.name("retryable")
    json.value(retryable)
    json.name("message")
    json.value(message)
    json.name("hint")
    json.optional(hint)
    json.name("remote_code")
    json.optional(remoteCode)
    if !missing.isEmpty {
      json.name("missing")
      json.beginArray()
      for index in missing { json.value(Int64(index)) }
      json.endArray()
    }
    if !partial.isEmpty, !hidesPaths {
      json.name("partial")
      json.beginArray()
      for part in partial { part.write(to: &json) }
      json.endArray()
    }
    json.endObject()
  }
}

extension JSONWriter {
  /// Writes an id.
  fileprivate mutating func value(_ id: PredictionID) {
    value(plain: PredictionID.length) { id.write(to: $0) }
  }

  /// Writes a time in milliseconds since 1970, or `null`.
  fileprivate mutating func time(_ milliseconds: Int64?) {
    guard let milliseconds else { return null() }
    value(plain: Timestamp.length) { Timestamp.write(milliseconds, to: $0) }
  }

  /// Writes a string, or `null`.
  mutating func optional(_ string: String?) {
    if let string { value(string) } else { null() }
  }

  fileprivate mutating func optional(_ integer: Int64?) {
    if let integer { value(integer) } else { null() }
  }
}
