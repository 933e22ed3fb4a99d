internal import JSONRPC
internal import Predictions

/// What stands on the command line. Keys never do: they come from the environment, a file or the client.
struct Options: Equatable {
  /// What the process is asked to be.
  enum Command: Equatable {
    case serve
    case help
    case version
    /// Prints one of the schemas, or the names of all.
    case schema(String?)
  }

  var command = Command.serve
  var provider: String?
  var model: String?
  var stateDirectory: String?
  var outputDirectory: String?
  var allowedOutputs: [String] = []
  var framing: Framing?
  var maxMessageBytes = 65_536
  var maxConcurrency = 2
  var maxPerMinute: Int?
  /// Millionths of a dollar a day.
  var maxSpendMicros: Int64?
  var logLevel: String?
  var clientProcessID: Int64?

  /// Why a command line cannot be used, in one sentence.
  struct UsageError: Error, Equatable {
    var message: String
  }

  /// Reads the arguments behind the program's own name.
  init(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    if rest.first == "schema" {
      command = .schema(arguments.count > 1 ? arguments[1] : "openrpc")
      if arguments.count > 2 {
        throw UsageError(message: "schema takes one name. imagewire schema --names lists them.")
      }
      if arguments.last == "--names" { command = .schema(nil) }
      if arguments.last == "--help" || arguments.last == "-h" { command = .help }
      return
    }
    if let first = rest.first, !first.hasPrefix("-") {
      guard ["serve", "mcp"].contains(first) else {
        throw UsageError(message: "There is no command \"\(first)\". imagewire --help lists what there is.")
      }
      rest = rest.dropFirst()
    }
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts[0]
      func value() throws(UsageError) -> String {
        if parts.count == 2 { return parts[1] }
        guard let next = rest.popFirst() else { throw UsageError(message: "\(name) needs a value.") }
        return next
      }
      func number(_ range: ClosedRange<Int>) throws(UsageError) -> Int {
        let text = try value()
        guard let number = Int(text), range.contains(number) else {
          throw UsageError(
            message: "\(name) is a number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\".")
        }
        return number
      }
      switch name {
      case "--help", "-h": command = .help
      case "--version": command = .version
      case "--stdio": break  // Editors add it; there is nothing else to speak over.
      case "--provider": provider = try value()
      case "--model": model = try value()
      case "--state-dir": stateDirectory = try value()
      case "--output-dir": outputDirectory = try value()
      case "--allow-output": allowedOutputs.append(try value())
      case "--framing":
        let text = try value()
        switch text {
        case "auto": framing = nil
        case "line": framing = .line
        case "header": framing = .header
        default: throw UsageError(message: "--framing is auto, line or header, not \"\(text)\".")
        }
      case "--max-message-bytes": maxMessageBytes = try number(4_096...(64 << 20))
      case "--max-concurrency": maxConcurrency = try number(1...1_000)
      case "--max-per-minute": maxPerMinute = try number(1...100_000)
      case "--max-spend":
        let text = try value()
        guard let micros = Double(text).flatMap(Money.micros) else {
          throw UsageError(message: "--max-spend is a number of dollars, not \"\(text)\".")
        }
        maxSpendMicros = micros
      case "--log-level":
        let text = try value()
        guard Log.Level(text) != nil else {
          throw UsageError(message: "--log-level is error, warning, info or debug, not \"\(text)\".")
        }
        logLevel = text
      case "--clientProcessId": clientProcessID = Int64(try number(1...Int(Int32.max)))
      default: throw UsageError(message: "There is no option \(name). imagewire --help lists what there is.")
      }
    }
  }

  static let help = """
    imagewire: image generation over JSON-RPC on standard input and output.

    Usage: imagewire [serve] [options]
           imagewire schema [NAME]      the protocol as data: the OpenRPC document, or one JSON Schema
           imagewire schema --names     which there are

    Speaks JSON-RPC 2.0, one message a line or with Content-Length headers, whichever the client begins with.
    Try it:
      printf '%s\\n' '{"jsonrpc":"2.0","id":1,"method":"submit","params":{"prompt":"a red fox in snow","wait_ms":10000}}' | imagewire

    Options:
      --provider NAME          wavespeed or sandbox (default: wavespeed where its key is set, else sandbox)
      --model NAME             the model where a request names none
      --state-dir DIR          where the table of predictions is kept
      --output-dir DIR         where pictures are saved
      --allow-output DIR       another folder that agents (MCP) may save to and see; may be given several times
      --framing auto|line|header
      --max-message-bytes N    no message is longer unless asked for (65536)
      --max-concurrency N      predictions under way at once, for the whole account (2)
      --max-per-minute N       predictions sent a minute, for the whole account (no limit)
      --max-spend USD          what may be spent a day (UTC), for the whole account (no limit)
      --log-level error|warning|info|debug
      --version, --help

    Environment: WAVESPEED_API_KEY or WAVESPEED_API_KEY_FILE, WAVESPEED_BASE_URL, IMAGEWIRE_PROVIDER, IMAGEWIRE_MODEL,
    IMAGEWIRE_STATE_DIR, IMAGEWIRE_OUTPUT_DIR, IMAGEWIRE_LOG.
    """
}
