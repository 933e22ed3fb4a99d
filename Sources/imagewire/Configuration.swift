#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSON
internal import Service

/// What holds for this process: flags win over `initialize`, that over the environment, that over the config file
/// (protocol.md section 6).
struct Configuration: Sendable {
  var provider: String?
  var model: String?
  var stateDirectory: String
  var outputDirectory: String
  /// Folders that agents may use and see beside the output folder.
  var allowedOutputs: [String]
  var wavespeedKey: String?
  var wavespeedBaseURL: String
  var logLevel: Log.Level
  /// What could not be used, for the log; never with a value in it.
  var warnings: [String] = []

  /// Members of the config file.
  static let fileMembers = [
    "provider", "model", "state_dir", "output_dir", "wavespeed_api_key", "wavespeed_base_url", "log",
  ]

  /// Puts the configuration together.
  ///
  /// - Parameters:
  ///   - environment: as the process was given it.
  ///   - read: the bytes of a file; `nil` where there is none.
  init(_ options: Options, environment: [String: String], read: (String) -> [UInt8]?) {
    var warnings: [String] = []
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let home = variable("HOME") ?? "/"

    var file: [String: String] = [:]
    let path = "\(variable("XDG_CONFIG_HOME") ?? "\(home)/.config")/imagewire/config.json"
    if let bytes = read(path) {
      if let object = (try? JSONValue(parsing: bytes))?.object {
        for member in object.members {
          guard Self.fileMembers.contains(member.name) else {
            warnings.append("\(path): there is no setting \"\(member.name)\".")
            continue
          }
          guard let text = member.value.string else {
            warnings.append("\(path): \(member.name) must be a string.")
            continue
          }
          file[member.name] = text
        }
      } else {
        warnings.append("\(path) is not a JSON object and was ignored.")
      }
    }

    var key = variable("WAVESPEED_API_KEY")
    if key == nil, let keyFile = variable("WAVESPEED_API_KEY_FILE") {
      key = read(keyFile).map { Self.trimmed(String(decoding: $0, as: UTF8.self)) }.flatMap { $0.isEmpty ? nil : $0 }
      if key == nil { warnings.append("WAVESPEED_API_KEY_FILE names a file that cannot be read or is empty.") }
    }
    wavespeedKey = key ?? file["wavespeed_api_key"]
    wavespeedBaseURL = variable("WAVESPEED_BASE_URL") ?? file["wavespeed_base_url"] ?? "https://api.wavespeed.ai"

    provider = options.provider ?? variable("IMAGEWIRE_PROVIDER") ?? file["provider"]
    model = options.model ?? variable("IMAGEWIRE_MODEL") ?? file["model"]
    #if canImport(Darwin)
      let usualState = "\(home)/Library/Application Support/imagewire"
    #else
      let usualState = "\(variable("XDG_STATE_HOME") ?? "\(home)/.local/state")/imagewire"
    #endif
    stateDirectory = Self.absolute(
      options.stateDirectory ?? variable("IMAGEWIRE_STATE_DIR") ?? file["state_dir"] ?? usualState)
    outputDirectory = Self.absolute(
      options.outputDirectory ?? variable("IMAGEWIRE_OUTPUT_DIR") ?? file["output_dir"] ?? "\(stateDirectory)/outputs")
    allowedOutputs = options.allowedOutputs.map(Self.absolute)
    let levelName = options.logLevel ?? variable("IMAGEWIRE_LOG") ?? file["log"] ?? "warning"
    logLevel = Log.Level(levelName) ?? .warning
    if Log.Level(levelName) == nil { warnings.append("IMAGEWIRE_LOG is error, warning, info or debug.") }
    self.warnings = warnings
  }

  /// The provider where nobody names one: `wavespeed` where its key is there, else the sandbox.
  var defaultProvider: String { provider ?? (wavespeedKey == nil ? "sandbox" : "wavespeed") }

  /// What a client wishes counts where no flag says otherwise.
  mutating func apply(_ settings: ClientSettings, over options: Options) {
    if options.provider == nil, let provider = settings.provider { self.provider = provider }
    if options.model == nil, let model = settings.model { self.model = model }
    if options.outputDirectory == nil, let folder = settings.outputDirectory { outputDirectory = folder }
    if let key = settings.wavespeedKey { wavespeedKey = key }
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A path from the root, so that nothing depends on a working directory that may change.
  private static func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let current = getcwd(nil, 0) else { return "/" + path }
    defer { free(current) }
    return String(cString: current) + "/" + path
  }
}
