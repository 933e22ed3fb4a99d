internal import HTTP
internal import Pictures
internal import Predictions
internal import Providers
internal import Service
internal import Storage
internal import Threads

/// Builds the engine and its parts, once.
final class CompositionRoot: Sendable {
  /// The engine, or the error that every call about predictions is answered with. It is made at its first use: hosts start
  /// processes only to read their capabilities, and those processes create no files.
  var engine: Lazy<Result<PredictionEngine, StoreError>> {
    Lazy(keeping: { (try? $0.get()) != nil }) { [opened] in opened.value.engine }
  }

  /// The engine and the salt of the database, once it is open.
  private struct Opened {
    var engine: Result<PredictionEngine, StoreError>
    var salt: [UInt8] = []
    /// When it was tried, in milliseconds of the steady clock.
    var triedAt: Int64 = 0
  }

  /// How long the error of a server is not tried again, in milliseconds.
  private static let rest: Int64 = 1_000

  private let options: Options
  private let configuration: Protected<Configuration>
  private let opened: Lazy<Opened>
  private let providers: ProviderSlots
  /// Opened when the process starts, before the first request.
  let agents: AgentDirectories
  /// Opened when the process starts, too.
  let agentInputs: AgentInputs
  /// Opens nothing before its first request.
  let thumbnails: FileThumbnailStore

  init(options: Options, configuration: Configuration, time: any TimeSource, log: Log) {
    let agents = AgentDirectories(
      outputDirectory: configuration.localOutputDirectory, others: configuration.allowedOutputs)
    let agentInputs = AgentInputs(
      configuration.allowedInputs, stateDirectory: configuration.stateDirectory,
      homes: { [home = configuration.home] in [home, AccountHome.path].compactMap(\.self) })
    if configuration.hasKey || configuration.store.isNamed { CoreDumps.forbid() }
    let configuration = Protected(configuration)
    let providers = ProviderSlots(time: time)
    self.options = options
    self.configuration = configuration
    self.providers = providers
    self.agents = agents
    self.agentInputs = agentInputs
    let inputs = FileInputStore(agents: agentInputs)
    let copies = configuration.withLock { $0.copies(agents: agents) }
    let outputs = configuration.withLock { $0.outputs(copies: copies, http: providers.http, time: time) }
    thumbnails = FileThumbnailStore(
      directory: configuration.withLock { $0.stateDirectory }, outputs: copies, inputs: inputs,
      maker: ThumbnailProcess(), time: time)
    let failed = Protected<Opened?>(nil)
    // A server may come back; a directory that cannot be used stays so until the user has read why.
    let isServer = configuration.withLock { $0.store.isNamed }
    opened = Lazy(keeping: { !isServer || (try? $0.engine.get()) != nil }) {
      if let last = failed.withLock({ $0 }), time.now.steady - last.triedAt < Self.rest { return last }
      let configuration = configuration.withLock { $0 }
      do throws(StoreError) {
        let store = try configuration.openStore(time: time) { log.warning("\($0)") }
        let engine = PredictionEngine(
          store: store, outputs: outputs, previews: FilePreviewStore(directory: configuration.stateDirectory),
          inputs: inputs,
          replies: FileReplyStore(directory: configuration.stateDirectory, version: Version.number), time: time,
          limits: AccountLimits(
            maxConcurrency: options.maxConcurrency, maxPerMinute: options.maxPerMinute,
            maxSpendMicros: options.maxSpendMicros, isSpendingStrict: configuration.limits.isStrict,
            agentCaps: configuration.limits.agentCaps, maxAgentFiles: options.maxAgentFiles),
          defaults: CompositionRoot.defaults(of: configuration),
          retention: configuration.retention.value.map { $0 * 86_400_000 },
          savesAtOnce: providers.http.downloadsAtOnce, providers: ProviderList.descriptors,
          seed: UInt64.random(in: .min ... .max),
          notice: { log.warning("\($0)") })
        providers.install(configuration, salt: store.salt, in: engine)
        return Opened(engine: .success(engine), salt: store.salt)
      } catch {
        log.error("\(error.message)")
        let opened = Opened(engine: .failure(error), triedAt: time.now.steady)
        failed.withLock { $0 = opened }
        return opened
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
    agents.setOutputDirectory(changed.localOutputDirectory)
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
  /// For replies to POSTs only; see `ProviderParts`.
  let replyQueue = WorkQueue()

  /// Installs all providers in the engine.
  func install(_ configuration: Configuration, salt: [UInt8], in engine: PredictionEngine) {
    for type in ProviderList.all {
      engine.install(slot(of: type, configuration, salt: salt, files: engine.files), as: type.descriptor.name)
    }
  }

  private func slot(
    of type: any ListedProvider.Type, _ configuration: Configuration, salt: [UInt8], files: WorkQueue
  ) -> ProviderSlot {
    let name = type.descriptor.name
    if let problem = configuration.problem(of: name) { return .broken(reason: problem) }
    guard let settings = configuration.settings(of: name) else {
      return .ready(make(type, baseURL: "\(name):", key: "", configuration, salt: salt, files: files))
    }
    switch settings.resolvedKey() {
    case .given(let key, _):
      return .ready(make(type, baseURL: settings.address, key: key, configuration, salt: salt, files: files))
    case .broken(let reason, _): return .broken(reason: reason)
    case .absent where settings.needsNoKey:
      return .ready(make(type, baseURL: settings.address, key: "", configuration, salt: salt, files: files))
    case .absent: return .unconfigured(hint: settings.hint)
    }
  }

  private func make(
    _ type: any ListedProvider.Type, baseURL: String, key: String, _ configuration: Configuration, salt: [UInt8],
    files: WorkQueue
  ) -> any Provider {
    type.make(
      ProviderParts(
        baseURL: baseURL, key: key, account: Account.name(salt: salt, baseURL: baseURL, key: key),
        replies: FileReplyStore(directory: configuration.stateDirectory, version: Version.number), http: http,
        files: files,
        replyQueue: replyQueue, version: Version.number, time: time,
        settings: configuration.settings(of: type.descriptor.name)?.own.compactMapValues(\.value) ?? [:]))
  }
}
