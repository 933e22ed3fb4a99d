internal import JSON

/// A program whose agents use MCP servers.
public enum MCPHost: String, CaseIterable, Sendable {
  case claudeCode = "claude-code"
  case claudeDesktop = "claude-desktop"
  case codex, cursor, vscode, zed, vibe, gemini, goose, opencode, windsurf

  /// How the file lists servers.
  enum Format {
    /// Members of the JSON object at this path.
    case json(at: [String])
    /// TOML tables `[mcp_servers.NAME]`.
    case tables
    /// TOML tables `[[mcp_servers]]` with a `name`.
    case arrayOfTables
    /// Members of the YAML mapping `extensions`.
    case mapping
  }

  var format: Format {
    switch self {
    case .claudeCode, .claudeDesktop, .cursor, .gemini, .windsurf: .json(at: ["mcpServers"])
    case .vscode: .json(at: ["servers"])
    case .zed: .json(at: ["context_servers"])
    case .opencode: .json(at: ["mcp"])
    case .codex: .tables
    case .vibe: .arrayOfTables
    case .goose: .mapping
    }
  }

  /// Its name in sentences.
  public var title: String {
    switch self {
    case .claudeCode: "Claude Code"
    case .claudeDesktop: "Claude Desktop"
    case .codex: "Codex"
    case .cursor: "Cursor"
    case .vscode: "VS Code"
    case .zed: "Zed"
    case .vibe: "Mistral Vibe"
    case .gemini: "Gemini CLI"
    case .goose: "goose"
    case .opencode: "opencode"
    case .windsurf: "Windsurf"
    }
  }

  /// The places of its file: the first that exists is used, and where none does, the first.
  ///
  /// - Parameters:
  ///   - home: the home directory.
  ///   - variables: the environment; directories that are not absolute are ignored.
  public func places(home: String, variables: [String: String], isMac: Bool) -> [String] {
    func folder(_ variable: String, _ usual: String) -> String {
      variables[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? usual
    }
    let settings = folder("XDG_CONFIG_HOME", "\(home)/.config")
    let applications = isMac ? "\(home)/Library/Application Support" : settings
    return switch self {
    case .claudeCode: ["\(folder("CLAUDE_CONFIG_DIR", home))/.claude.json"]
    case .claudeDesktop: ["\(applications)/Claude/claude_desktop_config.json"]
    case .codex: ["\(folder("CODEX_HOME", "\(home)/.codex"))/config.toml"]
    case .cursor: ["\(home)/.cursor/mcp.json"]
    case .vscode: ["\(applications)/Code/User/mcp.json"]
    case .zed: ["\(settings)/zed/settings.json"]
    case .vibe: ["\(folder("VIBE_HOME", "\(home)/.vibe"))/config.toml"]
    case .gemini: ["\(home)/.gemini/settings.json"]
    case .goose: ["\(settings)/goose/config.yaml"]
    case .opencode: ["\(settings)/opencode/opencode.json", "\(settings)/opencode/opencode.jsonc"]
    case .windsurf: ["\(home)/.codeium/windsurf/mcp_config.json"]
    }
  }

  /// How long its calls may take, and how to change that, in one sentence.
  public var timeout: String {
    switch self {
    case .claudeCode:
      "Claude Code waits for hours; the server's field timeout (milliseconds) or the variable MCP_TOOL_TIMEOUT shortens "
        + "that."
    case .claudeDesktop: "Claude Desktop gives up after about 60 s, which has no setting; a tool answers after 50 s."
    case .cursor, .vscode, .windsurf: "\(title) has no setting for the time-out of a call; a tool answers after 50 s."
    case .codex, .vibe:
      "A call may take 600 s (tool_timeout_sec); a tool answers after 50 s unless --tool-wait says more."
    case .zed, .goose: "A call may take 600 s (timeout); a tool answers after 50 s unless --tool-wait says more."
    case .gemini, .opencode:
      "A call may take 600 s (timeout, in milliseconds); a tool answers after 50 s unless --tool-wait says more."
    }
  }

  /// Whether it starts servers in the folder of the user's project, so that agents may save there.
  var startsInProject: Bool { self == .claudeCode || self == .codex }

  /// How long a call may take, where the file says it, in seconds.
  static let patience: Int64 = 600
}

/// The server as a host starts it.
public struct MCPServerEntry: Sendable, Equatable {
  /// Its name in the host's file.
  let name: String
  /// The absolute path of the program.
  let program: String
  private let outputDirectory: String?

  /// - Parameters:
  ///   - name: `isName` has accepted it.
  ///   - program: absolute.
  ///   - outputDirectory: absolute; `nil` for the usual one.
  public init(name: String, program: String, outputDirectory: String?) {
    self.name = name
    self.program = program
    self.outputDirectory = outputDirectory
  }

  /// The command line without the program.
  private func arguments(for host: MCPHost) -> [String] {
    ["mcp"] + (outputDirectory.map { ["--output-dir", $0] } ?? [])
      + (host.startsInProject ? ["--allow-output", "."] : [])
  }

  /// Whether every host takes the name: the tools' names begin with it.
  public static func isName(_ text: String) -> Bool {
    1...32 ~= text.utf8.count
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Whether a path can be written in every format.
  public static func isPath(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  /// The entry as JSON.
  func value(for host: MCPHost) -> JSONValue {
    let command = JSONValue.string(program)
    let list = JSONValue.array(arguments(for: host).map { .string($0) })
    let milliseconds = JSONValue(integerLiteral: MCPHost.patience * 1_000)
    return switch host {
    case .claudeCode, .cursor, .vscode: ["type": "stdio", "command": command, "args": list]
    case .zed: ["command": command, "args": list, "timeout": JSONValue(integerLiteral: MCPHost.patience)]
    case .gemini: ["command": command, "args": list, "timeout": milliseconds]
    case .opencode:
      [
        "type": "local", "command": .array([command] + arguments(for: host).map { .string($0) }), "enabled": true,
        "timeout": milliseconds,
      ]
    default: ["command": command, "args": list]
    }
  }

  /// The entry of opencode's second version, whose servers are at `mcp.servers`.
  var valueOfSecondVersion: JSONValue {
    [
      "type": "local", "command": .array(([program] + arguments(for: .opencode)).map { .string($0) }),
      "timeout": ["execution": JSONValue(integerLiteral: MCPHost.patience * 1_000)],
    ]
  }

  /// The entry as lines of TOML or YAML, without the indentation of the whole.
  func lines(for host: MCPHost) -> [String] {
    // A JSON string without control characters is also a string of TOML and YAML.
    func quoted(_ text: String) -> String { JSONValue.string(text).text }
    let list = "[\(arguments(for: host).map(quoted).joined(separator: ", "))]"
    return switch host {
    case .codex:
      [
        "[mcp_servers.\(name)]", "command = \(quoted(program))", "args = \(list)",
        "tool_timeout_sec = \(MCPHost.patience)",
      ]
    case .vibe:
      [
        "[[mcp_servers]]", "name = \(quoted(name))", "transport = \"stdio\"",
        // Vibe splits a string as a shell does.
        "command = \(isPlain ? quoted(program) : "[\(quoted(program))]")", "args = \(list)",
        "tool_timeout_sec = \(MCPHost.patience)",
      ]
    case .goose:
      [
        "\(name):", "  enabled: true", "  type: stdio", "  name: \(name)", "  cmd: \(quoted(program))",
        "  args: \(list)",
        "  env_keys: []", "  envs: {}", "  timeout: \(MCPHost.patience)",
      ]
    default: []
    }
  }

  private var isPlain: Bool { !program.contains { " '\"\\".contains($0) } }
}
