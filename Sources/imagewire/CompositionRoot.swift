internal import HTTP
internal import Predictions
internal import Providers
internal import Service
internal import Storage
internal import Threads

/// The parts of the program that work on predictions, put together once.
final class CompositionRoot: Sendable {
  /// The engine, or why there is none: then the process lives and says so to whoever asks. Made by who first asks for it:
  /// hosts start processes only to see what they are, and those leave nothing behind.
  var engine: Lazy<Result<PredictionEngine, StoreError>> { Lazy { [opened] in opened.value.engine } }

  /// What there is once the table is open.
  private struct Opened {
    var engine: Result<PredictionEngine, StoreError>
    var salt: [UInt8] = []
  }

  private let options: Options
  private let configuration: Protected<Configuration>
  private let opened: Lazy<Opened>
  private let providers: ProviderSlots
  /// Opened when the process starts, before anybody has asked anything.
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

  /// The engine, if anything was asked that needs it.
  var engineIfMade: PredictionEngine? { try? opened.valueIfMade?.engine.get() }

  /// What an agent should know about the default provider; `nil` where images come from a real one.
  var standing: String? { configuration.withLock { $0 }.standing }

  /// Takes over what a client wishes.
  func apply(_ settings: ClientSettings) {
    let changed = configuration.withLock { configuration in
      configuration.apply(settings, over: options)
      return configuration
    }
    if changed.hasKey { CoreDumps.forbid() }
    agents.setOutputDirectory(changed.outputDirectory)
    // One that is not made yet will be made of what holds by then.
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

/// Who makes the images, as a configuration says.
private struct ProviderSlots {
  let time: any TimeSource
  /// Starts nothing and opens nothing before its first request.
  let http = HTTPClient()

  /// Puts them in their slots.
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
