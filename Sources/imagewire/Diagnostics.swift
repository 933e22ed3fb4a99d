internal import Buckets
internal import HTTP
internal import CShims
internal import Commands
internal import Pictures
internal import Predictions
internal import Providers
internal import Storage
internal import Threads

/// The checks of `imagewire doctor`. They spend nothing and show no key.
struct Diagnostics {
  let configuration: Configuration
  let isOffline: Bool
  /// Whether the database is first rewritten without its free space.
  let mustCompact: Bool

  /// All results, each after the results that it depends on.
  func findings() -> [Finding] {
    var findings = [version] + openFiles + [thumbnails] + settings + Exposure(configuration: configuration).findings()
    findings += (mustCompact ? [compaction] : []) + table + disks + inputFolders
    findings += provider
    return findings
  }

  // MARK: - The program and its settings

  private var version: Finding {
    switch HTTPClient.library() {
    case .success(let library):
      Finding(.ok, "version", "\(Version.text), libcurl \(library.split(separator: " ")[0])")
    case .failure(let failure):
      Finding(
        .problem, "version", "\(Version.text); \(failure.message)",
        advice: "Install libcurl (Debian: libcurl4); the sandbox works without it.")
    }
  }

  /// A finding only where the limit is too low.
  private var openFiles: [Finding] {
    guard let lack = HTTPClient.lackOfFiles else { return [] }
    return [Finding(.problem, "open files", "\(lack)", advice: "Until then nothing is sent.")]
  }

  private var thumbnails: Finding {
    do throws(ThumbnailError) {
      let (libraries, isConfined) = try ThumbnailProcess.probe()
      let isWithoutHEIF = !libraries.contains(.heif)
      let missing = PictureLibrary.allCases.filter {
        !libraries.contains($0) && !(isWithoutHEIF && [.av1, .hevc].contains($0))
      }
      let packages = SafeText.joined(missing.map { "\($0.package)" }, separator: ", ")
      let advice: SafeText = "Install \(packages) (Debian's names); all else works without them."
      guard !libraries.isEmpty else {
        return Finding(.warning, "thumbnails", "none are made: the decoders are missing", advice: advice)
      }
      let formats = SafeText.joined(libraries.filter { $0 != .heif }.map { "\($0.title)" }, separator: ", ")
      let confinement: SafeText =
        isConfined
        ? "the decoders are confined (seccomp)" : "the kernel does not confine the decoders (no seccomp)"
      guard missing.allSatisfy(\.isOptional) else {
        return Finding(.warning, "thumbnails", "are made of \(formats) only; \(confinement)", advice: advice)
      }
      var advices: [SafeText] = []
      if !isConfined {
        advices.append("They run in a process of their own without a key, with limits of memory and time.")
      }
      if !missing.isEmpty {
        let titles = SafeText.joined(missing.map { "\($0.title)" }, separator: " and ")
        advices.append(
          cshims_holds_glibc()
            ? "Another package of imagewire, for systems with glibc, makes thumbnails of \(titles)."
            : "For thumbnails of \(titles), install \(packages) (Debian's names).")
      }
      return Finding(
        .ok, "thumbnails", "of \(formats); \(confinement)",
        advice: advices.isEmpty ? nil : .joined(advices, separator: " "))
    } catch {
      return Finding(
        .warning, "thumbnails", "none are made: \(error.message)", advice: "Check that /proc is mounted.")
    }
  }

