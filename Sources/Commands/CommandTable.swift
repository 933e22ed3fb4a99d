public import Predictions

/// All commands. A new command is a row here and a function; its help, man page and completions follow.
public struct CommandTable: Sendable {
  /// In the order in which help lists them.
  public let commands: [Command]

  /// The providers that the commands name.
  let providers: [ProviderDescriptor]

  /// The commands of imagewire.
  ///
  /// - Parameter providers: in the order in which help names them.
  public init(providers: [ProviderDescriptor]) {
    self.providers = providers
    let provider = Self.provider(providers, "provider")
    let serveOptions = Self.serveOptions(providers)
    commands = [
      Self.setup(providers.filter { $0.access != nil }.map(\.name)), Self.generate(provider), Self.submit(provider),
      Self.edit(providers),
      Self.again(providers), Self.build(provider), Self.list(providers), Self.status, Self.result, Self.open,
      Self.reread, Self.cancel,
      Self.delete,
      Self.prune, Self.gallery, Self.models(provider), Self.quote(provider), Self.validate(provider),
      Self.balance(provider), Self.doctor(provider), Self.store, Self.schema, Self.call(serveOptions),
      Self.serve(serveOptions), Self.mcp(serveOptions),
      Self.mcpConfig,
      Self.completions, Self.manual, Self.thumbnail,
    ]
  }

  /// A table of these commands.
  init(_ commands: [Command]) {
    self.commands = commands
    providers = []
  }

  /// A command by its name.
  public subscript(name: String) -> Command? { commands.first { $0.name == name } }

  /// The commands that help lists.
  var visible: [Command] { commands.filter { !$0.isHidden } }

  /// The bounds of `--retain`, in days.
  public static let retentionDays = 1...36_500

  /// The bounds of `--max-output-bytes`.
  public static let outputBytes = 65_536...1 << 50
  /// The largest file that is saved where nothing else is set, in bytes.
  public static let usualOutputBytes: Int64 = 2 << 30

  // MARK: - Options that several commands share

  private static let files = CommandOption(
    "--files", nil, .none, "also delete their files, except files that were changed after they were saved")
  private static let stateDirectory = CommandOption(
    "--state-dir", nil, .folder, "the folder of the database")
  static let outputDirectory = CommandOption(
    "--output-dir", nil, .folder, "the folder where images are saved, or s3://BUCKET/PREFIX")
  private static let logLevel = CommandOption(
    "--log-level", nil, .choice(["error", "warning", "info", "debug"]), "the least severe messages on stderr (warning)")
  static let json = CommandOption("--json", nil, .none, "print JSON, as the method of the same name returns it")
  private static func provider(_ providers: [ProviderDescriptor], _ summary: String) -> CommandOption {
    let keyed = providers.first { $0.access?.isDefaultWithKey == true }.map { "\($0.name) if its key is set, " } ?? ""
    let rest = providers.first(where: \.isFree)?.name ?? ""
    return CommandOption(
      "--provider", "-p", .choice(providers.map(\.name)), "\(summary) (\(keyed)otherwise \(rest))")
  }
  static let model = CommandOption("--model", "-m", .text("NAME"), "model")
  static let limits = [
    CommandOption(
      "--max-concurrency", nil, .number(1...1_000), "concurrent predictions per account (2)"),
    CommandOption(
      "--max-per-minute", nil, .number(1...100_000), "predictions sent per minute and account (no limit)"),
    CommandOption("--max-spend", nil, .dollars, "what may be spent per day (UTC) and account (no limit)"),
    CommandOption(
      "--max-spend-strict", nil, .none,
      "with --max-spend, refuse a prediction without a known price instead of not counting it"),
    CommandOption(
      "--max-output-bytes", nil, .number(outputBytes), "the largest file to save (\(usualOutputBytes))"),
  ]
  static let timeout = CommandOption(
    "--timeout", nil, .number(0...86_400), "seconds to wait; the prediction goes on after that (no limit)")
  static let show = CommandOption(
    "--show", nil, .none, "show the image in the terminal, if it supports the protocol of kitty or iTerm2; print a text"
  )
  static let quiet = CommandOption("--quiet", "-q", .none, "no progress and no summary on stderr")
  static let table = [stateDirectory, logLevel]
  /// `PredictionReference` reads it.
  static let id = Operand("ID", "the prediction's id, the beginning of it, or @last for the newest")

  // MARK: - Commands

