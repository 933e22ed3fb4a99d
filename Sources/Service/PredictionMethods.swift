internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

extension Method {
  /// The methods about predictions.
  static let predictions: [Method] = [
    Method(
      "submit", "Records a prediction on disk and sends it.",
      SubmitParameters.all, anyOf: ["prompt", "input"], result: .prediction,
      errors: [
        .idempotencyConflict, .queueFull, .providerNotConfigured, .storageFailed, .budgetExceeded,
      ], body: .later(submit)),
    Method(
      "status", "Returns a prediction as it is now.",
      [Parameters.id, Parameters.full], result: .prediction, errors: [.predictionNotFound, .storageFailed],
      turn: .fromMemory(statusFromMemory), body: .now(status)),
    Method(
      "result", "Returns a prediction when it is finished or the time is up.",
      [Parameters.id, Parameters.timeout, Parameters.inline, Parameters.progressToken], result: .prediction,
      errors: [.predictionNotFound, .storageFailed, .requestCancelled], body: .later(result)),
    Method(
      "cancel", "Cancels a prediction; before it is sent that costs nothing.",
      [Parameters.id, Parameters.deleteRemote, Parameters.chain], result: .prediction,
      errors: [.predictionNotFound, .storageFailed],
      turn: .onceOpen, body: .later(cancel)),
    Method(
      "wait", "Waits until one or all of several predictions are finished.",
      [Parameters.ids, Parameters.mode, Parameters.timeout, Parameters.progressToken],
      result: .object([
        "done": .bool.about("Whether one or all are finished; false if the time is up."),
        "predictions": .array(of: .prediction).about("In the order of ids, without input and metadata."),
        "more": .array(of: .id).about("The ids left out to keep the message short."),
      ]), errors: [.predictionNotFound, .storageFailed, .requestCancelled], body: .later(wait)),
    Method(
      "list", "Returns a page of predictions, newest first.",
      Parameters.ofList,
      result: .object([
        "predictions": .array(of: .prediction).about("Without input and metadata; a page may be short, even empty."),
        "next_cursor": .string.orNull.about("The cursor of the next page; null on the last page."),
      ]), errors: [.storageFailed], body: .later(list)),
    Method(
      "delete", "Deletes finished predictions, all or none.",
      [Parameters.ids, Parameters.files],
      result: .object(
        [
          "deleted": .array(of: .id).about("The ids that were deleted."),
          "kept": .array(of: .string).about("Files that were changed since they were saved, and are not deleted."),
          "scrubbed": .bool.about(
            "Whether the content has left the database's log too; if not, the last process to end removes it."),
        ], optional: ["kept"]),
      errors: [.predictionNotFound, .predictionNotFinished, .storageFailed], body: .later(delete)),
  ]

  /// How many bytes `inline` adds to a reply at most, before base64.
  private static let inlineLimit: Int64 = 8 << 20

  /// The parameters of these methods; those of `submit` are in `SubmitParameters`.
  private enum Parameters {
    static let id = Parameter("id", .id)
    static let ids = Parameter("ids", .ids, about: "The ids of the predictions.")
    static let full = Parameter(
      "full", .bool, default: false, about: "Whether to return all fields, however long.")
    /// The default is below the 60 s after which common clients give up.
    static let timeout = Parameter(
      "timeout_ms", .milliseconds(atMost: MethodParameters.longestWait), default: 50_000, about: "How long to wait")
    static let inline = Parameter(
      "inline", .bool, default: false,
      about: "Whether files have base64, up to 8 MiB together and 64 MiB in one batch; omitted names the rest.")
    static let progressToken = Parameter(
      optional: Progress.token, .unchecked(Schema(["type": ["integer", "string"]])),
      about: "A name of yours for $/progress notifications while it waits; they end before the response.")
    static let deleteRemote = Parameter(
      "delete_remote", .bool, default: false, about: "Whether to delete the provider's copy.")
    static let chain = Parameter(
      "chain", .bool, default: false,
      about: """
        Whether to cancel the predictions that wait for its outputs too, directly or not. Otherwise they fail with \
        dependency_failed.
        """)
    static let mode = Parameter(
      "mode", .word([WaitMode.all, .any]), default: .all, about: "all: until all are finished; any: until one is.")
    static let files = Parameter("files", .bool, default: false, about: "Whether to delete their files too.")

    static let status = Parameter(optional: "status", .status, about: "Only predictions of this status.")
    static let provider = Parameter(optional: "provider", .string, about: "Only predictions of this provider.")
    static let model = Parameter(optional: "model", .string, about: "Only predictions of this model.")
    static let tag = Parameter(optional: "tag", .string, about: "Only predictions with this tag.")
    static let text = Parameter(optional: "text", .string, about: "A substring of the prompt.")
    static let createdAfter = Parameter(
      optional: "created_after", .time, about: "A time like 2026-11-23T12:34:56.789Z, or a date; inclusive.")
    static let createdBefore = Parameter(
      optional: "created_before", .time, about: "As created_after; exclusive.")
    static let limit = Parameter("limit", .integer(clampedTo: 1...500), default: 50)
    static let cursor = Parameter(optional: "cursor", .cursor, about: "next_cursor of the previous page.")
    static let file = Parameter(
      optional: "file", .absolutePath,
      about: "The absolute path of a local file: only predictions of which a saved file has the same bytes.")
    static let ofList: [any DescribedParameter] = [
      status, provider, model, tag, text, createdAfter, createdBefore, limit, cursor, file,
    ]
  }

  // MARK: - submit

