internal import JSON
internal import JSONRPC
internal import Predictions

extension Method {
  /// The methods of the LSP base protocol and `ping`.
  ///
  /// - Parameter providers: whose keys `initialize` takes.
  static func lifecycle(_ providers: [ProviderDescriptor]) -> [Method] {
    [
      Method(
        "ping", "Answers at once.", result: .object(others: false), isStrict: false, turn: .atOnce, body: .now(ping)),
      Method(
        "initialize", "Takes configuration and returns the capabilities; plain clients need not call it.",
        [
          Parameters.process, Parameters.clientInfo, Parameters.configuration(providers),
          Parameters.initializationOptions(providers),
        ], result: .capabilities, errors: [.invalidParams], isStrict: false,
        // The handshake of MCP reads no prediction, and decides how later messages are read.
        turn: .atOnce { _, params in params.object["protocolVersion"] != nil }, body: .now(initialize)),
      Method(notification: "initialized", "Does nothing.") { _, _ in },
      Method(
        "shutdown", "Ends all waiting calls, and refuses requests after that.", result: .null, isStrict: false,
        turn: .atOnce,
        body: .now { service, _ in
          service.shutDownInOrder()
          return .null
        }),
      Method(notification: "exit", "Ends the process.") { service, _ in service.exit() },
      Method(
        notification: "$/cancelRequest", "Stops waiting for a request; its prediction goes on.",
        [Parameters.request]
      ) { service, params in
        if let id = try? params[Parameters.request] { service.cancelRequest(id) }
      },
      Method(
        "rpc.discover", "Returns the description of all methods, as an OpenRPC document.",
        result: .object([
          "openrpc": .string.about("The version of OpenRPC."),
          "info": .object().about("The name and the version of imagewire."),
          "methods": .array(of: .object()).about("Every method, with its parameters, result and errors."),
        ]), isStrict: false, turn: .atOnce,
        body: .now { service, _ in .json(service.description()) }),
    ]
  }

  /// The parameters of these methods. Other parameters of the LSP base protocol are ignored.
  private enum Parameters {
    static let process = Parameter(
      optional: "processId", .unchecked(.integer()), about: "The client's process; imagewire ends when it exits.")
    static let clientInfo = Parameter(
      optional: "clientInfo", .unchecked(.object()), about: "The client's name and version; not used.")
    static func configuration(_ providers: [ProviderDescriptor]) -> Parameter<JSONObject?> {
      Parameter(
        optional: "configuration", .object(.settings(providers)),
        about: "Settings of this process, over those of the environment and the file; no key of it is ever written.")
    }
    static func initializationOptions(_ providers: [ProviderDescriptor]) -> Parameter<JSONObject?> {
      Parameter(
        optional: "initializationOptions", .object(.settings(providers)),
        about: "The same, where the LSP base protocol has them.")
    }
    static let request = Parameter(
      "id", .unchecked(Schema(["type": ["integer", "string"]])), about: "The request's id.")
  }

  @Sendable private static func ping(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    // The stateless revision of MCP has neither `ping` nor `initialize`.
    if MCPRequestContext.isStateless(params.object) { throw .methodNotFound }
    return .empty
  }

  @Sendable private static func initialize(_ service: Service, _ params: MethodParameters) throws(RPCError) -> Answer {
    if MCPRequestContext.isStateless(params.object) { throw .methodNotFound }
    // With `protocolVersion` it is the handshake of MCP, otherwise that of the LSP base protocol.
    if params.object["protocolVersion"] != nil { return .json(try service.initializeMCP(params.object)) }
    let providers = service.host.providers
    let options = try params[Parameters.initializationOptions(providers)]
    let settings = try params[Parameters.configuration(providers)] ?? options ?? JSONObject()
    func setting(_ name: String) throws(RPCError) -> String? {
      guard let value = settings[name], !value.isNull else { return nil }
      guard let text = value.string, ClientSettings.bytes.contains(text.utf8.count) else {
        throw .invalidParams("configuration.\(name)", "\(name) must be a string that is not empty")
      }
      return text
    }
    func name(_ name: String) throws(RPCError) -> String? {
      let text = try setting(name)
      if let text, !SafeText.isName(text) { throw .notAName("configuration.\(name)") }
      return text
    }
    var requested = ClientSettings(
      provider: try name("provider"), model: try name("model"), outputDirectory: try name("output_dir"))
    for provider in providers where provider.access != nil {
      requested.keys[provider.name] = try setting(provider.keyField)
    }
    if let folder = requested.outputDirectory, !OutputDirectory.isUsable(folder) {
      throw .invalidParams("configuration.output_dir", "output_dir must be an absolute path or an s3:// address")
    }
    try service.configure(requested)
    if let process = try params[Parameters.process]?.int64 { service.watch(process) }
    return .json(service.capabilities())
  }
}

/// Settings that a client sends with `initialize`; options of the command line win over them.
public struct ClientSettings: Sendable, Equatable {
  /// The length of each setting.
  static let bytes = 1...4_096

  /// The default provider.
  public var provider: String?
  /// The default model.
  public var model: String?
  /// The default output folder, absolute.
  public var outputDirectory: String?
  /// Keys, by the provider's name; never logged, never recorded.
  public var keys: [String: String] = [:]
}

extension Schema {
  /// The settings that a client may send.
  fileprivate static func settings(_ providers: [ProviderDescriptor]) -> Schema {
    func setting(_ about: String) -> Schema { .string(ClientSettings.bytes).orNull.about(about) }
    let keys = providers.filter { $0.access != nil }.map { provider in
      (provider.keyField, setting("The key of \(provider.name); never logged, never recorded."))
    }
    let settings =
      [
        ("provider", setting("The provider of requests that name none.")),
        ("model", setting("The model of requests that name none.")),
      ]
      + keys + [
        (
          "output_dir",
          setting("The directory of files: an absolute path, or an s3:// address in the configured bucket.")
        )
      ]
    return .object(settings, optional: Set(settings.map(\.0)))
  }

  /// The result of `initialize`, written by `Service.capabilities`.
  fileprivate static var capabilities: Schema {
    .object([
      "capabilities": .object([
        "experimental": .object([
          "imagewire": .object([
            "provider": .string.orNull.about("The default provider."),
            "model": .string.orNull.about("Its default model."),
            "max_message_bytes": .integer(1...).about(
              "No message from imagewire is longer unless a request asks for it."),
            "methods": .array(of: .string).about("The names of all methods."),
          ]).about("What imagewire can do.")
        ]).about("What the LSP base protocol does not define.")
      ]).about("What the server can do."),
      "serverInfo": .object([
        "name": .only("imagewire").about("By which a client knows that it speaks with imagewire."),
        "version": .string.about("Its version."),
      ]).about("The program."),
    ])
  }
}
