internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

extension Method {
  /// The methods about predictions.
  static let predictions: [Method] = [
    Method(
      "submit", "Records a prediction on disk and sends it.",
      [
        Parameter("prompt", .string.about("Describes the image; short for input.prompt.")),
        Parameter(
          "input",
          .object().about("The model's input, unchanged except for uploaded files; its prompt must not be empty.")),
        Parameter("model", .string(1...256).about("The model; the default model if absent.")),
        Parameter("provider", .string(1...64).about("The provider; the default provider if absent.")),
        Parameter("idempotency_key", .string(1...255).about("The same key and content return the same prediction.")),
        Parameter("wait_ms", .milliseconds("How long to wait for the end of the prediction", usually: 0)),
        Parameter("tags", .array(of: .string(1...128), 0...32).about("Labels, for list and subscribe.")),
        Parameter("metadata", .object().about("Any object, up to 8 KiB.")),
        Parameter("output_dir", .string(like: "^/").about("The directory of its files; an absolute path.")),
        Parameter("output_name", .string(1...200).about("The name of its files, without directory and extension.")),
        Parameter("max_cost", .number.about("US dollars; a prediction that would cost more is refused.")),
        Parameter(
          "upload",
          .bool.usually(false).about(
            "Whether strings of input that begin with @/ (at any depth, except the prompt) name local image files, which are "
              + "uploaded before it is sent. Otherwise no file is read, and such a string is sent as it is.")),
      ], anyOf: ["prompt", "input"], result: .prediction,
      errors: [
        .idempotencyConflict, .queueFull, .providerNotConfigured, .storageFailed, .budgetExceeded,
      ], body: .later(submit)),
    Method(
      "status", "Returns a prediction as it is now.",
      [
        Parameter("id", .anyID, required: true),
        Parameter("full", .bool.usually(false).about("Whether to return all fields, however long.")),
      ], result: .prediction, errors: [.predictionNotFound, .storageFailed], body: .now(status)),
    Method(
      "result", "Returns a prediction when it is finished or the time is up.",
      [
        Parameter("id", .anyID, required: true),
        Parameter("timeout_ms", .milliseconds("How long to wait", usually: usualWait)),
        Parameter(
          "inline",
          .bool.usually(false).about(
            "Whether files have base64, up to 8 MiB together and 64 MiB in one batch; omitted names the rest.")
        ),
      ], result: .prediction, errors: [.predictionNotFound, .storageFailed, .requestCancelled], body: .later(result)),
    Method(
      "cancel", "Cancels a prediction; before it is sent that costs nothing.",
      [
        Parameter("id", .anyID, required: true),
        Parameter("delete_remote", .bool.usually(false).about("Whether to delete the provider's copy.")),
      ], result: .prediction, errors: [.predictionNotFound, .storageFailed], body: .later(cancel)),
    Method(
      "wait", "Waits until one or all of several predictions are finished.",
      [
        Parameter("ids", .array(of: .anyID, 1...1_000), required: true),
        Parameter("mode", .word(["all", "any"]).usually("all")),
        Parameter("timeout_ms", .milliseconds("How long to wait", usually: usualWait)),
      ],
      result: .object([
        "done": .bool.about("Whether one or all are finished; false if the time is up."),
        "predictions": .array(of: .prediction).about("In the order of ids, without input and metadata."),
        "more": .array(of: .id).about("The ids left out to keep the message short."),
      ]), errors: [.predictionNotFound, .storageFailed, .requestCancelled], body: .later(wait)),
    Method(
      "list", "Returns a page of predictions, newest first.",
      [
        Parameter("status", .status), Parameter("provider", .string), Parameter("model", .string),
        Parameter("tag", .string), Parameter("text", .string.about("A substring of the prompt.")),
        Parameter("created_after", .string.about("A time like 2026-11-23T12:34:56.789Z, or a date; inclusive.")),
        Parameter("created_before", .string.about("As created_after; exclusive.")),
        Parameter("limit", .integer().usually(50).about("Clamped to 1 to 500.")),
        Parameter("cursor", .string(1...256).about("next_cursor of the previous page.")),
      ],
      result: .object([
        "predictions": .array(of: .prediction).about("Without input and metadata; a page may be short, even empty."),
        "next_cursor": .string.orNull.about("The cursor of the next page; null on the last page."),
      ]), errors: [.storageFailed], body: .later(list)),
    Method(
      "delete", "Deletes finished predictions, all or none.",
      [
        Parameter("ids", .array(of: .anyID, 1...1_000), required: true),
        Parameter("files", .bool.usually(false).about("Whether to delete their files too.")),
      ],
      result: .object(
        [
          "deleted": .array(of: .id),
          "kept": .array(of: .string).about("Files that were changed since they were saved, and are not deleted."),
          "scrubbed": .bool.about(
            "Whether the content has left the database's log too; if not, the last process to end removes it."),
        ], optional: ["kept"]),
      errors: [.predictionNotFound, .predictionNotFinished, .storageFailed], body: .later(delete)),
  ]

