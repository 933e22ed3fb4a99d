/// All commands. A new command is a row here and a function; its help, man page and completions follow.
public struct CommandTable: Sendable {
  /// In the order in which help lists them.
  public let commands: [Command]

  /// The commands of imagewire.
  public static let standard = CommandTable(commands: [
    setup, generate, list, status, result, cancel, delete, prune, gallery, doctor, schema, serve, mcp,
    completions, manual,
  ])

  /// A command by its name.
  public subscript(name: String) -> Command? { commands.first { $0.name == name } }

  /// Those that people are told of.
  var visible: [Command] { commands.filter { !$0.isHidden } }

  /// The names of all providers.
  public static let providers = ["wavespeed", "openai", "sandbox"]

  /// How many days predictions may be kept.
  public static let retentionDays = 1...36_500

  // MARK: - Options that several commands share

  private static let files = CommandOption(
    "--files", nil, .none, "delete their files, too, except those that were changed since they were saved")
  private static let stateDirectory = CommandOption(
    "--state-dir", nil, .folder, "where the table of predictions is kept")
  private static let outputDirectory = CommandOption("--output-dir", nil, .folder, "where pictures are saved")
  private static let logLevel = CommandOption(
    "--log-level", nil, .choice(["error", "warning", "info", "debug"]), "how much is said on stderr (warning)")
  private static let json = CommandOption("--json", nil, .none, "JSON on stdout, as the method of that name answers")
  private static let provider = CommandOption(
    "--provider", "-p", .choice(providers),
    "who makes it (wavespeed where its key is set, else sandbox)")
  private static let model = CommandOption("--model", "-m", .text("NAME"), "which model makes it")
  private static let limits = [
    CommandOption(
      "--max-concurrency", nil, .number(1...1_000), "predictions under way at once, for the whole account (2)"),
    CommandOption(
      "--max-per-minute", nil, .number(1...100_000), "predictions sent a minute, for the whole account (no limit)"),
    CommandOption("--max-spend", nil, .dollars, "what may be spent a day (UTC), for the whole account (no limit)"),
    CommandOption(
      "--max-spend-strict", nil, .none,
      "under a --max-spend, refuse what has no price; otherwise a provider without prices is not counted"),
  ]
  private static let timeout = CommandOption(
    "--timeout", nil, .number(0...86_400), "seconds to wait; the prediction goes on afterwards (no limit)")
  private static let show = CommandOption(
    "--show", nil, .none, "the picture in the terminal, where it speaks the protocol of kitty or iTerm2")
  private static let quiet = CommandOption("--quiet", "-q", .none, "no progress and no summary on stderr")
  private static let table = [stateDirectory, logLevel]
  private static let id = Operand("ID", "the prediction's id")

  // MARK: - Commands

  private static let setup = Command(
    "setup", "choose a provider, check its key, keep both; spends nothing",
    details: [
      "Asks for the provider and its key, which is not shown, checks the key, the balance and the price for free, and offers "
        + "a first image with its price. The key goes into a file that only you can read, or into the system's keyring; the "
        + "config file names it and keeps everything else that stands in it. Where anything fails, nothing is written.",
      "Without a terminal, or with --yes, it asks nothing: name the provider, and give the key with --key-file or on "
        + "standard input. A key is never an argument, since other users can see those.",
    ],
    options: [
      CommandOption("--provider", "-p", .choice(["wavespeed", "openai"]), "the provider"),
      CommandOption("--key-file", nil, .file, "a file that holds the key and will go on holding it"),
      CommandOption("--base-url", nil, .text("URL"), "where the provider is, for a server of your own"),
      CommandOption(
        "--store", nil, .choice(["file", "secret-tool", "security"]),
        "where the key is kept: a file (usual), or the keyring behind secret-tool (Linux) or security (macOS)"),
      CommandOption("--yes", "-y", .none, "ask nothing; no image is made"),
    ],
    examples: [
      .init("imagewire setup", "with questions"),
      .init("pass show wavespeed | imagewire setup --provider wavespeed", "with a key from elsewhere"),
    ])