  private var settings: [Finding] {
    func words(_ origin: String?) -> String { origin.map { "from \($0)" } ?? "by default" }
    func problem(_ subject: SafeText, _ reason: String) -> Finding {
      Finding(.problem, subject, "\(reason)", advice: "Correct it. Until then the sandbox does not draw, either.")
    }
    func key(_ key: Setting<APIKey>, _ subject: SafeText) -> Finding {
      switch key {
      case .absent: Finding(.ok, subject, "not set")
      case .given(_, let origin): Finding(.ok, subject, "is set, from \(origin)")
      case .broken(let reason, _): problem(subject, reason)
      }
    }
    var findings = configuration.warnings.map { Finding(.warning, "settings", "\($0)", advice: "Correct it.") }
    if let reason = configuration.file.problem { findings.append(problem("config file", reason)) }
    switch configuration.provider {
    case .broken(let reason, _): findings.append(problem("provider", reason))
    case .given(let name, let origin): findings.append(Finding(.ok, "provider", "\(name), from \(origin)"))
    // A broken setting is not replaced by the default.
    case .absent where configuration.defaultProblem != nil: break
    case .absent: findings.append(Finding(.ok, "provider", "\(configuration.defaultProvider), by default"))
    }
    if case .given(let model, let origin) = configuration.model {
      findings.append(Finding(.ok, "model", "\(model), from \(origin)"))
    }
    for settings in configuration.providers {
      findings.append(key(settings.key, "\(settings.descriptor.title) key"))
    }
    for settings in configuration.providers {
      if let reason = settings.baseURL.problem {
        findings.append(problem("\(settings.descriptor.title) address", reason))
      }
      for own in settings.access.settings {
        switch settings.own[own.name] {
        case .given(let value, let origin)?:
          findings.append(Finding(.ok, "\(settings.descriptor.title) \(own.name)", "\(value), from \(origin)"))
        case .broken(let reason, _)?: findings.append(problem("\(settings.descriptor.title) \(own.name)", reason))
        case .absent?, nil: break
        }
      }
    }
    if let reason = configuration.limits.problem { findings.append(problem("spending limit", reason)) }
    if let settings = configuration.unusedProvider, let unused = settings.unused {
      findings.append(
        Finding(
          .warning, "unused", "\(unused)",
          advice: """
            Set IMAGEWIRE_PROVIDER=\(settings.descriptor.name) to use it, or =\(Prediction.freeProvider) to hide this \
            warning.
            """))
    }
    if let reason = configuration.store.problem { findings.append(problem("store", reason)) }
    findings.append(
      Finding(.ok, "state", "\(configuration.stateDirectory), \(words(configuration.origins["state_dir"]))"))
    switch configuration.maxOutputBytes {
    case .absent: break
    case .given(let bytes, let origin):
      findings.append(Finding(.ok, "output limit", "files of up to \(bytes) bytes are saved, from \(origin)"))
    case .broken(let reason, _): findings.append(Finding(.problem, "output limit", "\(reason)", advice: "Correct it."))
    }
    if let micros = configuration.limits.confirmAbove {
      findings.append(
        Finding(.ok, "confirmation", "agents ask the user before one request costs more than \(Money.dollars(micros))"))
    }
    switch configuration.toolWait {
    case .absent: break
    case .given(let seconds, let origin):
      findings.append(Finding(.ok, "tool wait", "tools of MCP wait \(counted(seconds, "second")), from \(origin)"))
    case .broken(let reason, _): findings.append(Finding(.problem, "tool wait", "\(reason)", advice: "Correct it."))
    }
    switch configuration.retention {
    case .absent: break
    case .given(let days, let origin):
      let age = counted(days, "day")
      findings.append(Finding(.ok, "retention", "finished predictions are deleted after \(age), from \(origin)"))
    case .broken(let reason, _): findings.append(Finding(.problem, "retention", "\(reason)", advice: "Correct it."))
    }
    findings.append(
      Finding(.ok, "output", "\(configuration.outputDirectory), \(words(configuration.origins["output_dir"]))"))
    return findings
  }

  // MARK: - The disk

  private var table: [Finding] {
    do throws(StoreError) {
      let store = try configuration.openStore(time: SystemTime())
      if let report = try store.serverReport() { return server(report, store) + pause(in: store) }
      let report = try DatabaseDiagnostics.run(store.path)
      if let complaint = report.complaint {
        return [
          Finding(
            .problem, "table", "\(store.path) is damaged: \(complaint)",
            advice: "Keep a copy of it. The next start moves an unreadable database aside and says where.")
        ]
      }
      let open = report.unfinished == 0 ? "" : ", \(report.unfinished) of them not finished"
      var findings = [
        Finding(.ok, "table", "version \(report.version), \(counted(report.predictions, "prediction"))\(open); sound")
      ]
      if !report.unreadable.isEmpty {
        let more = report.unreadable.count > 5 ? "; and \(report.unreadable.count - 5) more" : ""
        findings.append(
          Finding(
            .problem, "table rows",
            "\(report.unreadable.count) cannot be read: \(report.unreadable.prefix(5).joined(separator: "; "))\(more)",
            advice: "Lists leave them out, and nothing is sent for them. A backup of the database may have them."))
      }
      if !report.foreign.isEmpty {
        findings.append(
          Finding(
            .warning, "table",
            "\(store.path) contains objects that imagewire did not create: \(report.foreign.joined(separator: ", "))",
            advice: "They do no harm; remove them if you do not know them."))
      }
      if let free = report.lostBytes, free > 1_000_000 {
        findings.append(
          Finding(
            .warning, "table size", "\(free / 1_000_000) MB of \(store.path) are unused and not returned to the disk",
            advice: "Run imagewire doctor --compact once; after that they are returned automatically."))
      }
      return findings + pause(in: store)
    } catch {
      var hint: String?
      if case .failed(_, let more) = error { hint = more }
      return [
        Finding(
          .problem, "table", "\(error.message)", advice: hint.map { "\($0)" } ?? "Name another folder with --state-dir."
        )
      ]
    }
  }

