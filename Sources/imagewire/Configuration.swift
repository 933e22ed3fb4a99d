#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Buckets
internal import HTTP
internal import Predictions
internal import Providers
internal import Service

/// The settings of this process: flags win over `initialize`, that over the environment, that over the config file;
/// schemas/README.md, "Configuration".
struct Configuration: Sendable {
  /// The default provider, where one is configured.
  var provider: Setting<String>
  var model: Setting<String>
  var stateDirectory: String
  /// The database of PostgreSQL that has the predictions; absent for one of SQLite in the state directory.
  let store: Setting<DatabaseAddress>
  var outputDirectory: String
  /// The place in a bucket that `outputDirectory` is; absent where it is on this disk. A client cannot change it.
  private(set) var bucket: Setting<BucketAddress> = .absent
  /// Where the server and the key of the bucket come from.
  let bucketAccess: BucketAccess
  /// Folders that agents may use beside the output folder.
  var allowedOutputs: [String]
  /// Folders whose images agents may name as inputs.
  let allowedInputs: [String]
  /// Whether the roots of a host are such folders too.
  let adoptsRoots: Setting<Bool>
  /// The user's home directory; `nil` where `HOME` does not say it.
  let home: String?
  /// Key and address of each provider that has them.
  var providers: [ProviderSettings]
  /// Limits of spending.
  let limits: SpendingLimits
  /// The largest file to save, in bytes; absent for the usual limit.
  let maxOutputBytes: Setting<Int64>
  /// How long tools of MCP wait, in seconds.
  let toolWait: Setting<Int64>
  /// How many days finished predictions are kept; absent where there is no limit.
  var retention: Setting<Int64>
  var logLevel: Log.Level
  /// The config file.
  let file: SettingsFile
  /// The sources of the folders: an option, a variable or the config file; absent for the default.
  var origins: [String: String] = [:]
  /// Files with a key, which only the user should be able to read.
  private(set) var keyFiles: [String] = []
  /// Settings that were ignored and affect neither provider nor money, in sentences without a secret.
  var warnings: [String] = []