  private static func setup(_ providers: [String]) -> Command {
    Command(
      "setup", "choose a provider, check its key and save both; spends nothing",
      details: [
        "Asks for the provider and its key (hidden), checks the key, the balance and the price for free, and offers a first "
          + "image with its price. The key is saved in a file that only you can read, or in the system's keyring; the config "
          + "file refers to it, and its other settings stay. If anything fails, nothing is written.",
        "Without a terminal, or with --yes, it asks no questions: give the provider as an option, and the key with --key-file "
          + "or on standard input. A key is never an argument, because other users can see the arguments of a process.",
      ],
      options: [
        CommandOption("--provider", "-p", .choice(providers), "the provider"),
        CommandOption("--key-file", nil, .file, "a file that contains the key; the key stays there"),
        CommandOption("--base-url", nil, .text("URL"), "the provider's address, for your own server"),
        CommandOption(
          "--store", nil, .choice(["file", "secret-tool", "security"]),
          "where to save the key: a file (default), or the keyring of secret-tool (Linux) or security (macOS)"),
        CommandOption("--yes", "-y", .none, "ask no questions and make no image"),
      ],
      examples: [
        .init("imagewire setup", "answer its questions"),
        .init(
          "pass show \(providers[0]) | imagewire setup --provider \(providers[0])",
          "take the key from a password manager"),
      ])
  }

  private static func list(_ providers: [ProviderDescriptor]) -> Command {
    Command(
      "list", "predictions, newest first",
      details: [
        "On a terminal wide enough also cost (~ before a quoted price), kind, file name, model and provider; in a narrow one the "
          + "ids are cut, and commands take the beginning of an id. On a pipe: id, status, age and prompt."
      ],
      options: [
        CommandOption(
          "--status", nil, .choice(["created", "processing", "completed", "failed", "cancelled", "unknown"]),
          "only predictions with this status"),
        CommandOption("--text", nil, .text("TEXT"), "only predictions whose prompt contains this"),
        CommandOption("--tag", nil, .text("TEXT"), "only predictions with this label"),
        CommandOption("--file", "-f", .file, "only predictions that made this file: one of theirs has the same bytes"),
        CommandOption("--model", "-m", .text("NAME"), "only predictions of this model"),
        CommandOption("--provider", "-p", .choice(providers.map(\.name)), "only predictions of this provider"),
        CommandOption("--limit", "-n", .number(1...1_000_000), "at most this many (20)"),
        CommandOption("--all", "-a", .none, "all of them"),
        CommandOption("--before", nil, .text("ID"), "only predictions before this one"),
        CommandOption("--cursor", nil, .text("TEXT"), "next_cursor of an earlier --json with the same filters"),
        json,
      ] + table,
      examples: [
        .init("imagewire list --status failed", "recent failures"),
        .init("imagewire list --file fox.png", "which prediction made this image"),
        .init("imagewire list --all --json", "the whole table, for a program"),
      ])
  }

  private static let status = Command(
    "status", "show a prediction", operands: [id], options: [json] + table)

  private static let result = Command(
    "result", "wait for a prediction and print the paths of its files",
    details: ["Ctrl-C stops waiting; the prediction goes on."],
    operands: [id], options: [timeout, show, json, quiet] + table)

  private static let reread = Command(
    "reread", "read a reply again that could not be read, and print the paths of its files",
    details: [
      "A reply to a paid request that imagewire does not understand is kept in the state directory, and the prediction is "
        + "unknown. A newer version may understand it. Nothing is sent for it, and nothing is billed."
    ],
    operands: [id], options: [timeout, show, json, quiet] + table)

  private static let cancel = Command(
    "cancel", "cancel a prediction, and say what it may still cost",
    details: ["Before it is sent this costs nothing. After that the provider may still finish and bill it."],
    operands: [id],
    options: [
      CommandOption("--delete-remote", nil, .none, "also ask the provider to delete its copy"),
      CommandOption("--chain", nil, .none, "also cancel the predictions that wait for its outputs"), json,
    ] + table)

  private static let delete = Command(
    "delete", "delete finished predictions, all or none",
    operands: [Operand("ID", "their ids, the beginnings of them, or @last", repeats: true)],
    options: [files, json]
      + table)

  private static let prune = Command(
    "prune", "delete finished predictions that are old",
    details: [
      "Deletes the record of a prediction: its prompt, input, tags and times. Its images stay unless --files is given.",
      "Predictions that are not finished, whose images could not be saved yet, or that are unknown and may have been "
        + "charged, are kept at any age.",
    ],
    options: [
      CommandOption(
        "--older-than", nil, .age, "age in hours (12h), days (90d) or weeks (8w) since they were accepted",
        isRequired: true),
      CommandOption("--keep-tag", nil, .text("TEXT"), "keep predictions with this label", repeats: true),
      files,
      CommandOption("--json", nil, .none, "print JSON: deleted, kept and scrubbed, as the method delete returns them"),
    ] + table,
    examples: [
      .init("imagewire prune --older-than 90d --keep-tag album", "in a nightly job; the label album is kept")
    ])