  private static let generate = Command(
    "generate", "make a picture and print the path of its file",
    details: [
      "Accepts a prediction, waits for it, saves its pictures and prints their paths, one a line, and nothing else on "
        + "stdout. On a terminal a progress bar shows how far it should be by this model's past times.",
      "The prediction is in the table before anything is sent, and it is sent at most once. Ctrl-C cancels it and says "
        + "what it may still cost. A lost connection or a closed terminal loses nothing: imagewire result ID goes on "
        + "waiting for it.",
      "A member of the model's input is set with --set: --set size=1024x1536 --set n=2. A value that reads as JSON is "
        + "that value, anything else is a string.",
      "--upload image=photo.png sends a picture of this machine along, as the member image; --upload images[]=photo.png "
        + "makes a list, and may be repeated. Nothing else that looks like a path is ever read or sent.",
    ],
    operands: [Operand("PROMPT", "what the picture shows; - reads it from standard input")],
    options: [
      model, provider,
      CommandOption(
        "--output", "-o", .file, "where the picture goes; its ending follows its format, and no file is replaced"),
      CommandOption("--set", "-s", .text("NAME=VALUE"), "a member of the model's input", repeats: true),
      CommandOption(
        "--upload", "-u", .text("NAME=FILE"), "a member of the model's input that is a picture of this machine",
        repeats: true),
      CommandOption("--input", nil, .text("JSON"), "the model's input as one JSON object"),
      CommandOption("--key", nil, .text("TEXT"), "a name for this wish: the same one never makes a second picture"),
      CommandOption("--tag", nil, .text("TEXT"), "a label, to find it by", repeats: true),
      CommandOption("--max-cost", nil, .dollars, "refuse it where it costs more, or where its price is not known"),
      timeout, show, json, quiet, outputDirectory,
    ] + limits + table,
    examples: [
      .init("imagewire generate \"a red fox in snow\"", "a picture in the output folder"),
      .init("imagewire generate \"a red fox in snow\" -o fox.png --set size=1024x1536", "upright, as ./fox.png"),
      .init("imagewire generate \"make it snow\" -m openai/gpt-image-2/edit -u 'images[]=fox.png'", "from a picture"),
      .init("open \"$(imagewire generate \"a lighthouse\")\"", "looked at with another program"),
    ])

  private static let list = Command(
    "list", "predictions, newest first",
    options: [
      CommandOption(
        "--status", nil, .choice(["created", "processing", "completed", "failed", "cancelled", "unknown"]),
        "only of this status"),
      CommandOption("--text", nil, .text("TEXT"), "only with this in the prompt"),
      CommandOption("--tag", nil, .text("TEXT"), "only with this label"),
      CommandOption("--model", "-m", .text("NAME"), "only of this model"),
      CommandOption("--provider", "-p", .choice(providers), "only of this provider"),
      CommandOption("--limit", "-n", .number(1...500), "how many at most (20)"),
      json,
    ] + table,
    examples: [.init("imagewire list --status failed", "what went wrong lately")])

  private static let status = Command(
    "status", "a prediction as it stands", operands: [id], options: [json] + table)

  private static let result = Command(
    "result", "wait for a prediction and print the paths of its files",
    details: ["Ctrl-C stops the waiting, never the prediction."],
    operands: [id], options: [timeout, show, json, quiet] + table)

  private static let cancel = Command(
    "cancel", "stop a prediction, and say what it may cost",
    details: ["Before it is sent that costs nothing. Afterwards the provider may still finish it and bill it."],
    operands: [id],
    options: [CommandOption("--delete-remote", nil, .none, "ask the provider to delete it, too"), json] + table)

  private static let delete = Command(
    "delete", "forget finished predictions, all or none",
    operands: [Operand("ID", "their ids", repeats: true)],
    options: [files, json]
      + table)

  private static let prune = Command(
    "prune", "delete finished predictions that are old",
    details: [
      "Deletes the record of a prediction: its prompt, input, tags and times. Its pictures stay unless --files is given.",
      "Some are kept whatever their age: those that are not finished, those whose pictures could not be saved yet, and "
        + "those that are unknown, since they may have been charged.",
    ],
    options: [
      CommandOption(
        "--older-than", nil, .age, "hours (12h), days (90d) or weeks (8w) since they were accepted", isRequired: true),
      CommandOption("--keep-tag", nil, .text("TEXT"), "keep those with this label", repeats: true),
      files,
      CommandOption("--json", nil, .none, "JSON on stdout: deleted, kept and scrubbed, as delete answers"),
    ] + table,
    examples: [
      .init("imagewire prune --older-than 90d --keep-tag album", "all but the album, in a job that runs every night")
    ])

