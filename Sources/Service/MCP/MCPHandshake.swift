internal import JSON
internal import JSONRPC
internal import Predictions

extension Service {
  /// How long a client may cache results that do not change while the process runs, in milliseconds.
  static let staticLifetime: Int64 = 3_600_000

  /// `initialize` with a `protocolVersion`: the handshake of MCP. It opens no database: hosts start processes only to read their
  /// capabilities.
  func initializeMCP(_ params: JSONObject) throws(RPCError) -> [UInt8] {
    guard let requested = params["protocolVersion"]?.string else {
      throw .invalidParams("protocolVersion", "protocolVersion must be a string like \"2025-11-25\"")
    }
    let revision = MCPRevision.negotiated(requested)
    mcp.revision = revision
    mcp.clientName = params["clientInfo"]?["name"]?.string ?? ""
    mcp.capabilities = MCPClientCapabilities(params["capabilities"])
    var json = JSONWriter()
    json.beginObject()
    json.name("protocolVersion")
    json.value(revision.rawValue)
    json.name("capabilities")
    json.capabilities(of: revision, withApps: mcp.capabilities.showsApps)
    json.name("serverInfo")
    writeServerInfo(to: &json, for: revision, isFull: true)
    json.name("instructions")
    json.value(instructions)
    json.endObject()
    return json.bytes
  }

  /// `server/discover`.
  @Sendable static func discover(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard call.revision.isStateless else {
      throw .invalidParams(
        "_meta", "_meta needs \"\(MCPName.protocolVersion)\" and \"\(MCPName.clientCapabilities)\"",
        hint: "Versions: \(MCPRevision.supported.joined(separator: ", ")); all but the first begin with initialize.")
    }
    call.result(lasts: staticLifetime, introducing: true) { json in
      json.name("supportedVersions")
      json.beginArray()
      for name in MCPRevision.supported { json.value(name) }
      json.endArray()
      json.name("capabilities")
      json.capabilities(of: call.revision, withApps: call.showsApps)
      json.name("instructions")
      json.value(service.instructions)
    }
  }

  /// The instructions that a host gives to the model. Hosts cut them at 2 KB, so the most important part is first.
  var instructions: String {
    [host.standing(), Self.usage, places, fileInstructions].compactMap { $0 }.joined(separator: " ")
  }

  /// The folders that `output_dir` may name; `nil` where files have one place only.
  private var places: String? {
    let names = folders.names
    let others = names.dropFirst().filter { $0 != names[0] }.map { "\(SafeText(path: $0))" }
    guard !others.isEmpty else { return nil }
    return "Files go to \(SafeText(path: names[0])); with output_dir also to \(others.joined(separator: " or "))."
  }

  private static let usage = """
    imagewire makes images from text and saves them as files. generate_image waits for the image and usually is all you \
    need; edit_image changes an image, by its id; view_image shows it to you. No image is lost: when a call runs out of \
    time, the image is still being made, so call get_image with its id and do not generate it again, because each new \
    image may cost money. list_images finds ids again; list_models and estimate_cost say what there is and what it costs.
    """

  /// Writes the name and the version of this server.
  ///
  /// - Parameter isFull: whether to add the description and the icon, as the first reply has them.
  func writeServerInfo(to json: inout JSONWriter, for revision: MCPRevision, isFull: Bool) {
    json.beginObject()
    json.name("name")
    json.value("imagewire")
    if revision.hasTitles {
      json.name("title")
      json.value("imagewire")
    }
    json.name("version")
    json.value(host.version)
    if revision.hasIcons, isFull {
      json.name("description")
      json.value("Image generation that loses nothing that was paid for.")
      json.name("icons")
      json.raw(MCPIcon.json)
    }
    json.endObject()
  }
}

extension JSONWriter {
  fileprivate mutating func capabilities(of revision: MCPRevision, withApps: Bool) {
    func empty(_ json: inout JSONWriter) {
      json.beginObject()
      json.endObject()
    }
    beginObject()
    name("tools")
    empty(&self)
    name("resources")
    empty(&self)
    name("prompts")
    empty(&self)
    if revision.hasCompletionsCapability {
      name("completions")
      empty(&self)
    }
    if revision.hasCoreTasks {
      name("tasks")
      raw(#"{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}"#)
    }
    if revision.isStateless || withApps {
      name("extensions")
      beginObject()
      for extended in [revision.isStateless ? MCPName.tasks : nil, withApps ? MCPApps.name : nil].compactMap({ $0 }) {
        name(escaping: extended)
        empty(&self)
      }
      endObject()
    }
    endObject()
  }
}