  /// A warning where the account of the default provider pauses.
  private func pause(in store: TablePredictionStore) -> [Finding] {
    guard let settings = configuration.settings(of: configuration.defaultProvider) else { return [] }
    let account = Account.name(
      salt: store.salt, baseURL: settings.address, key: settings.resolvedKey().value ?? "")
    let time = SystemTime()
    guard let pause = (try? store.pauses())?[account],
      pause.remaining(at: time.now.wall) != nil
    else { return [] }
    let waiting = Waiting(reason: pause.reason, until: pause.until)
    let advice: SafeText =
      switch pause.reason {
      case .insufficientCredit: "Top up the account; the queue then goes on by itself."
      case .authentication: "Correct the key; predictions of another key do not wait."
      default: "Wait; the queue goes on by itself."
      }
    return [
      Finding(
        .warning, "account", "\(waiting.words); nothing is sent before \(time.clock(pause.until))", advice: advice)
    ]
  }

  private var compaction: Finding {
    do throws(StoreError) {
      let (before, after) = try TableCompaction.run(in: configuration.stateDirectory, now: SystemTime().now.wall)
      return Finding(
        .ok, "compact", "the database and its log had \(before / 1_000) kB and now have \(after / 1_000) kB")
    } catch {
      var hint: String?
      if case .failed(_, let more) = error { hint = more }
      return Finding(.problem, "compact", "\(error.message)", advice: hint.map { "\($0)" })
    }
  }

  /// Whether the bucket of the outputs is there and can be written to.
  private var bucket: [Finding] {
    switch configuration.bucket {
    case .absent: return []
    case .broken(let reason, _): return [Finding(.problem, "bucket", "\(reason)", advice: "Correct it.")]
    case .given(let address, _):
      let http = HTTPClient()
      defer { http.close() }
      do throws(OutputError) {
        _ = try configuration.outputs(http: http, time: SystemTime()).prepare(address.text, for: nil)
        return [Finding(.ok, "bucket", "\(address.text) can be written to")]
      } catch {
        return [
          Finding(
            .problem, "bucket", "\(error.message)",
            advice: "Correct --output-dir, the server (S3_ENDPOINT_URL, AWS_REGION) or its key.")
        ]
      }
    }
  }

  private var disks: [Finding] {
    var findings: [Finding] = []
    do throws(OutputError) {
      _ = try configuration.copies(
        agents: AgentDirectories(outputDirectory: configuration.localOutputDirectory)
      ).prepare(configuration.localOutputDirectory, for: nil)
      findings.append(Finding(.ok, "output folder", "can be written"))
      if !isOffline { findings += bucket }
    } catch {
      findings.append(
        Finding(.problem, "output folder", "\(error.message)", advice: "Name another folder with --output-dir."))
    }
    guard
      let space = DatabaseDiagnostics.space(at: configuration.localOutputDirectory)
        ?? DatabaseDiagnostics.space(at: "/")
    else {
      return findings
    }
    let megabytes = space.free / 1_000_000
    let level: Finding.Level = megabytes < 50 ? .problem : megabytes < 1_000 ? .warning : .ok
    findings.append(
      Finding(
        level, "disk", "\(megabytes) MB are free",
        advice: level == .ok ? nil : "An image has about 2 MB; free some space."))
    return findings
  }

  // MARK: - The network