  /// Waiting longer than this is asking again.
  private static let longestWait: Int64 = 1_800_000
  /// Below the 60 s after which common clients give up.
  private static let usualWait: Int64 = 50_000
  /// What `inline` adds at most, before base64.
  private static let inlineLimit: Int64 = 8 << 20

  // MARK: - submit

  @Sendable private static func submit(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let request = try PredictionRequest(params)
    let wait = try params.milliseconds("wait_ms", default: 0, atMost: longestWait)
    let engine = try service.engine()
    do throws(SubmitError) {
      try engine.submit(request) { result in
        switch result {
        case .success(let accepted):
          let snapshot = accepted.snapshot
          guard wait > 0, !snapshot.isSettled else { return call.result(service.render(snapshot)) }
          waitForSubmitted(snapshot, atMost: wait, service, engine, call)
        case .failure(let error): call.error(.submit(error))
        }
      }
    } catch {
      throw .submit(error)
    }
  }

  private static func waitForSubmitted(
    _ snapshot: PredictionSnapshot, atMost wait: Int64, _ service: Service, _ engine: PredictionEngine,
    _ call: PendingCall
  ) {
    let id = snapshot.prediction.id
    let answer: @Sendable (PendingCall) -> Void = { call in
      let latest = (try? engine.snapshot(id)) ?? snapshot
      call.result(service.render(latest.with(warnings: snapshot.warnings)))
    }
    let waitID = try? engine.wait(for: [id], atMost: wait) { outcome in
      call.result(service.render((outcome.snapshots.first ?? snapshot).with(warnings: snapshot.warnings)))
    }
    // Whoever stops waiting for a submit still gets its id: without it the prediction would be lost to them.
    call.waits(waitID, in: engine, onCancel: answer)
  }

  // MARK: - status, result, wait

