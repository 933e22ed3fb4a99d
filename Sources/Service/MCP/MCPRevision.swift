/// The revisions of MCP, oldest first, and their features.
///
/// A field is sent only in revisions that have it: strict clients reject unknown fields.
enum MCPRevision: String, CaseIterable, Comparable, Sendable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  /// The last revision with a handshake, and the default.
  case november2025 = "2025-11-25"
  /// Stateless: every request describes itself.
  case july2026 = "2026-07-28"

  static func < (one: MCPRevision, other: MCPRevision) -> Bool { one.rawValue < other.rawValue }

  /// The answer of the handshake: the requested revision, if it has a handshake, otherwise the newest that has one. Clients
  /// close the connection at a revision that they do not know.
  static func negotiated(_ requested: String) -> MCPRevision {
    guard let known = MCPRevision(rawValue: requested), known.hasHandshake else { return .november2025 }
    return known
  }

  /// The names, newest first, as in `server/discover` and in the error -32022.
  static let supported = allCases.reversed().map(\.rawValue)

  var hasHandshake: Bool { self < .july2026 }
  /// Whether results state their type, their server and how long they may be cached.
  var isStateless: Bool { !hasHandshake }
  var hasAnnotations: Bool { self >= .march2025 }
  var hasCompletionsCapability: Bool { self >= .march2025 }
  var hasProgressMessage: Bool { self >= .march2025 }
  var hasTitles: Bool { self >= .june2025 }
  var hasStructuredContent: Bool { self >= .june2025 }
  var hasResourceLinks: Bool { self >= .june2025 }
  var hasElicitation: Bool { self >= .june2025 }
  /// Whether a tool in the list may have `_meta`.
  var hasToolMeta: Bool { self >= .june2025 }
  var hasIcons: Bool { self >= .november2025 }
  /// Whether tasks are a part of the protocol; later they are an extension.
  var hasCoreTasks: Bool { self == .november2025 }
  /// Whether invalid arguments are reported to the model, as the result of the tool.
  var tellsModelOfBadArguments: Bool { self >= .november2025 }
  /// The code for a resource that does not exist.
  var resourceNotFoundCode: Int { isStateless ? -32_602 : -32_002 }
}

/// Names in `_meta` and capabilities: those that MCP reserves, and one of Claude Code.
enum MCPName {
  static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
  static let clientInfo = "io.modelcontextprotocol/clientInfo"
  static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
  /// Words for Claude Code's search for tools.
  static let searchHint = "anthropic/searchHint"
  static let tasks = "io.modelcontextprotocol/tasks"
}