  private static let gallery = Command(
    "gallery", "write a page with all images and other files, for a browser",
    details: [
      "Writes one HTML file that needs no network, and prints its path. It shows small images, which link to the files. Small "
        + "images beyond the size limit are linked instead of included."
    ],
    options: [
      CommandOption("--output", "-o", .file, "where to save the page (gallery.html in the state directory)"),
      CommandOption("--force", nil, .none, "replace a file even if it is not a gallery"),
      CommandOption("--limit", "-n", .number(1...10_000), "at most this many predictions (500)"),
      CommandOption("--max-megabytes", nil, .number(1...2_000), "megabytes of images to include (12)"),
    ] + table,
    examples: [.init("xdg-open \"$(imagewire gallery)\"", "open it in the browser")])

  private static func doctor(_ provider: CommandOption) -> Command {
    Command(
      "doctor", "check configuration, key, network, database and disk; spends nothing",
      details: [
        "Each line is ok, a warning or a problem, with advice. The exit status is 1 if there is a problem. No key is shown."
      ],
      options: [
        provider, model, CommandOption("--offline", nil, .none, "skip the checks of the network"),
        CommandOption(
          "--compact", nil, .none,
          "rewrite the database without the space of deleted predictions; no other imagewire may run meanwhile"),
        json, outputDirectory,
      ] + table)
  }

  private static let connect = CommandOption(
    "--connect", nil, .text("unix:PATH"), "let the imagewire that listens there serve this client")

  private static func serve(_ options: [CommandOption]) -> Command {
    Command(
      "serve", "speak JSON-RPC on standard input and output (also without a command)",
      details: [
        "JSON-RPC 2.0, one message per line or with Content-Length headers; the first message of the client decides.",
        "With --listen one process serves many clients of the same user, with one queue, one budget and its own keys. With "
          + "--connect, or the variable IMAGEWIRE_CONNECT, this process only carries bytes between its client and that one, so that "
          + "every client can use it.",
      ],
      options: [
        CommandOption("--listen", nil, .text("unix:PATH"), "serve many clients at a socket"), connect,
      ] + options,
      examples: [
        .init("imagewire serve --listen unix:/run/user/1000/imagewire.sock", "serve the programs of this user"),
        .init(
          "printf '%s\\n' '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"submit\",\"params\":{\"prompt\":\"a red fox in "
            + "snow\",\"wait_ms\":10000}}' | imagewire", "submit and wait"),
      ])
  }

  /// How long tools of MCP may wait, in seconds.
  public static let toolWaits = 1...3_600

  private static func mcp(_ options: [CommandOption]) -> Command {
    Command(
      "mcp", "the same as serve, which detects an MCP client by its first message", options: [connect] + options)
  }

  private static let mcpConfig = Command(
    "mcp-config", "print the configuration for an agent's host, or add it there",
    details: [
      "Prints the configuration of this MCP server, with its whole path. With --write it is added to the host's file: a copy stays "
        + "beside it (FILE.bak), everything else in it stays as it is, and a file that cannot be read, or a JSON file with "
        + "comments, is not changed.",
      "No key is written: imagewire setup stores one that every host uses.",
    ],
    operands: [
      Operand("HOST", alternatives(MCPHost.allCases.map(\.rawValue)), choices: MCPHost.allCases.map(\.rawValue))
    ],
    options: [
      CommandOption("--write", "-w", .none, "add it to the host's file"),
      CommandOption("--file", nil, .file, "another file than the user's, such as the .mcp.json of a project"),
      CommandOption("--name", nil, .text("NAME"), "name of the server in the file (imagewire)"),
      CommandOption("--output-dir", nil, .folder, "the folder where the agents' images are saved"),
    ],
    examples: [
      .init("imagewire mcp-config claude-code --write", "mount it in Claude Code, for all projects"),
      .init("imagewire mcp-config vscode --write --file .vscode/mcp.json", "mount it in one project of VS Code"),
    ])

