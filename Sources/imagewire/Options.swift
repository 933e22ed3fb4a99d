internal import Commands
internal import JSONRPC
internal import Predictions

/// The options of the command line, except those of single commands. No option is a key: keys come from the environment, a
/// file or the client.
struct Options: Equatable {
  var provider: String?
  var model: String?
  var stateDirectory: String?
  var outputDirectory: String?
  var allowedOutputs: [String] = []
  var allowedInputs: [String] = []
  var adoptsRoots = false
  var framing: Framing?
  var maxMessageBytes = 65_536
  var maxConcurrency = 2
  var maxPerMinute: Int?
  /// Files of each agent per hour; `nil` for no limit.
  var maxAgentFiles: Int? = 64
  /// Millionths of a dollar per day.
  var maxSpendMicros: Int64?
  /// Whether a prediction without a known price is refused under `maxSpendMicros`.
  var isSpendingStrict = false
  /// As it was typed; 0 for no cap.
  var agentMaxImages: String?
  var agentMaxSpend: String?
  var confirmAbove: String?
  /// In seconds, as it was typed.
  var toolWait: String?
  /// Whether answers to agents link to files.
  var linksFiles = false
  /// As it was typed.
  var maxOutputBytes: String?
  /// In days, as it was typed.
  var retain: String?
  var logLevel: String?
  var clientProcessID: Int64?
  /// The address at which many clients are served; `unix:PATH`.
  var listen: String?
  /// The address of a shared imagewire to which bytes are carried.
  var connect: String?
  /// An option that means nothing where bytes are only carried.
  var ofServer: String?

  /// Reads options that the command table has checked.
  init(_ invocation: Invocation) {
    // For `list` these two are filters, and `models` shows a model that is no default.
    if !["list", "models"].contains(invocation.command.name) {
      provider = invocation.value("--provider")
      model = invocation.value("--model")
    }
    stateDirectory = invocation.value("--state-dir")
    outputDirectory = invocation.value("--output-dir")
    allowedOutputs = invocation.values("--allow-output")
    allowedInputs = invocation.values("--allow-input")
    adoptsRoots = invocation.has("--allow-roots")
    switch invocation.value("--framing") {
    case "line": framing = .line
    case "header": framing = .header
    default: framing = nil
    }
    maxMessageBytes = invocation.number("--max-message-bytes") ?? maxMessageBytes
    maxConcurrency = invocation.number("--max-concurrency") ?? maxConcurrency
    maxPerMinute = invocation.number("--max-per-minute")
    if let files = invocation.number("--agent-files") { maxAgentFiles = files == 0 ? nil : files }
    maxSpendMicros = invocation.value("--max-spend").flatMap { Double($0) }.flatMap(Money.micros)
    isSpendingStrict = invocation.has("--max-spend-strict")
    agentMaxImages = invocation.value("--agent-max-images")
    agentMaxSpend = invocation.value("--agent-max-spend")
    confirmAbove = invocation.value("--confirm-above")
    toolWait = invocation.value("--tool-wait")
    linksFiles = invocation.has("--resource-links")
    maxOutputBytes = invocation.value("--max-output-bytes")
    retain = invocation.value("--retain")
    logLevel = invocation.value("--log-level")
    listen = invocation.value("--listen")
    connect = invocation.value("--connect")
    ofServer = invocation.names.subtracting(["--connect", "--stdio", "--clientProcessId", "--log-level"]).min()
    clientProcessID = invocation.number("--clientProcessId").map(Int64.init)
  }
}
