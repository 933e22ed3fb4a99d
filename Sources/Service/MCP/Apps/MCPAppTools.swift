internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

// The tools that only pages call. They read what the agent itself may read, and name no image to the session: a page that
// shows an image says nothing about what the model has seen.
extension MCPTool {
  static let forViews: [MCPTool] = [
    MCPTool(
      name: "app_image", title: "Image for a view",
      description: "For the view of an image: what is known of it. Waits until it is finished or wait_seconds is over.",
      parameters: [Parameters.id, Parameters.viewWait], hints: Hints(readOnly: true, openWorld: false),
      body: { call throws(RPCError) in try call.appImage() }),
    MCPTool(
      name: "app_images", title: "Images for a view",
      description: "For the view of all images: a page of them, newest first.",
      parameters: [Parameters.text, Parameters.status, Parameters.viewLimit, Parameters.cursor],
      hints: Hints(readOnly: true, openWorld: false), body: { call throws(RPCError) in try call.appImages() }),
    MCPTool(
      name: "app_thumbnail", title: "Thumbnail for a view", description: "For the views: a small copy of an image.",
      parameters: [Parameters.id, Parameters.output, Parameters.viewedSize],
      hints: Hints(readOnly: true, openWorld: false), body: { call throws(RPCError) in try call.appThumbnail() }),
    MCPTool(
      name: "app_piece", title: "Piece for a view",
      description:
        "For the views: a piece of an image's file, from offset on. next is the offset of the piece after it.",
      parameters: [Parameters.id, Parameters.output, Parameters.offset],
      hints: Hints(readOnly: true, openWorld: false), body: { call throws(RPCError) in try call.appPiece() }),
  ]
}

extension MCPTool.Parameters {
  static let viewWait = Parameter("wait_seconds", .integer(clampedTo: 0...50), default: 0, about: "0 does not wait. ")
  static let viewLimit = Parameter("limit", .integer(clampedTo: 1...48), default: 12)
  static let output = Parameter("output", .integer(in: 1...1_000), default: 1, about: "Which of its files.")
  static let offset = Parameter("offset", .integer(in: 0...Int(MCPAppPiece.fileLimit)), default: 0)
}

extension MCPToolCall {
  private typealias Parameters = MCPTool.Parameters

  /// `app_image`.
  fileprivate func appImage() throws(RPCError) {
    let id = try arguments[Parameters.id]
    let wait = min(Int64(try arguments[Parameters.viewWait]) * 1_000, call.usualWait)
    let agent = try call.agent()
    do throws(StoreError) {
      _ = try agent.snapshot(id)
      try call.wait(for: id, atMost: wait, in: agent.engine) { snapshot in
        guard let snapshot else { return refuse(.notFound("of that id any more")) }
        answerView(MCPAppImage(snapshot, service, agent).json)
      }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  /// `app_images`.
  fileprivate func appImages() throws(RPCError) {
    var query = ListQuery(limit: try arguments[Parameters.viewLimit])
    query.status = try arguments[Parameters.status]
    query.text = try arguments[Parameters.text]
    query.cursor = try arguments[Parameters.cursor]
    let agent = try call.agent()
    agent.list(query) { result in
      switch result {
      case .success(let page): answerView(MCPAppImages(page, service, agent).json)
      case .failure(let error): refuse(.storage(error))
      }
    }
  }

  /// `app_thumbnail`.
  fileprivate func appThumbnail() throws(RPCError) {
    let size = try arguments[Parameters.viewedSize]
    let (agent, snapshot, file) = try viewedFile()
    call.withRoom(for: snapshot, isInline: true, size: size) { room in
      let shown = service.fileContents([file], of: snapshot.prediction, in: room, textBytes: 0, agent.engine)
      guard !shown.pictures.isEmpty else {
        return refuse(RPCError(.noThumbnail, sentences(shown.notes.first ?? "There is no thumbnail")))
      }
      var json = JSONWriter()
      json.beginObject()
      json.name("id")
      json.value(snapshot.prediction.id.description)
      json.name("output")
      json.value(file.index)
      json.endObject()
      var result = MCPToolResult(text: SafeText(json: json.bytes))
      result.pictures = shown.pictures
      call.result { result.write(to: &$0, for: call.revision) }
    }
  }

  /// `app_piece`.
  fileprivate func appPiece() throws(RPCError) {
    let offset = Int64(try arguments[Parameters.offset])
    let (agent, _, file) = try viewedFile()
    guard file.kind == .image || file.kind == .vector else {
      throw .invalidParams("output", "a \(file.kind.rawValue) is not shown in pieces", hint: "It is \(file.path).")
    }
    guard file.bytes <= MCPAppPiece.fileLimit else {
      throw .invalidParams(
        "output", "the file has \(file.bytes) bytes; \(MCPAppPiece.fileLimit) can be shown",
        hint: "It is \(file.path).",
        limit: Int(MCPAppPiece.fileLimit))
    }
    guard offset < file.bytes else {
      throw .invalidParams("offset", "the file has \(file.bytes) bytes", limit: Int(file.bytes))
    }
    service.pictures.async {
      var piece = MCPAppPiece(of: file, from: offset, room: call.reply.waitForRoom())
      guard piece.length > 0, agent.engine.read(file, for: .mcp, { piece.take($0) }) else {
        return refuse(RPCError(.storageFailed, "\(file.path) is missing or was changed.", hint: "The thumbnail stays."))
      }
      answerView(piece.json)
    }
  }

  /// The file that a view asks for, among those that the agent may see.
  private func viewedFile() throws(RPCError) -> (MCPAgent, PredictionSnapshot, OutputFile) {
    let id = try arguments[Parameters.id]
    let number = try arguments[Parameters.output]
    let agent = try call.agent()
    let snapshot: PredictionSnapshot
    do throws(StoreError) {
      snapshot = try agent.snapshot(id)
    } catch {
      throw .storage(error, id: id.description)
    }
    guard let file = snapshot.prediction.visibleFile(number), service.folders.contains(file.path) else {
      throw .invalidParams("output", "there is no file \(number)")
    }
    return (agent, snapshot, file)
  }

  /// Answers with an object as a text alone: the same again as structured content would double each message.
  private func answerView(_ object: JSONWriter) {
    let result = MCPToolResult(text: SafeText(json: object.bytes))
    call.result { result.write(to: &$0, for: call.revision) }
  }
}
