internal import JSON
internal import JSONRPC

extension Method {
  /// The methods of MCP: the same predictions for agents. Each row names the revisions that have the method.
  static let mcp: [Method] = [
    Method(
      mcp: "server/discover", "Describes this server.", MCPRevision.november2024...(.july2026), turn: .atOnce,
      Service.discover),
    Method(mcp: "tools/list", "The tools.", all, turn: .atOnce, MCPTool.list),
    Method(mcp: "tools/call", "Calls a tool.", all, MCPToolCall.handle),
    Method(mcp: "prompts/list", "The prompts.", all, turn: .atOnce, MCPPrompt.list),
    Method(mcp: "prompts/get", "A prompt with its arguments.", all, turn: .atOnce, MCPPrompt.get),
    Method(mcp: "resources/list", "An empty list; see the templates.", all, turn: .atOnce, MCPResource.list),
    Method(mcp: "resources/templates/list", "The URI of saved files.", all, turn: .atOnce, MCPResource.templates),
    Method(mcp: "resources/read", "A saved file.", all, MCPResource.read),
    Method(mcp: "completion/complete", "Names of models.", all, MCPCompletion.complete),
    Method(mcp: "tasks/get", "The state of a task.", .november2025...(.july2026), MCPTask.get),
    Method(mcp: "tasks/cancel", "Stops a task.", .november2025...(.july2026), MCPTask.cancel),
    Method(mcp: "tasks/result", "The result of a task.", .november2025...(.november2025), MCPTask.result),
    Method(mcp: "tasks/list", "The tasks.", .november2025...(.november2025), MCPTask.list),
    Method(mcp: "tasks/update", "Acknowledges.", .july2026...(.july2026), MCPTask.update),
    Method(mcp: "subscriptions/listen", "Notifications about tasks.", .july2026...(.july2026), MCPSubscription.listen),
    Method(mcp: "notifications/initialized", "The client is ready.") { service, _ in service.askForRoots() },
    Method(mcp: "notifications/roots/list_changed", "The client has other roots.") { service, _ in service.askForRoots()
    },
    Method(mcp: "notifications/cancelled", "Stops waiting for a request, which is not answered.") { service, params in
      if let id = params.object["requestId"] { service.cancelRequest(id) }
    },
  ]

  private static let all = MCPRevision.november2024...MCPRevision.july2026

  /// A method of MCP, whose schema is MCP's own.
  private convenience init(
    mcp name: String, _ summary: String, _ revisions: ClosedRange<MCPRevision>, turn: Turn = .inOrder,
    _ body: @escaping @Sendable (Service, MCPCall) throws(RPCError) -> Void
  ) {
    self.init(mcp: name, summary, [], turn: turn, body: .mcp(revisions, body))
  }

  /// A notification of MCP.
  private convenience init(
    mcp name: String, _ summary: String, _ body: @escaping @Sendable (Service, MethodParameters) -> Void
  ) {
    self.init(mcp: name, summary, [], body: .notification(body))
  }
}
