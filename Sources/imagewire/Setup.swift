internal import HTTP
internal import Commands
internal import JSON
internal import Predictions
internal import Providers
internal import Storage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// `imagewire setup`: asks for a provider and a key, checks and saves them. Spends nothing.
struct Setup {
  /// The reason that it ended early, in full sentences; nothing was written.
  struct Stop: Error {
    var message: String
    var status = ExitStatus.failed
  }

  /// The next step of the program.
  enum Next {
    case end(ExitStatus)
    /// The user wants the first image, and agreed to its price.
    case generate([String])
  }

  let invocation: Invocation
  let configuration: Configuration
  let environment: [String: String]
  let console: Console

  /// The prompt of the first image.
  private static let firstPrompt = "a red fox in snow"

  /// Whether it asks questions.
  private var asks: Bool { console.isInputTerminal && !invocation.has("--yes") }

  func run() -> Next {
    do throws(Stop) {
      return try attempt()
    } catch {
      console.error("\(error.message) Nothing was written, and nothing was spent.")
      return .end(error.status)
    }
  }

  private func attempt() throws(Stop) -> Next {
    if let problem = configuration.file.problem {
      throw Stop(message: "\(problem) Correct it or move it away, then run imagewire setup again.", status: .usage)
    }
    // Before the questions: without libcurl the answers would be useless.
    if case .failure(let failure) = HTTPClient.library() { throw Stop(message: failure.message) }
    let settings = try chosenProvider()
    let provider = settings.descriptor.name
    let baseURL = try chosenAddress(of: settings)
    var source = try key(of: provider)
    var check = try self.check(settings, baseURL: baseURL, key: source.key)
    var tries = 1
    while case .refused(let reason) = check {
      guard asks, invocation.value("--key-file") == nil, tries < 3 else { throw Stop(message: reason) }
      console.note(SafeText(reason))
      source = try key(of: provider)
      check = try self.check(settings, baseURL: baseURL, key: source.key)
      tries += 1
    }
    guard case .accepted(let facts) = check else { return .end(.failed) }
    console.note(SafeText(facts.sentence(provider)))
    let place = try save(source, of: settings.descriptor, baseURL: baseURL)
    console.note(SafeText(place))
    remarkOnEnvironment(settings.descriptor)
    guard asks else { return .end(.done) }
    let price = facts.price.map { "It costs about \(Money.dollars($0))." } ?? "Its price is not known."
    guard console.confirms("Make a first image, \"\(Self.firstPrompt)\"? \(price)") else { return .end(.done) }
    return .generate(["generate", Self.firstPrompt, "--provider", provider])
  }

  // MARK: - Questions

  private func chosenProvider() throws(Stop) -> ProviderSettings {
    let offered = configuration.providers
    if let named = invocation.value("--provider"), let settings = configuration.settings(of: named) { return settings }
    let names = alternatives(offered.map(\.descriptor.name))
    guard asks else { throw Stop(message: "--provider is missing: \(names).", status: .usage) }
    for (index, settings) in offered.enumerated() {
      console.note("\(index + 1)  \(settings.descriptor.name): \(settings.descriptor.summary)")
    }
    while let answer = console.ask("Which provider? [1]") {
      let number = answer.isEmpty ? 1 : Int(answer) ?? 0
      if offered.indices.contains(number - 1) { return offered[number - 1] }
      if let settings = configuration.settings(of: answer) { return settings }
      console.note("Enter \(alternatives(offered.indices.map { String($0 + 1) })).")
    }
    throw Stop(message: "No answer.")
  }

  private func check(
    _ settings: ProviderSettings, baseURL: String?, key: String
  ) throws(Stop) -> ProviderCheck.Outcome {
    try ProviderCheck.run(
      ProviderList.type(of: settings.descriptor.name)!, settings.access, baseURL: baseURL, key: key,
      replies: FileReplyStore(directory: configuration.stateDirectory))
  }