  @Sendable private static func submit(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let request = service.withClientSettings(try SubmitParameters.request(params))
    let wait = try params[SubmitParameters.wait]
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
      let latest = engine.remembered(id) ?? snapshot
      call.result(service.render(latest.with(warnings: snapshot.warnings)))
    }
    let waitID = try? engine.wait(for: [id], atMost: wait) { outcome in
      call.result(service.render((outcome.snapshots.first ?? snapshot).with(warnings: snapshot.warnings)))
    }
    // A client that cancels a submit still gets the id: it could not find the prediction without it.
    if let waitID { call.waits([waitID], in: engine, answer: answer) }
  }

  // MARK: - status, result, wait

  @Sendable private static func status(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    let id = try params[Parameters.id]
    let isFull = try params[Parameters.full]
    let engine = try service.engine()
    do throws(StoreError) {
      guard let snapshot = try engine.snapshot(id) else { throw .notFound }
      return .json(service.render(snapshot, isFull: isFull))
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  /// `nil` for a prediction that this process does not work on.
  @Sendable private static func statusFromMemory(_ service: Service, _ params: MethodParameters) -> Answer? {
    guard let id = try? params[Parameters.id], let isFull = try? params[Parameters.full],
      let snapshot = service.engineIfOpen?.current(id)
    else { return nil }
    return .json(service.render(snapshot, isFull: isFull))
  }

  @Sendable private static func result(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let id = try params[Parameters.id]
    let timeout = try params[Parameters.timeout]
    let isInline = try params[Parameters.inline]
    let engine = try service.engine()
    let progress = Progress(params, call, in: engine, time: service.time)
    do throws(StoreError) {
      let waitID = try engine.wait(for: [id], atMost: timeout, onProgress: progress?.report) { outcome in
        progress?.end(outcome.snapshots.first)
        guard let snapshot = outcome.snapshots.first else { return call.error(.notFound(id.description)) }
        engine.bringBack(snapshot.prediction) {
          guard isInline else { return call.result(service.render(snapshot)) }
          service.pictures.async {
            let room = call.reply.waitForRoom()
            call.result { service.writeInline(snapshot, engine, atMost: inlineLimit, room: room, to: &$0) }
          }
        }
      }
      if let waitID { call.waits([waitID], in: engine) { $0.error(.requestCancelled) } }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  @Sendable private static func wait(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let ids = try params[Parameters.ids]
    let timeout = try params[Parameters.timeout]
    let mode = try params[Parameters.mode]
    let engine = try service.engine()
    for id in ids {
      do throws(StoreError) {
        guard try engine.snapshot(id) != nil else { throw .notFound }
      } catch {
        throw .storage(error, id: id.description)
      }
    }
    let progress = Progress(params, call, in: engine, time: service.time)
    do throws(StoreError) {
      let waitID = try engine.wait(for: ids, mode: mode, atMost: timeout, onProgress: progress?.report) { outcome in
        progress?.end(outcome.snapshots.first)
        call.result(service.render(outcome, requested: ids))
      }
      if let waitID { call.waits([waitID], in: engine) { $0.error(.requestCancelled) } }
    } catch {
      throw .storage(error)
    }
  }

  // MARK: - cancel, list, delete

  @Sendable private static func cancel(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let id = try params[Parameters.id]
    let deleteRemote = try params[Parameters.deleteRemote]
    let chain = try params[Parameters.chain]
    try service.engine().cancel(id, deleteRemote: deleteRemote, chain: chain) { result in
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
    query.status = try params[Parameters.status]
    query.provider = try params[Parameters.provider]
    query.model = try params[Parameters.model]
    query.tag = try params[Parameters.tag]
    query.text = try params[Parameters.text]
    query.createdAfter = try params[Parameters.createdAfter]
    query.createdBefore = try params[Parameters.createdBefore]
    query.limit = try params[Parameters.limit]
    query.cursor = try params[Parameters.cursor]
    let engine = try service.engine()
    guard let path = try params[Parameters.file] else { return answer(query, service, engine, call) }
    // Hashing a file takes time.
    service.pictures.async { [query] in
      var query = query
      do throws(FileDigestError) {
        query.fileDigest = try engine.digest(ofFile: path)
      } catch {
        return call.error(
          .invalidParams(
            Parameters.file.description.name, "\(path) \(error.reason)", hint: "Name an existing regular file."))
      }
      answer(query, service, engine, call)
    }
  }

  private static func answer(
    _ query: ListQuery, _ service: Service, _ engine: PredictionEngine, _ call: PendingCall
  ) {
    engine.list(query) { result in
      switch result {
      case .success(let page): call.result(service.render(page))
      case .failure(let error): call.error(.storage(error))
      }
    }
  }

  @Sendable private static func delete(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let ids = try params[Parameters.ids]
    let files = try params[Parameters.files]
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
        let verb = ids.count == 1 ? "is" : "are"
        call.error(
          RPCError(
            .predictionNotFinished, "Nothing was deleted: \(ids.count) of them \(verb) not finished.",
            hint: "Wait for them, or cancel them first.", id: ids.first?.description, ids: ids))
      case .success(.awaited(let ids)):
        let verb = ids.count == 1 ? "waits" : "wait"
        call.error(
          RPCError(
            .predictionNotFinished, "Nothing was deleted: \(counted(ids.count, "prediction")) \(verb) for an output.",
            hint: "Wait for them, or cancel them first.", id: ids.first?.description, ids: ids))
      case .failure(let error): call.error(.storage(error))
      }
    }
  }
}
