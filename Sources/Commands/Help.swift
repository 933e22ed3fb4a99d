internal import Predictions

/// The text of `--help`, rendered from the command table.
public struct Help: Sendable {
  private let table: CommandTable

  /// Help on these commands.
  public init(_ table: CommandTable) {
    self.table = table
  }

  /// Columns of a line, as many as the narrowest usual terminal has.
  static let width = 80

  /// The summary of the option `--help`, which every command has.
  static let helpSummary = "this help"

  /// Environment variables, for the general help and the man page.
  static func variables(_ table: CommandTable) -> [(name: String, summary: String)] {
    let ofProviders = table.providers.compactMap { provider -> [(name: String, summary: String)]? in
      guard let access = provider.access else { return nil }
      let key = provider.keyVariable
      let path = access.defaultPath.isEmpty ? "" : ", with \(access.defaultPath)"
      return [
        (
          key,
          "key of \(provider.name); "
            + (access.hasOwnServers ? "your own server may need none" : "\(key)_FILE names a file that contains it")
        ),
        (provider.baseURLVariable, "address of \(provider.name)\(path) (\(access.defaultBaseURL))"),
      ] + access.settings.map { (provider.variable(of: $0), $0.summary) }
    }
    return ofProviders.flatMap { $0 } + commonVariables
  }

  private static let commonVariables: [(name: String, summary: String)] = [
    ("IMAGEWIRE_PROVIDER", "as --provider"), ("IMAGEWIRE_MODEL", "as --model"),
    ("IMAGEWIRE_STATE_DIR", "as --state-dir"), ("IMAGEWIRE_OUTPUT_DIR", "as --output-dir"),
    ("S3_ENDPOINT_URL, AWS_REGION", "where the bucket of --output-dir s3://… is; its key as for Amazon's own tools"),
    ("IMAGEWIRE_MAX_SPEND_STRICT", "true: as --max-spend-strict"),
    ("IMAGEWIRE_AGENT_MAX_IMAGES, IMAGEWIRE_AGENT_MAX_SPEND", "as --agent-max-images and --agent-max-spend"),
    ("IMAGEWIRE_CONFIRM_ABOVE", "as --confirm-above"), ("IMAGEWIRE_TOOL_WAIT", "as --tool-wait"),
    ("IMAGEWIRE_MAX_OUTPUT_BYTES", "as --max-output-bytes, for all commands"),
    ("IMAGEWIRE_RETAIN", "as --retain, for all commands"), ("IMAGEWIRE_LOG", "as --log-level"),
    ("HTTPS_PROXY, NO_PROXY", "proxy settings; CURL_CA_BUNDLE and SSL_CERT_FILE name trusted certificates"),
    ("NO_COLOR", "turns colours off"),
  ]

  /// The exit statuses and their meanings.
  static let statuses: [(status: Int, meaning: String)] = [
    (0, "completed, and its files are saved"), (1, "failed"), (2, "invalid command line or setting"),
    (3, "cancelled"), (4, "unknown: the provider may or may not have received the request, or the time was up"),
  ]

  /// The general help.
  public var text: String {
    var lines = [
      "imagewire: image generation for programs and people", "",
      "Usage: imagewire [serve] [options]    speak JSON-RPC on stdin and stdout",
      "       imagewire COMMAND [options] …", "", "Commands:",
    ]
    lines += Self.columns(table.visible.map { ($0.name, $0.summary) })
    lines += ["", "See imagewire COMMAND --help. --version prints the version.", "", "Environment:"]
    lines += Self.columns(Self.variables(table).map { ($0.name, $0.summary) })
    lines += ["", "Exit status:"]
    lines += Self.columns(Self.statuses.map { (String($0.status), $0.meaning) })
    return lines.joined(separator: "\n")
  }

  /// The help on one command.
  public func text(of command: Command) -> String {
    var lines = Self.wrapped("imagewire \(command.name): \(command.summary)", to: Self.width)
    lines += ["", "Usage: \(Self.usage(command))"]
    for paragraph in command.details { lines += [""] + Self.wrapped(paragraph, to: Self.width) }
    if !command.operands.isEmpty {
      lines += ["", "Arguments:"] + Self.columns(command.operands.map { ($0.name, $0.summary) })
    }
    let options = command.options.filter { !$0.isHidden }.map { ($0.usage, $0.summary) }
    lines += ["", "Options:"] + Self.columns(options + [("-h, --help", Self.helpSummary)])
    if !command.examples.isEmpty {
      lines += ["", "Examples:"]
      for example in command.examples {
        lines += Self.wrapped(example.meaning, to: Self.width - 4).map { "  # \($0)" } + ["  \(example.line)"]
      }
    }
    return lines.joined(separator: "\n")
  }

  static func usage(_ command: Command) -> String {
    (["imagewire \(command.name)"] + arguments(command) + ["[options]"]).joined(separator: " ")
  }

  /// The operands and the required options.
  static func arguments(_ command: Command) -> [String] {
    command.operands.map(\.usage) + command.options.filter(\.isRequired).map(\.usage)
  }

  /// Two columns; a left side that is too wide gets a line of its own.
  private static func columns(_ rows: [(String, String)]) -> [String] {
    let limit = 30
    let width = min(limit, rows.map(\.0.count).max() ?? 0)
    return rows.flatMap { left, right -> [String] in
      let text = wrapped(right, to: Self.width - width - 4)
      let indent = String(repeating: " ", count: width + 4)
      let padding = String(repeating: " ", count: max(0, width - left.count) + 2)
      let first = left.count > width ? ["  \(left)", indent + text[0]] : ["  \(left)\(padding)\(text[0])"]
      return first + text.dropFirst().map { indent + $0 }
    }
  }

  static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + word.count + 1 > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return lines + [line]
  }
}