  private var provider: [Finding] {
    // Reported above; no other provider is checked in its place.
    if configuration.defaultProblem != nil { return [] }
    guard let settings = configuration.settings(of: configuration.defaultProvider) else {
      let isAnySet = configuration.providers.contains { $0.access.isDefaultWithKey && $0.key.isNamed }
      return [
        Finding(
          .ok, "network", "not needed: the sandbox draws offline and for free",
          advice: isAnySet ? nil : "For real images run imagewire setup.")
      ]
    }
    let descriptor = settings.descriptor
    let key = settings.resolvedKey()
    if let reason = key.problem { return [Finding(.problem, "key", "\(reason)", advice: "Run imagewire setup again.")] }
    guard key.isNamed || settings.needsNoKey else {
      return [Finding(.problem, "key", "the key of \(descriptor.name) is missing", advice: "\(settings.hint)")]
    }
    return (descriptor.tellsPrices ? [] : [prices(of: descriptor)]) + ask(settings, key: key.value ?? "")
  }

  /// Says that limits of spending do not count a provider without prices.
  private func prices(of descriptor: ProviderDescriptor) -> Finding {
    Finding(
      .ok, "prices",
      """
      \(descriptor.name) does not state prices: --max-spend does not count its predictions, --max-spend-strict refuses them \
      under a --max-spend, and max_cost always refuses them
      """)
  }

  private func ask(_ settings: ProviderSettings, key: String) -> [Finding] {
    let (descriptor, baseURL) = (settings.descriptor, settings.access.completed(settings.address))
    guard !isOffline else { return [Finding(.ok, "network", "skipped (--offline)")] }
    let http = HTTPClient()
    let way = Reachability(baseURL: baseURL, path: settings.access.healthPath, key: key, http: http)
    guard !way.host.isEmpty else {
      return [Finding(.problem, "base URL", "it has no host", advice: "Correct \(descriptor.baseURLVariable).")]
    }
    var findings: [Finding] = []
    if let proxy = way.proxy {
      findings.append(Finding(.ok, "proxy", "\(proxy), which resolves names itself"))
    } else {
      let count = way.addresses()
      guard count > 0 else {
        return [
          Finding(
            .problem, "DNS", "\(way.host) is unknown",
            advice: "Check the network and \(descriptor.baseURLVariable); behind a proxy set HTTPS_PROXY.")
        ]
      }
      findings.append(Finding(.ok, "DNS", "\(way.host) has \(count) address\(count == 1 ? "" : "es"); no proxy"))
    }
    let box = Protected<Reachability.Answer?>(nil)
    way.ask { answer in box.signal { $0 = answer } }
    switch box.wait(atMost: 20_000, until: { $0 }) ?? .failed("It did not answer in time.") {
    case .insecure(let text):
      findings.append(
        Finding(
          .problem, "TLS", "\(text)",
          advice: "Set CURL_CA_BUNDLE to the certificates of your network's proxy, and check the clock."))
    case .failed(let text):
      findings.append(
        Finding(
          .problem, "network", "\(text)", advice: "Check the network, HTTPS_PROXY and \(descriptor.baseURLVariable)."))
    case .status(let status):
      if baseURL.lowercased().hasPrefix("https:") { findings.append(Finding(.ok, "TLS", "trusted")) }
      findings.append(verdict(status, way.host, hasKey: !key.isEmpty, descriptor))
    }
    http.close()
    return findings
  }

  private func verdict(_ status: Int, _ host: String, hasKey: Bool, _ descriptor: ProviderDescriptor) -> Finding {
    switch status {
    case 200..<300: Finding(.ok, "answer", hasKey ? "\(host) accepts the key" : "\(host) answers")
    case 401, 403:
      hasKey
        ? Finding(
          .problem, "answer", "\(host) does not accept the key (HTTP \(status))",
          advice: "Check \(descriptor.keyVariable).")
        : Finding(
          .problem, "answer", "\(host) requires a key (HTTP \(status))", advice: "Set \(descriptor.keyVariable).")
    case 404, 405:
      Finding(
        .warning, "answer", "\(host) does not support this check (HTTP \(status))",
        advice: "Check \(descriptor.baseURLVariable); some servers work without it.")
    case 300..<400:
      Finding(
        .problem, "answer", "\(host) redirects (HTTP \(status)), which a paid request does not follow",
        advice: "Set \(descriptor.baseURLVariable) to the address it redirects to.")
    default:
      Finding(.warning, "answer", "\(host) answers with HTTP \(status)", advice: "Try again later.")
    }
  }
}
