/// The revisions of MCP, oldest first, and what each of them knows.
///
/// A member goes out only in revisions that have it: strict clients reject what they do not know.
enum MCPRevision: String, CaseIterable, Comparable, Sendable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  /// The last with a handshake, and what a claim of no revision means.
  case november2025 = "2025-11-25"
  /// Stateless: every request says what it is.
  case july2026 = "2026-07-28"

  static func < (one: MCPRevision, other: MCPRevision) -> Bool { one.rawValue < other.rawValue }

  /// What the handshake answers: what was asked for, if it has a handshake, else the newest that does. Clients hang up on
  /// a revision they do not know, so never the newest of all.
  static func negotiated(_ requested: String) -> MCPRevision {
    guard let known = MCPRevision(rawValue: requested), known.hasHandshake else { return .november2025 }
    return known
  }

  /// Newest first, as `server/discover` and -32022 tell them.
  static let supported = allCases.reversed().map(\.rawValue)

  var hasHandshake: Bool { self < .july2026 }
  /// Whether results say what they are, who says it and how long it holds.
  var isStateless: Bool { !hasHandshake }
  var hasAnnotations: Bool { self >= .march2025 }
  var hasCompletionsCapability: Bool { self >= .march2025 }
  var hasProgressMessage: Bool { self >= .march2025 }
  var hasTitles: Bool { self >= .june2025 }
  var hasStructuredContent: Bool { self >= .june2025 }
  var hasResourceLinks: Bool { self >= .june2025 }
  var hasIcons: Bool { self >= .november2025 }
  /// Tasks as a part of the protocol itself; later they are an extension.
  var hasCoreTasks: Bool { self == .november2025 }
  /// Whether arguments that cannot be used are told to the model, as the result of the tool.
  var tellsModelOfBadArguments: Bool { self >= .november2025 }
  /// The code for a resource that is not there.
  var resourceNotFoundCode: Int { isStateless ? -32_602 : -32_002 }
}

/// Names that MCP reserves in `_meta` and capabilities.
enum MCPName {
  static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
  static let clientInfo = "io.modelcontextprotocol/clientInfo"
  static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
  static let tasks = "io.modelcontextprotocol/tasks"
}
