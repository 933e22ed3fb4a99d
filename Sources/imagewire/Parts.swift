internal import Predictions
internal import Providers
internal import Service
internal import Storage
internal import Threads

/// The parts of the program that work on predictions, put together once.
final class Parts: Sendable {
  /// The engine, or why there is none: then the process lives and says so to whoever asks.
  let engine: Result<PredictionEngine, StoreError>

  private let options: Options
  private let configuration: Guarded<Configuration>
  private let salt: [UInt8]
  private let time: any TimeSource
  /// Starts nothing and opens nothing before its first request.
  private let http = HTTPClient()

  init(options: Options, configuration: Configuration, time: any TimeSource, log: Log) {
    self.options = options
    self.configuration = Guarded(configuration)
    self.time = time
    do throws(StoreError) {
      let store = try SQLitePredictionStore(
        directory: configuration.stateDirectory, time: time, version: Version.number
      ) { log.warning($0) }
      salt = store.salt
      engine = .success(
        PredictionEngine(
          store: store, outputs: FileOutputStore(), time: time,
          limits: AccountLimits(
            maxConcurrency: options.maxConcurrency, maxPerMinute: options.maxPerMinute,
            maxSpendMicros: options.maxSpendMicros),
          defaults: Parts.defaults(of: configuration), seed: UInt64.random(in: .min ... .max),
          notice: { log.warning($0) }))
    } catch {
      log.error(error.message)
      salt = []
      engine = .failure(error)
      return
    }
    install(configuration)
  }

  /// Takes over what a client wishes.
  func apply(_ settings: ClientSettings) {
    let changed = configuration.withLock { configuration in
      configuration.apply(settings, over: options)
      return configuration
    }
    guard let engine = try? engine.get() else { return }
    engine.defaults = Parts.defaults(of: changed)
    install(changed)
  }

  private func install(_ configuration: Configuration) {
    guard let engine = try? engine.get() else { return }
    engine.install(
      .ready(Sandbox(account: Account.name(salt: salt, baseURL: "sandbox:", key: ""), time: time)), as: "sandbox")
    engine.install(wavespeed(configuration), as: "wavespeed")
    engine.install(openAI(configuration), as: "openai")
  }

  private func wavespeed(_ configuration: Configuration) -> ProviderSlot {
    guard let key = configuration.wavespeedKey else {
      return .unconfigured(
        hint: "Set WAVESPEED_API_KEY (or WAVESPEED_API_KEY_FILE), or use the provider \"sandbox\", which needs no key.")
    }
    return .ready(
      WaveSpeed(
        baseURL: configuration.wavespeedBaseURL, key: key,
        account: Account.name(salt: salt, baseURL: configuration.wavespeedBaseURL, key: key), http: http,
        clientVersion: Version.number, now: { [time] in time.now.wall }))
  }

  private func openAI(_ configuration: Configuration) -> ProviderSlot {
    guard configuration.openAIKey != nil || configuration.openAIBaseURL != nil else {
      return .unconfigured(
        hint: "Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server of your own (with its /v1), which may need no key.")
    }
    let baseURL = configuration.openAIBaseURL ?? OpenAI.defaultBaseURL
    let key = configuration.openAIKey ?? ""
    return .ready(
      OpenAI(
        baseURL: baseURL, key: key, account: Account.name(salt: salt, baseURL: baseURL, key: key),
        incoming: FileIncomingStore(directory: configuration.stateDirectory), http: http,
        clientVersion: Version.number, now: { [time] in time.now.wall }))
  }

  private static func defaults(of configuration: Configuration) -> Defaults {
    Defaults(
      provider: configuration.defaultProvider, model: configuration.model,
      outputDirectory: configuration.outputDirectory)
  }
}