  /// Reads the configuration.
  ///
  /// - Parameters:
  ///   - environment: the variables of the process.
  ///   - read: reads a file.
  init(_ options: Options, environment: [String: String], read: (String) -> SmallFile) {
    let environment = Self.filled(environment)
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    self.home = variable("HOME")
    let home = self.home ?? ""
    let path = "\(variable("XDG_CONFIG_HOME") ?? "\(home)/.config")/imagewire/config.json"
    let file = SettingsFile(path: path, read: read)
    self.file = file
    warnings = file.warnings

    /// An empty value counts as absent, except for a key.
    func setting(_ field: String, flag: String? = nil, _ name: String) -> Setting<String> {
      let option = "--" + field.split(separator: "_").joined(separator: "-")
      let given = file[field].flatMap { $0.isEmpty ? nil : $0 }
      let found = [(flag, option), (variable(name), name), (given, path)].first { $0.0 != nil }
      return found.map { .given($0.0!, origin: $0.1) } ?? .absent
    }
    var keyFiles: [String] = []
    func key(fileAt path: String, called name: String) -> Setting<APIKey> {
      let path = path.isEmpty ? "" : Self.absolute(path, home: home)
      keyFiles.append(path)
      return APIKey.parse(fileAt: path, called: name, read: read)
    }
    /// A key that is configured anywhere selects its provider or is an error.
    func key(_ field: String, _ name: String) -> Setting<APIKey> {
      if let text = variable(name) { return APIKey.parse(text, called: name, origin: name) }
      if let path = environment["\(name)_FILE"] { return key(fileAt: path, called: "\(name)_FILE") }
      if environment[name] != nil { return .broken("\(name) is set and empty.", origin: name) }
      if let text = file[field] {
        keyFiles.append(path)
        return APIKey.parse(text, called: "\(field) in \(path)", origin: path)
      }
      if let keyFile = file["\(field)_file"] { return key(fileAt: keyFile, called: "\(field)_file in \(path)") }
      guard let name = file["\(field)_store"] else { return .absent }
      guard let store = KeyStore(rawValue: name) else {
        return .broken("\(field)_store in \(path) is \"\(name)\"; it must be \(KeyStore.names).", origin: path)
      }
      return .given(.stored(store), origin: "\(name), named in \(path)")
    }
    providers = ProviderList.descriptors.compactMap { descriptor in
      descriptor.access.map { access in
        ProviderSettings(
          descriptor: descriptor, access: access, key: key(descriptor.keyField, descriptor.keyVariable),
          baseURL: Self.address(setting(descriptor.baseURLField, descriptor.baseURLVariable)),
          own: Dictionary(
            uniqueKeysWithValues: access.settings.map { own in
              let given = setting(descriptor.field(of: own), descriptor.variable(of: own))
              return (own.name, Self.checked(given, as: own))
            }))
      }
    }

    self.keyFiles = keyFiles
    provider = Self.checked(provider: setting("provider", flag: options.provider, "IMAGEWIRE_PROVIDER"))
    model = setting("model", flag: options.model, "IMAGEWIRE_MODEL")
    #if canImport(Darwin)
      let usualState = "\(home)/Library/Application Support/imagewire"
    #else
      let usualState = "\(variable("XDG_STATE_HOME") ?? "\(home)/.local/state")/imagewire"
    #endif
    let state = setting("state_dir", flag: options.stateDirectory, "IMAGEWIRE_STATE_DIR")
    stateDirectory = Self.absolute(state.value ?? usualState, home: home)
    store = Self.store(setting("store", "IMAGEWIRE_STORE"))
    let output = setting("output_dir", flag: options.outputDirectory, "IMAGEWIRE_OUTPUT_DIR")
    outputDirectory = Self.absolute(output.value ?? "\(stateDirectory)/outputs", home: home)
    if BucketAddress.isMeant(by: outputDirectory) { bucket = Self.bucket(output) }
    bucketAccess = Self.bucketAccess(environment: environment, home: home)
    allowedOutputs = options.allowedOutputs.map { Self.absolute($0, home: home) }
    allowedInputs = Self.allowedInputs(
      options: options.allowedInputs, variable: variable("IMAGEWIRE_ALLOW_INPUT"), listed: file.list("allow_input"),
      home: home)
    adoptsRoots = Self.adoptsRoots(
      setting("allow_roots", flag: options.adoptsRoots ? "true" : nil, "IMAGEWIRE_ALLOW_ROOTS"))
    maxOutputBytes = Self.outputBytes(
      setting("max_output_bytes", flag: options.maxOutputBytes, "IMAGEWIRE_MAX_OUTPUT_BYTES"))
    toolWait = Self.seconds(setting("tool_wait", flag: options.toolWait, "IMAGEWIRE_TOOL_WAIT"))
    retention = Self.days(setting("retain", flag: options.retain, "IMAGEWIRE_RETAIN"))
    let level = setting("log", flag: options.logLevel, "IMAGEWIRE_LOG")
    logLevel = level.value.flatMap { Log.Level($0) } ?? .warning
    // An invalid log level affects only log lines, so it is a warning.
    if case .given(let name, let origin) = level, Log.Level(name) == nil {
      warnings.append("The log level from \(origin) is \"\(name)\"; it must be error, warning, info or debug.")
    }
    origins = ["state_dir": state, "output_dir": output].compactMapValues(\.origin)
    limits = SpendingLimits(
      strict: setting("max_spend_strict", flag: options.isSpendingStrict ? "true" : nil, "IMAGEWIRE_MAX_SPEND_STRICT"),
      images: setting("agent_max_images", flag: options.agentMaxImages, "IMAGEWIRE_AGENT_MAX_IMAGES"),
      spend: setting("agent_max_spend", flag: options.agentMaxSpend, "IMAGEWIRE_AGENT_MAX_SPEND"),
      confirmAbove: setting("confirm_above", flag: options.confirmAbove, "IMAGEWIRE_CONFIRM_ABOVE"))
  }

  /// The variables that have a value. The host of a bundle (`IMAGEWIRE_BUNDLE`, set in clients/mcp/manifest.json) gives a field
  /// that the user left empty as an empty text or as the field's own name; everywhere else an empty key is a mistake.
  private static func filled(_ environment: [String: String]) -> [String: String] {
    guard environment["IMAGEWIRE_BUNDLE"] == "1" else { return environment }
    return environment.filter { !$0.value.isEmpty && !$0.value.hasPrefix("${user_config.") }
  }

  // MARK: - The default provider

  /// The provider of requests that name none: the first that a key alone makes the default, otherwise the free one.
  var defaultProvider: String {
    provider.value ?? providers.first { $0.access.isDefaultWithKey && $0.key.isNamed }?.descriptor.name
      ?? Prediction.freeProvider
  }

  /// Key and address of a provider; `nil` for one that has none.
  func settings(of provider: String) -> ProviderSettings? { providers.first { $0.descriptor.name == provider } }

