internal import JSON

/// The capabilities of a client that decide what it is asked and told.
struct MCPClientCapabilities: Sendable, Equatable {
  /// Whether its user can answer a form.
  var canAsk = false
  /// Whether it lists its roots.
  var hasRoots = false
  /// Whether it understands tasks as an extension. Only requests of stateless revisions say so.
  var hasTasksExtension = false
  /// Whether it shows pages (`MCPApps`).
  var showsApps = false

  init() {}

  /// Reads them from the handshake, or from a request. An `elicitation` without modes means forms.
  init(_ capabilities: JSONValue?) {
    showsApps = MCPApps.areShown(by: capabilities)
    hasTasksExtension = capabilities?["extensions"]?[MCPName.tasks]?.object != nil
    hasRoots = capabilities?["roots"]?.object != nil
    guard let elicitation = capabilities?["elicitation"]?.object else { return }
    canAsk = elicitation.members.isEmpty || elicitation["form"]?.object != nil
  }
}

extension MCPCall {
  /// Those of the request or, before stateless revisions, of the handshake.
  var clientCapabilities: MCPClientCapabilities {
    revision.isStateless ? context.capabilities : service.mcp.capabilities
  }
}
