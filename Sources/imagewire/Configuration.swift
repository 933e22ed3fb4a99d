#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSON
internal import Predictions
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
  var openAIKey: String?
  /// `nil` where nobody named one; then it is OpenAI's own.
  var openAIBaseURL: String?
  /// Whether what has no price is refused under `--max-spend`.
  var isSpendingStrict: Bool
  /// What agents may order a day.
  var agentCaps: AgentCaps
  var logLevel: Log.Level
  /// Where each setting came from: a flag, a variable, the config file; absent where it is the usual value.
  var origins: [String: String] = [:]
  /// What could not be used, for the log; never with a value in it.
  var warnings: [String] = []

  /// Members of the config file.
  static let fileMembers = [
    "provider", "model", "state_dir", "output_dir", "wavespeed_api_key", "wavespeed_base_url", "openai_api_key",
    "openai_base_url", "log", "max_spend_strict", "agent_max_images", "agent_max_spend",
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
          let isNumber = member.name.hasPrefix("agent_max_") && member.value.number != nil
          let isFlag = member.name == "max_spend_strict" && member.value.bool != nil
          guard let text = isNumber || isFlag ? member.value.text : member.value.string else {
            warnings.append("\(path): \(member.name) must be a string.")
            continue
          }
          // As an empty variable: nothing was said.
          if !text.isEmpty { file[member.name] = text }
        }
      } else {
        warnings.append("\(path) is not a JSON object and was ignored.")
      }
    }

    var origins: [String: String] = [:]
    func setting(_ member: String, flag: String? = nil, _ name: String) -> String? {
      let option = "--" + member.split(separator: "_").joined(separator: "-")
      let found = [(flag, option), (variable(name), name), (file[member], path)].first { $0.0 != nil }
      origins[member] = found?.1
      return found?.0
    }
    func key(_ member: String, _ name: String) -> String? {
      if variable(name) == nil, let path = variable("\(name)_FILE") {
        let key = read(path).map { Self.trimmed(String(decoding: $0, as: UTF8.self)) }.flatMap { $0.isEmpty ? nil : $0 }
        if key == nil { warnings.append("\(name)_FILE names a file that cannot be read or is empty.") }
        origins[member] = "\(name)_FILE"
        if let key { return key }
      }
      return setting(member, name)
    }
    wavespeedKey = key("wavespeed_api_key", "WAVESPEED_API_KEY")
    wavespeedBaseURL = setting("wavespeed_base_url", "WAVESPEED_BASE_URL") ?? "https://api.wavespeed.ai"
    openAIKey = key("openai_api_key", "OPENAI_API_KEY")
    openAIBaseURL = setting("openai_base_url", "OPENAI_BASE_URL")

    provider = setting("provider", flag: options.provider, "IMAGEWIRE_PROVIDER")
    model = setting("model", flag: options.model, "IMAGEWIRE_MODEL")
    #if canImport(Darwin)
      let usualState = "\(home)/Library/Application Support/imagewire"
    #else
      let usualState = "\(variable("XDG_STATE_HOME") ?? "\(home)/.local/state")/imagewire"
    #endif
    stateDirectory = Self.absolute(
      setting("state_dir", flag: options.stateDirectory, "IMAGEWIRE_STATE_DIR") ?? usualState, home: home)
    outputDirectory = Self.absolute(
      setting("output_dir", flag: options.outputDirectory, "IMAGEWIRE_OUTPUT_DIR") ?? "\(stateDirectory)/outputs",
      home: home)
    allowedOutputs = options.allowedOutputs.map { Self.absolute($0, home: home) }
    let levelName = setting("log", flag: options.logLevel, "IMAGEWIRE_LOG") ?? "warning"
    logLevel = Log.Level(levelName) ?? .warning
    if Log.Level(levelName) == nil { warnings.append("IMAGEWIRE_LOG is error, warning, info or debug.") }
    let strict = setting(
      "max_spend_strict", flag: options.isSpendingStrict ? "true" : nil, "IMAGEWIRE_MAX_SPEND_STRICT")
    isSpendingStrict = ["true", "1"].contains(strict)
    if let strict, !["true", "1", "false", "0"].contains(strict) {
      warnings.append("IMAGEWIRE_MAX_SPEND_STRICT is true or false.")
    }
    agentCaps = .standard
    if let text = setting("agent_max_images", flag: options.agentMaxImages, "IMAGEWIRE_AGENT_MAX_IMAGES") {
      if let images = Int64(text), images >= 0 {
        agentCaps.images = images == 0 ? nil : images
      } else {
        warnings.append("IMAGEWIRE_AGENT_MAX_IMAGES is a whole number of images a day; 0 is no limit.")
      }
    }
    if let text = setting("agent_max_spend", flag: options.agentMaxSpend, "IMAGEWIRE_AGENT_MAX_SPEND") {
      if let micros = Double(text).flatMap(Money.micros) {
        agentCaps.micros = micros == 0 ? nil : micros
        agentCaps.refusesUnknownPrices = isSpendingStrict
      } else {
        warnings.append("IMAGEWIRE_AGENT_MAX_SPEND is an amount of US dollars a day; 0 is no limit.")
      }
    }
    self.origins = origins
    self.warnings = warnings
  }

  /// The provider where nobody names one: `wavespeed` where its key is there, else the sandbox.
  var defaultProvider: String { provider ?? (wavespeedKey == nil ? "sandbox" : "wavespeed") }

  /// Whether a key is in this process's memory.
  var hasKey: Bool { wavespeedKey != nil || openAIKey != nil }

  /// What a client wishes counts where no flag says otherwise.
  mutating func apply(_ settings: ClientSettings, over options: Options) {
    if options.provider == nil, let provider = settings.provider { self.provider = provider }
    if options.model == nil, let model = settings.model { self.model = model }
    if options.outputDirectory == nil, let folder = settings.outputDirectory { outputDirectory = folder }
    if let key = settings.wavespeedKey { wavespeedKey = key }
    if let key = settings.openAIKey { openAIKey = key }
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A path from the root, so that nothing depends on a working directory that may change. `~` is the home directory also
  /// where no shell has seen it: in the config file, behind `=`, in the arguments an editor or agent host passes on.
  private static func absolute(_ path: String, home: String) -> String {
    if path.hasPrefix("/") { return path }
    if path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
    let folder = workingFolder
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// From where paths that people type start.
  static var workingFolder: String {
    guard let current = getcwd(nil, 0) else { return "/" }
    defer { free(current) }
    return String(cString: current)
  }
}