  /// The reason that there is no default provider; `nil` where there is one. A broken key of any provider is such a reason:
  /// the sandbox must not draw in place of a provider that the user configured.
  var defaultProblem: String? {
    if let problem = file.problem ?? provider.problem { return problem }
    if let name = provider.value { return problem(of: name) }
    return providers.compactMap(\.key.problem).first ?? problem(of: defaultProvider)
      ?? providers.first { $0.needsNoKey && $0.problem != nil }?.problem
  }

  /// The reason that a configured provider cannot be used; `nil` where it can, or where it is not configured.
  func problem(of provider: String) -> String? {
    if let problem = file.problem { return problem }
    guard let settings = settings(of: provider) else { return nil }
    return settings.problem ?? limits.problem
  }

  /// All settings that are configured and cannot be used, in sentences without a secret.
  var problems: [String] {
    let named = providers.map(\.key.problem) + providers.map(\.baseURL.problem) + providers.map(\.ownProblem)
    return
      ([file.problem, provider.problem] + named + [
        limits.problem, maxOutputBytes.problem, bucket.problem, toolWait.problem, retention.problem,
        adoptsRoots.problem,
      ])
      .compactMap(\.self)
  }

  /// The first provider with a key or an address that is not used, because the provider is not named: many environments
  /// have a key for other programs, which must not spend money here. `nil` where there is none.
  var unusedProvider: ProviderSettings? {
    guard !provider.isNamed, defaultProvider == Prediction.freeProvider else { return nil }
    return providers.first { $0.unused != nil }
  }

  /// A note for agents about the default provider; `nil` where a real one is configured.
  var standing: String? {
    if let problem = defaultProblem {
      return "No image can be generated until the user corrects this: \(problem) imagewire doctor checks it."
    }
    guard defaultProvider == Prediction.freeProvider else { return nil }
    let unused = unusedProvider?.unused.map { " \($0)" } ?? ""
    return
      "Sandbox: no image model is configured, so images are simple drawings made offline, and nothing is billed. "
      + "Tell the user; imagewire setup configures a provider for real images.\(unused)"
  }

  /// Whether a key is in the memory of this process, or may be read into it.
  var hasKey: Bool { bucket.isNamed || providers.contains { $0.key.isNamed } }

  /// Whether this is the key of the provider.
  func owns(_ key: String, of provider: String) -> Bool {
    guard case .given(let own, _)? = settings(of: provider)?.resolvedKey() else { return false }
    return own == key
  }

  /// Applies the settings of a client; options of the command line win over them.
  mutating func apply(_ settings: ClientSettings, over options: Options) {
    if options.provider == nil, let name = settings.provider {
      provider = Self.checked(provider: .given(name, origin: "initialize"))
    }
    if options.model == nil, let model = settings.model { self.model = .given(model, origin: "initialize") }
    if options.outputDirectory == nil, let folder = settings.outputDirectory { outputDirectory = folder }
    for index in providers.indices {
      let descriptor = providers[index].descriptor
      guard let key = settings.keys[descriptor.name] else { continue }
      providers[index].key = APIKey.parse(
        key, called: "\(descriptor.keyField) of initialize", origin: "initialize")
    }
  }

  // MARK: - Checks

  private static func checked(provider: Setting<String>) -> Setting<String> {
    guard case .given(let name, let origin) = provider, ProviderList.type(of: name) == nil else { return provider }
    let names = alternatives(ProviderList.descriptors.map(\.name))
    return .broken(
      "The provider from \(origin) is \"\(name.prefix(64))\"; it must be \(names).", origin: origin)
  }

  private static func checked(_ setting: Setting<String>, as own: ProviderSetting) -> Setting<String> {
    guard case .given(let text, let origin) = setting else { return setting }
    guard let value = own.value(of: text) else {
      return .broken(
        "The \(own.name) from \(origin) is \"\(text.prefix(64))\"; it must be \(own.choice).", origin: origin)
    }
    return .given(value, origin: origin)
  }

  private static func address(_ url: Setting<String>) -> Setting<String> {
    guard case .given(let text, let origin) = url, !BaseURL.isUsable(text) else { return url }
    return .broken("The base URL from \(origin) must begin with https:// or http:// and a host.", origin: origin)
  }

  /// A path from the root, so that nothing depends on a working directory that may change. `~` is the home directory also
  /// where no shell has seen it: in the config file, behind `=`, in the arguments an editor or agent host passes on.
  static func absolute(_ path: String, home: String) -> String {
    if path.hasPrefix("/") || BucketAddress.isMeant(by: path) { return path }
    if path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
    let folder = workingFolder
    if path == "." { return folder }
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// The working directory, to which paths on the command line are relative.
  static var workingFolder: String {
    guard let current = getcwd(nil, 0) else { return "/" }
    defer { free(current) }
    return String(cString: current)
  }
}
