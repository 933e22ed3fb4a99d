internal import HTTP
internal import Predictions
internal import Providers
internal import Service
internal import Storage
internal import Threads

/// Builds the engine and its parts, once.
final class CompositionRoot: Sendable {
  /// The engine, or the error that every call about predictions is answered with. It is made at its first use: hosts start
  /// processes only to read their capabilities, and those processes create no files.
  var engine: Lazy<Result<PredictionEngine, StoreError>> { Lazy { [opened] in opened.value.engine } }

  /// The engine and the salt of the database, once it is open.
  private struct Opened {
    var engine: Result<PredictionEngine, StoreError>
    var salt: [UInt8] = []
  }

  private let options: Options
  private let configuration: Protected<Configuration>
  private let opened: Lazy<Opened>
  private let providers: ProviderSlots
  /// Opened when the process starts, before the first request.
  let agents: AgentDirectories

  init(options: Options, configuration: Configuration, time: any TimeSource, log: Log) {
    let agents = AgentDirectories(
      outputDirectory: configuration.outputDirectory, others: configuration.allowedOutputs)
    if configuration.hasKey { CoreDumps.forbid() }
    let configuration = Protected(configuration)
    let providers = ProviderSlots(time: time)
    self.options = options
    self.configuration = configuration
    self.providers = providers
    self.agents = agents
    opened = Lazy {
      let configuration = configuration.withLock { $0 }
      do throws(StoreError) {
        let store = try SQLitePredictionStore(
          directory: configuration.stateDirectory, time: time, version: Version.number
        ) { log.warning("\($0)") }
        let engine = PredictionEngine(
          store: store, outputs: FileOutputStore(privateDirectory: configuration.stateDirectory, agents: agents),
          previews: FilePreviewStore(directory: configuration.stateDirectory), inputs: FileInputStore(), time: time,
          limits: AccountLimits(
            maxConcurrency: options.maxConcurrency, maxPerMinute: options.maxPerMinute,
            maxSpendMicros: options.maxSpendMicros, isSpendingStrict: configuration.limits.isStrict,
            agentCaps: configuration.limits.agentCaps, maxAgentFiles: options.maxAgentFiles),
          defaults: CompositionRoot.defaults(of: configuration),
          retention: configuration.retention.value.map { $0 * 86_400_000 },
          savesAtOnce: providers.http.downloadsAtOnce, seed: UInt64.random(in: .min ... .max),
          notice: { log.warning("\($0)") })
        providers.install(configuration, salt: store.salt, in: engine)
        return Opened(engine: .success(engine), salt: store.salt)
      } catch {
        log.error("\(error.message)")
        return Opened(engine: .failure(error))
      }
    }
  }

  /// The engine, if a request has needed it.
  var engineIfMade: PredictionEngine? { try? opened.valueIfMade?.engine.get() }

  /// A note for agents about the default provider; `nil` where a real one is configured.
  var standing: String? { configuration.withLock { $0 }.standing }

  /// Applies the settings of a client.
  func apply(_ settings: ClientSettings) {
    let changed = configuration.withLock { configuration in
      configuration.apply(settings, over: options)
      return configuration
    }
    if changed.hasKey { CoreDumps.forbid() }
    agents.setOutputDirectory(changed.outputDirectory)
    // An engine that is not made yet will be made with these settings.
    guard let opened = opened.valueIfMade, let engine = try? opened.engine.get() else { return }
    engine.defaults = CompositionRoot.defaults(of: changed)
    providers.install(changed, salt: opened.salt, in: engine)
  }

  private static func defaults(of configuration: Configuration) -> Defaults {
    Defaults(
      provider: configuration.defaultProvider, problem: configuration.defaultProblem, model: configuration.model.value,
      outputDirectory: configuration.outputDirectory)
  }
}

/// Makes the providers of a configuration.
private struct ProviderSlots {
  let time: any TimeSource
  /// Starts and opens nothing before its first request.
  let http = HTTPClient()

  /// Installs all providers in the engine.
  func install(_ configuration: Configuration, salt: [UInt8], in engine: PredictionEngine) {
    engine.install(sandbox(configuration, salt: salt), as: "sandbox")
    engine.install(wavespeed(configuration, salt: salt), as: "wavespeed")
    engine.install(openAI(configuration, salt: salt), as: "openai")
  }

  private func sandbox(_ configuration: Configuration, salt: [UInt8]) -> ProviderSlot {
    if let problem = configuration.problem(of: "sandbox") { return .broken(reason: problem) }
    return .ready(Sandbox(account: Account.name(salt: salt, baseURL: "sandbox:", key: ""), time: time))
  }

  private func wavespeed(_ configuration: Configuration, salt: [UInt8]) -> ProviderSlot {
    if let problem = configuration.problem(of: "wavespeed") { return .broken(reason: problem) }
    switch configuration.wavespeedKey.resolved(for: "wavespeed") {
    case .absent:
      return .unconfigured(
        hint: "Run imagewire setup, set WAVESPEED_API_KEY or WAVESPEED_API_KEY_FILE, or use the provider \"sandbox\", "
          + "which needs no key.")
    case .broken(let reason, _): return .broken(reason: reason)
    case .given(let key, _):
      let baseURL = configuration.wavespeedBaseURL.value ?? WaveSpeed.defaultBaseURL
      return .ready(
        WaveSpeed(
          baseURL: baseURL, key: key, account: Account.name(salt: salt, baseURL: baseURL, key: key), http: http,
          clientVersion: Version.number, now: { [time] in time.now.wall }))
    }
  }

  private func openAI(_ configuration: Configuration, salt: [UInt8]) -> ProviderSlot {
    if let problem = configuration.problem(of: "openai") { return .broken(reason: problem) }
    let key: String
    switch configuration.openAIKey.resolved(for: "openai") {
    case .given(let given, _): key = given
    case .broken(let reason, _): return .broken(reason: reason)
    case .absent where configuration.openAIBaseURL.isNamed: key = ""
    case .absent:
      return .unconfigured(
        hint: "Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server of your own (with its /v1), which may need no key.")
    }
    let baseURL = configuration.openAIBaseURL.value ?? OpenAI.defaultBaseURL
    return .ready(
      OpenAI(
        baseURL: baseURL, key: key, account: Account.name(salt: salt, baseURL: baseURL, key: key),
        replies: FileReplyStore(directory: configuration.stateDirectory), http: http,
        clientVersion: Version.number, now: { [time] in time.now.wall }))
  }
}