  private static func serveOptions(_ providers: [ProviderDescriptor]) -> [CommandOption] {
    [
      provider(providers, "provider of requests that name none"),
      CommandOption("--model", "-m", .text("NAME"), "model of requests that name none"),
      stateDirectory, outputDirectory,
      CommandOption(
        "--agent-files", nil, .number(0...1_000_000),
        "files that each agent may make per hour (64; 0 for no limit)"),
      CommandOption(
        "--allow-output", nil, .folder, "another folder that agents (MCP) may save to and read", repeats: true),
      CommandOption(
        "--allow-input", nil, .folder, "a folder whose images agents (MCP) may send and look at (none)", repeats: true),
      CommandOption(
        "--allow-roots", nil, .none, "the same for the roots of the agent's host, but not the home folder"),
      CommandOption(
        "--agent-max-images", nil, .number(0...1_000_000),
        "images that agents (MCP) may request per day (UTC) and account; 0 for no limit (50)"),
      CommandOption(
        "--agent-max-spend", nil, .dollars,
        "what agents (MCP) may spend per day (UTC) and account; 0 for no limit (10)"),
      CommandOption(
        "--confirm-above", nil, .dollars,
        "ask the user before an agent (MCP) requests what costs more; without a price, too"),
      CommandOption(
        "--tool-wait", nil, .number(toolWaits),
        "seconds that an agent's call (MCP) waits for an image; less than the host does (50)"),
      CommandOption(
        "--resource-links", nil, .none, "link to files in answers to agents (MCP), at which several hosts fail"),
      CommandOption("--framing", nil, .choice(["auto", "line", "header"]), "framing of messages (auto)"),
      CommandOption(
        "--max-message-bytes", nil, .number(4_096...(64 << 20)),
        "the longest message, unless a request asks for more (65536)"),
      CommandOption(
        "--retain", nil, .number(retentionDays),
        "days after which finished predictions are deleted, as prune does without --files (never)"),
    ] + limits + [
      logLevel,
      // Editors add these options; standard input and output are the only transport.
      CommandOption("--stdio", nil, .none, "accepted and without effect", isHidden: true),
      CommandOption(
        "--clientProcessId", nil, .number(1...Int(Int32.max)), "ends when this process does", isHidden: true),
    ]
  }

  private static let schema = Command(
    "schema", "print the OpenRPC document or one JSON Schema of the protocol",
    operands: [Operand("NAME", "the schema (openrpc)", isRequired: false)],
    options: [
      CommandOption("--names", nil, .none, "list the schemas"),
      CommandOption("--html", nil, .none, "print the protocol as one page for a browser"),
    ],
    examples: [
      .init("imagewire schema submit", "parameters and result of submit"),
      .init("imagewire schema --html > protocol.html", "every method with its parameters, result, errors and example"),
    ])

  private static func call(_ options: [CommandOption]) -> Command {
    Command(
      "call", "send one request of the protocol and print the messages that come back",
      details: [
        "Prints the request on standard error and what comes back on standard output, a message per line, for authors of "
          + "clients. It is a conversation of its own on the usual database: what a provider bills, a call costs too.",
        "VALUE is JSON, or a text where it is not JSON or the parameter is a text. NAME.FIELD=VALUE sets a field of a parameter. A "
          + "parameter that is a list may be given several times. The parameters may also be one JSON object or array.",
        "The exit status is 1 if the answer is an error.",
      ],
      operands: [
        Operand("METHOD", "a method, such as submit"),
        Operand("NAME=VALUE", "its parameters", isRequired: false, repeats: true),
      ],
      options: [
        CommandOption("--follow", "-f", .none, "then print notifications until Ctrl-C, for subscribe"),
        CommandOption("--quiet", "-q", .none, "do not print the request"),
      ] + options.filter { $0.name != "--framing" },
      examples: [
        .init("imagewire call submit prompt=\"a red fox\" input.size=512x512 wait_ms=20000", "submit and wait"),
        .init("imagewire call wait ids=ID ids=ID mode=any workDoneToken=1", "wait, with notifications of progress"),
        .init("imagewire call subscribe --follow", "print every change of every prediction"),
      ])
  }

  private static let completions = Command(
    "completions", "print a script that completes commands and options in a shell",
    operands: [Operand("SHELL", "the shell", choices: ["bash", "zsh", "fish"])],
    examples: [
      .init("source <(imagewire completions bash)", "complete in this shell"),
      .init("imagewire completions fish > ~/.config/fish/completions/imagewire.fish", "complete in every fish shell"),
    ])

  private static let manual = Command("manual", "print the man page", isHidden: true)

  /// The program starts itself with it; see `ThumbnailChild`.
  private static let thumbnail = Command(
    "thumbnail", "write a thumbnail of the image on standard input",
    options: [
      CommandOption("--size", nil, .number(Thumbnail.sizes), "the longest side in pixels (512)"),
      CommandOption("--for", nil, .choice(ThumbnailForm.Viewer.allCases.map(\.rawValue)), "who looks at it"),
      CommandOption("--probe", nil, .none, "list the decoders"),
    ], isHidden: true)
}