  /// The address of the provider; `nil` for the default.
  private func chosenAddress(of settings: ProviderSettings) throws(Stop) -> String? {
    let configured = settings.baseURL
    var address = invocation.value("--base-url")
    if address == nil, let problem = configured.problem { throw Stop(message: problem, status: .usage) }
    if address == nil, settings.access.hasOwnServers, asks, !configured.isNamed {
      let path = settings.access.defaultPath.isEmpty ? "" : ", with \(settings.access.defaultPath)"
      let question: SafeText = "Address of your own server\(path) (Enter: \(settings.descriptor.title) itself):"
      address = console.ask(question).flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let address else { return configured.value }
    guard BaseURL.isUsable(address) else {
      throw Stop(message: "The address must begin with https:// or http:// and a host.", status: .usage)
    }
    return address
  }

  /// A key, and the file that contains it, where the user named one.
  private struct KeySource {
    var key: String
    var file: String?
  }

  private func key(of provider: String) throws(Stop) -> KeySource {
    let setting: Setting<APIKey>
    var file: String?
    if let path = invocation.value("--key-file") {
      let home = environment["HOME"] ?? "/"
      let absolute = Configuration.absolute(path, home: home)
      file = absolute
      setting = APIKey.parse(fileAt: absolute, called: "--key-file", read: SmallFile.read)
    } else if asks {
      guard let text = console.askHidden("Key of \(provider) (not shown):") else {
        throw Stop(message: "No key was given.")
      }
      setting = APIKey.parse(text, called: "The key", origin: "")
    } else if !console.isInputTerminal {
      guard case .bytes(let bytes) = SmallFile.readInput() else {
        throw Stop(message: "The key on standard input cannot be read.")
      }
      setting = APIKey.parse(String(decoding: bytes, as: UTF8.self), called: "The key on standard input", origin: "")
    } else {
      throw Stop(message: "With --yes, give the key with --key-file or on standard input.", status: .usage)
    }
    switch setting {
    case .given(.text(let key), _): return KeySource(key: key, file: file)
    case .broken(let reason, _): throw Stop(message: reason, status: .usage)
    case .given(.stored, _), .absent: throw Stop(message: "No key was given.", status: .usage)
    }
  }

  // MARK: - Saving

  /// Saves the key and refers to it in the config file.
  ///
  /// - Returns: a sentence that says where the key is.
  private func save(_ source: KeySource, of descriptor: ProviderDescriptor, baseURL: String?) throws(Stop) -> String {
    let provider = descriptor.name
    let folder = configuration.file.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    var object = configuration.file.object
    object["provider"] = .string(provider)
    for old in [descriptor.keyField, descriptor.keyFileField, descriptor.keyStoreField] { object[old] = nil }
    if invocation.value("--base-url") != nil || baseURL != nil {
      object[descriptor.baseURLField] = baseURL.map { .string($0) }
    }
    let store = source.file == nil ? try chosenStore() : nil
    let file = source.file ?? "\(folder)/\(provider).key"
    if let store {
      object[descriptor.keyStoreField] = .string(store.rawValue)
    } else {
      object[descriptor.keyFileField] = .string(file)
    }
    var writer = SettingsWriter()
    defer { writer.discard() }
    do throws(SettingsWriter.Failure) {
      if store == nil, source.file == nil {
        try writer.stage(Array("\(source.key)\n".utf8), at: file, isSecret: true)
      }
      let text = JSONValue.object(object).indented + "\n"
      try writer.stage(Array(text.utf8), at: configuration.file.path, isSecret: false)
    } catch {
      throw Stop(message: error.message)
    }
    if let failure = store?.save(source.key, of: provider) { throw Stop(message: failure.message) }
    do throws(SettingsWriter.Failure) { try writer.commit() } catch { throw Stop(message: error.message) }
    let place =
      if let store { "\(store.rawValue) has stored the key." } else if source.file != nil {
        "The key stays in \(file)."
      } else { "The key is in \(file), which only you can read." }
    return "\(place) \(configuration.file.path) refers to it and names the provider \(provider)."
  }

  private func chosenStore() throws(Stop) -> KeyStore? {
    if let name = invocation.value("--store") {
      guard name != "file" else { return nil }
      guard let store = KeyStore(rawValue: name), ChildProcess.finds(name) else {
        throw Stop(message: "\(name) is not installed.", status: .usage)
      }
      return store
    }
    guard asks, let store = KeyStore.installed else { return nil }
    return console.confirms("Save the key in this system's keyring (\(store.rawValue)) instead of a file?")
      ? store : nil
  }

  /// Warns of variables that win over the file.
  private func remarkOnEnvironment(_ descriptor: ProviderDescriptor) {
    let key = descriptor.keyVariable
    for name in [key, "\(key)_FILE", "IMAGEWIRE_PROVIDER", descriptor.baseURLVariable]
    where environment[name] != nil {
      console.note("\(name) is set in the environment, and wins over the file.")
    }
  }
}