  @Sendable private static func status(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    let id = try params.id()
    let isFull = try params.bool("full") ?? false
    let engine = try service.engine()
    do throws(StoreError) {
      guard let snapshot = try engine.snapshot(id) else { throw .notFound }
      return .json(service.render(snapshot, isFull: isFull))
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  @Sendable private static func result(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let id = try params.id()
    let timeout = try params.milliseconds("timeout_ms", default: usualWait, atMost: longestWait)
    let isInline = try params.bool("inline") ?? false
    let engine = try service.engine()
    let progress = Progress(params, call, time: service.time)
    do throws(StoreError) {
      let waitID = try engine.wait(for: [id], atMost: timeout, onProgress: progress?.report) { outcome in
        progress?.end(outcome.snapshots.first)
        guard let snapshot = outcome.snapshots.first else { return call.error(.notFound(id.description)) }
        guard isInline else { return call.result(service.render(snapshot)) }
        service.pictures.async {
          let room = call.reply.waitForRoom()
          call.result { service.writeInline(snapshot, engine, atMost: inlineLimit, room: room, to: &$0) }
        }
      }
      call.waits(waitID, in: engine)
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  @Sendable private static func wait(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let ids = try params.ids()
    let timeout = try params.milliseconds("timeout_ms", default: usualWait, atMost: longestWait)
    let word = try params.string("mode") ?? "all"
    guard let mode = WaitMode(rawValue: word) else {
      throw .invalidParams("mode", "mode is \"any\" or \"all\", not \"\(word.prefix(32))\"")
    }
    let engine = try service.engine()
    for id in ids {
      do throws(StoreError) {
        guard try engine.snapshot(id) != nil else { throw .notFound }
      } catch {
        throw .storage(error, id: id.description)
      }
    }
    let progress = Progress(params, call, time: service.time)
    do throws(StoreError) {
      let waitID = try engine.wait(for: ids, mode: mode, atMost: timeout, onProgress: progress?.report) { outcome in
        progress?.end(outcome.snapshots.first)
        call.result(service.render(outcome, requested: ids))
      }
      call.waits(waitID, in: engine)
    } catch {
      throw .storage(error)
    }
  }

  // MARK: - cancel, list, delete

  @Sendable private static func cancel(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let id = try params.id()
    let deleteRemote = try params.bool("delete_remote") ?? false
    try service.engine().cancel(id, deleteRemote: deleteRemote) { result in
      switch result {
      case .success(let snapshot): call.result(service.render(snapshot))
      case .failure(let error): call.error(.storage(error, id: id.description))
      }
    }
  }

  @Sendable private static func list(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    var query = ListQuery()
    query.status = try params.status()
    query.provider = try params.string("provider")
    query.model = try params.string("model")
    query.tag = try params.string("tag")
    query.text = try params.string("text")
    query.createdAfter = try params.time("created_after")
    query.createdBefore = try params.time("created_before")
    query.limit = Int(min(max(try params.integer("limit") ?? 50, 1), 500))
    query.cursor = try params.string("cursor", bytes: 1...256)
    try service.engine().list(query) { result in
      switch result {
      case .success(let page): call.result(service.render(page))
      case .failure(let error): call.error(.storage(error))
      }
    }
  }

  @Sendable private static func delete(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let ids = try params.ids()
    let files = try params.bool("files") ?? false
    try service.engine().delete(ids, files: files) { result, kept in
      switch result {
      case .success(.deleted(let gone, let scrubbed)):
        var json = JSONWriter()
        json.beginObject()
        json.name("deleted")
        json.beginArray()
        for prediction in gone { json.value(prediction.id.description) }
        json.endArray()
        if !kept.isEmpty {
          json.name("kept")
          json.beginArray()
          for path in kept { json.value(path) }
          json.endArray()
        }
        json.name("scrubbed")
        json.value(scrubbed)
        json.endObject()
        call.result(json.bytes)
      case .success(.notFound(let id)): call.error(.notFound(id.description))
      case .success(.unfinished(let ids)):
        call.error(
          .ours(
            ErrorCode.predictionNotFinished, "Nothing was deleted: \(ids.count) of them are not finished.",
            type: "prediction_not_finished", retryable: true, hint: "Wait for them, or cancel them first.",
            id: ids.first?.description, ids: ids))
      case .failure(let error): call.error(.storage(error))
      }
    }
  }
}

extension PredictionRequest {
  /// Reads the params of `submit`, within the bounds of schemas/protocol.md, "submit".
  init(_ params: MethodParameters) throws(RPCError) {
    self.init(input: try params.object("input") ?? JSONObject())
    if let prompt = try params.string("prompt") {
      guard input["prompt"] == nil else {
        throw .invalidParams("prompt", "prompt is given twice, as prompt and as input.prompt")
      }
      input["prompt"] = .string(prompt)
    }
    guard let prompt = input["prompt"], !prompt.isNull else {
      throw .invalidParams(
        "prompt", "a prompt is missing", hint: "Say what the picture shows, as prompt or input.prompt.")
    }
    guard let text = prompt.string else {
      throw .invalidParams("input.prompt", "the prompt must be a string, not \(prompt.kind)")
    }
    guard text.utf8.contains(where: { $0 > 0x20 }) else { throw .invalidParams("prompt", "the prompt is empty") }

    provider = try params.name("provider", bytes: 1...64)
    model = try params.name("model", bytes: 1...256)
    idempotencyKey = try params.name("idempotency_key", bytes: 1...255)
    metadata = try params.object("metadata")
    if let metadata {
      let length = JSONValue.object(metadata).serialized.count
      if length > 8_192 {
        throw .invalidParams("metadata", "metadata has \(length) bytes; 8192 are allowed", limit: 8_192)
      }
    }
    tags = try params.strings("tags") ?? []
    if tags.count > 32 { throw .invalidParams("tags", "there are \(tags.count) tags; 32 are allowed", limit: 32) }
    for (index, tag) in tags.enumerated() {
      if !(1...128).contains(tag.utf8.count) {
        throw .invalidParams("tags[\(index)]", "a tag has 1 to 128 bytes, not \(tag.utf8.count)", limit: 128)
      }
      try MethodParameters.checkName(tag, "tags[\(index)]")
    }
    outputDirectory = try params.name("output_dir", bytes: 1...4_096)
    if let folder = outputDirectory, !folder.hasPrefix("/") {
      throw .invalidParams("output_dir", "output_dir must be an absolute path")
    }
    outputName = try params.name("output_name", bytes: 1...200)
    if let name = outputName, name.hasPrefix(".") || name.utf8.contains(where: { $0 == 0x2F || $0 == 0x5C }) {
      throw .invalidParams(
        "output_name", "output_name is a file name without folder and extension, and does not begin with a dot")
    }
    maxCostMicros = try params.dollars("max_cost")
    upload = try params.bool("upload") ?? false
  }
}
