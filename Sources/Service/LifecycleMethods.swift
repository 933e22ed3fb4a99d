internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods of the LSP base protocol and `ping`.
  static let lifecycle: [Method] = [
    Method("ping", "Answers at once.", result: .object(others: false), isStrict: false, body: .now(ping)),
    Method(
      "initialize", "Takes configuration and returns the capabilities; plain clients need not call it.",
      [
        Parameter("processId", .integer().about("The client's process; imagewire ends when it exits.")),
        Parameter("clientInfo", .object()),
        Parameter("configuration", .settings), Parameter("initializationOptions", .settings),
      ], result: .capabilities, errors: [.invalidParams], isStrict: false, body: .now(initialize)),
    Method(notification: "initialized", "Does nothing.") { _, _ in },
    Method(
      "shutdown", "Ends all waiting calls, and refuses requests after that.", result: .null, isStrict: false,
      body: .now { service, _ in
        service.shutDown()
        return .null
      }),
    Method(notification: "exit", "Ends the process.") { service, _ in service.exit() },
    Method(
      notification: "$/cancelRequest", "Stops waiting for a request; its prediction goes on.",
      [Parameter("id", Schema(["type": ["integer", "string"]]).about("The request's id."), required: true)]
    ) { service, params in
      if let id = params.object["id"] { service.cancelRequest(id) }
    },
    Method(
      "rpc.discover", "Returns the description of all methods, as an OpenRPC document.",
      result: .object(["openrpc": .string, "info": .object(), "methods": .array(of: .object())]), isStrict: false,
      body: .now { service, _ in .json(service.description()) }),
  ]

  @Sendable private static func ping(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    // The stateless revision of MCP has none, and none of `initialize`.
    if MCPRequestContext.isStateless(params.object) { throw .methodNotFound }
    return .empty
  }

  @Sendable private static func initialize(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    if MCPRequestContext.isStateless(params.object) { throw .methodNotFound }
    // With a revision it is the handshake of MCP, without one that of editors.
    if params.object["protocolVersion"] != nil { return .json(try service.initializeMCP(params.object)) }
    let options = try params.object("initializationOptions")
    let settings = try params.object("configuration") ?? options ?? JSONObject()
    func setting(_ name: String) throws(RPCError) -> String? {
      guard let value = settings[name], !value.isNull else { return nil }
      guard let text = value.string, !text.isEmpty, text.utf8.count <= 4_096 else {
        throw .invalidParams("configuration.\(name)", "\(name) must be a string that is not empty")
      }
      return text
    }
    func name(_ name: String) throws(RPCError) -> String? {
      let text = try setting(name)
      if let text { try MethodParameters.checkName(text, "configuration.\(name)") }
      return text
    }
    let wish = ClientSettings(
      provider: try name("provider"), model: try name("model"),
      wavespeedKey: try setting("wavespeed_api_key"), openAIKey: try setting("openai_api_key"),
      outputDirectory: try name("output_dir"))
    if let folder = wish.outputDirectory, !folder.hasPrefix("/") {
      throw .invalidParams("configuration.output_dir", "output_dir must be an absolute path")
    }
    service.configure(wish)
    if let process = params.object["processId"]?.int64 { service.watch(process) }
    return .json(service.capabilities())
  }
}

/// What a client may set with `initialize`; flags win over it.
public struct ClientSettings: Sendable, Equatable {
  /// The default provider.
  public var provider: String?
  /// The default model.
  public var model: String?
  /// The key for `wavespeed`; never logged, never recorded.
  public var wavespeedKey: String?
  /// The key for `openai`; never logged, never recorded.
  public var openAIKey: String?
  /// The default output folder, absolute.
  public var outputDirectory: String?
}

extension Schema {
  /// What a client may set.
  fileprivate static var settings: Schema {
    let setting = Schema.string(1...4_096).orNull
    return .object(
      [
        "provider": setting, "model": setting, "wavespeed_api_key": setting, "openai_api_key": setting,
        "output_dir": setting,
      ], optional: ["provider", "model", "wavespeed_api_key", "openai_api_key", "output_dir"])
  }

  /// What `initialize` answers; written by `Service.capabilities`.
  fileprivate static var capabilities: Schema {
    .object([
      "capabilities": .object([
        "experimental": .object([
          "imagewire": .object([
            "provider": .string.orNull.about("The default provider."),
            "model": .string.orNull.about("Its default model."),
            "max_message_bytes": .integer(1...).about(
              "No message from imagewire is longer unless a request asks for it."),
            "methods": .array(of: .string),
          ])
        ])
      ]),
      "serverInfo": .object(["name": .only("imagewire"), "version": .string]),
    ])
  }
}