  private static let gallery = Command(
    "gallery", "a page with the pictures of the table, to look through in a browser",
    details: [
      "Writes one HTML file that needs no network and no other file, and prints its path. Pictures beyond the size "
        + "limit are linked instead of included."
    ],
    options: [
      CommandOption("--output", "-o", .file, "where the page goes (gallery.html in the state directory)"),
      CommandOption("--force", nil, .none, "replace a file that is not a gallery"),
      CommandOption("--limit", "-n", .number(1...10_000), "how many predictions at most (500)"),
      CommandOption("--max-megabytes", nil, .number(1...2_000), "how much of pictures is included (100)"),
    ] + table,
    examples: [.init("xdg-open \"$(imagewire gallery)\"", "looked at in the browser")])

  private static let doctor = Command(
    "doctor", "check configuration, key, network, table and disk; spends nothing",
    details: [
      "Each line is ok, a warning or a problem, and says what to do. Exits with 1 where there is a problem. No key is "
        + "ever shown."
    ],
    options: [
      provider, model, CommandOption("--offline", nil, .none, "leave the network alone"),
      CommandOption(
        "--compact", nil, .none,
        "rewrite the table without the space that deleted predictions took; no other imagewire may use it meanwhile"),
      json, outputDirectory,
    ] + table)

  private static let serve = Command(
    "serve", "speak JSON-RPC on standard input and output (also without a command)",
    details: [
      "JSON-RPC 2.0, one message a line or with Content-Length headers, whichever the client begins with."
    ],
    options: serveOptions,
    examples: [
      .init(
        "printf '%s\\n' '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"submit\",\"params\":{\"prompt\":\"a red fox in "
          + "snow\",\"wait_ms\":10000}}' | imagewire", "one conversation")
    ])

  private static let mcp = Command(
    "mcp", "the same as serve, which knows an MCP client by its first message", options: serveOptions)

  private static let serveOptions =
    [
      CommandOption(
        "--provider", "-p", .choice(providers),
        "who makes it where a request names nobody (wavespeed where its key is set, else sandbox)"),
      CommandOption("--model", "-m", .text("NAME"), "the model where a request names none"),
      stateDirectory, outputDirectory,
      CommandOption(
        "--agent-files", nil, .number(0...1_000_000),
        "how many files each agent may make in an hour (64; 0 is no limit)"),
      CommandOption(
        "--allow-output", nil, .folder, "another folder that agents (MCP) may save to and see", repeats: true),
      CommandOption(
        "--agent-max-images", nil, .number(0...1_000_000),
        "images that agents (MCP) may order a day (UTC), for the whole account; 0 is no limit (50)"),
      CommandOption(
        "--agent-max-spend", nil, .dollars,
        "what agents (MCP) may spend a day (UTC), for the whole account; 0 is no limit (10)"),
      CommandOption("--framing", nil, .choice(["auto", "line", "header"]), "how messages are framed (auto)"),
      CommandOption(
        "--max-message-bytes", nil, .number(4_096...(64 << 20)), "no message is longer unless asked for (65536)"),
      CommandOption(
        "--retain", nil, .number(retentionDays),
        "days after which finished predictions are deleted, as prune does without --files (never)"),
    ] + limits + [
      logLevel,
      // Editors add these; there is nothing else to speak over.
      CommandOption("--stdio", nil, .none, "accepted and without effect", isHidden: true),
      CommandOption(
        "--clientProcessId", nil, .number(1...Int(Int32.max)), "ends when this process does", isHidden: true),
    ]

  private static let schema = Command(
    "schema", "the protocol as data: the OpenRPC document, or one JSON Schema",
    operands: [Operand("NAME", "which schema (openrpc)", isRequired: false)],
    options: [CommandOption("--names", nil, .none, "which there are")],
    examples: [.init("imagewire schema submit", "what submit takes and answers")])

  private static let completions = Command(
    "completions", "a script that completes commands and options in a shell",
    operands: [Operand("SHELL", "for which shell", choices: ["bash", "zsh", "fish"])],
    examples: [
      .init("source <(imagewire completions bash)", "for this shell"),
      .init("imagewire completions fish > ~/.config/fish/completions/imagewire.fish", "for every fish"),
    ])

  private static let manual = Command("manual", "the man page, for man(1)", isHidden: true)
}
