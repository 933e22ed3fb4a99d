internal import JSON
internal import JSONRPC

/// The protocol revision and the client of a request. Pure.
///
/// A request whose `_meta` names a revision describes itself; for any other one the handshake holds.
struct MCPRequestContext: Sendable, Equatable {
  let revision: MCPRevision
  /// `clientInfo.name` of the request; `nil` where the handshake has it.
  var clientName: String?
  /// Those of the request; empty where the handshake has them.
  var capabilities = MCPClientCapabilities()

  /// Whether a request names a revision, known or not.
  static func isStateless(_ params: JSONObject) -> Bool {
    params["_meta"]?[MCPName.protocolVersion] != nil
  }

  /// Reads `_meta`.
  ///
  /// - Parameter negotiated: the revision of the handshake, or its default.
  init(_ params: JSONObject, negotiated: MCPRevision) throws(RPCError) {
    guard let claimed = params["_meta"]?[MCPName.protocolVersion] else {
      revision = negotiated
      return
    }
    guard let name = claimed.string else {
      throw .invalidParams("_meta", "_meta[\"\(MCPName.protocolVersion)\"] must be a string, not \(claimed.kind)")
    }
    guard let known = MCPRevision(rawValue: name), known.isStateless else { throw .unsupportedRevision(name) }
    guard let capabilities = params["_meta"]?[MCPName.clientCapabilities]?.object else {
      throw .invalidParams("_meta", "_meta[\"\(MCPName.clientCapabilities)\"] must be an object")
    }
    revision = known
    clientName = params["_meta"]?[MCPName.clientInfo]?["name"]?.string
    self.capabilities = MCPClientCapabilities(.object(capabilities))
  }
}

extension RPCError {
  /// UnsupportedProtocolVersion.
  static func unsupportedRevision(_ requested: String) -> RPCError {
    RPCError(code: -32_022, message: "Unsupported protocol version") { data in
      data.beginObject()
      data.name("supported")
      data.beginArray()
      for name in MCPRevision.supported { data.value(name) }
      data.endArray()
      data.name("requested")
      data.value(String(requested.prefix(64)))
      data.endObject()
    }
  }

  /// MissingRequiredClientCapability: the request did not declare that its client understands tasks.
  static let tasksExtensionRequired = RPCError(
    code: -32_021, message: "This needs the capability \(MCPName.tasks), which the request did not declare"
  ) { data in
    data.beginObject()
    data.name("requiredCapabilities")
    data.beginObject()
    data.name("extensions")
    data.beginObject()
    data.name("io.modelcontextprotocol/tasks")
    data.beginObject()
    data.endObject()
    data.endObject()
    data.endObject()
    data.endObject()
  }
}
