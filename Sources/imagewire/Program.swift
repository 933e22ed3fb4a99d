#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import HTTP
internal import Commands
internal import JSON
internal import JSONRPC
internal import Pictures
internal import Predictions
internal import Providers
internal import Service
internal import Storage
internal import Threads

/// The program: reads the command line, builds the parts and runs a command or the server.
enum Program {
  private static let commands = CommandTable(providers: ProviderList.descriptors)

  static func main() -> Never {
    Heap.share()
    OpenFiles.raiseLimit()
    let invocation: Invocation
    do throws(UsageError) {
      invocation = try Invocation(Array(CommandLine.arguments.dropFirst()), of: commands)
    } catch {
      Log(level: .error).error("\(error.message)")
      exit(ExitStatus.usage.rawValue)
    }
    let command = invocation.command
    switch invocation.action {
    case .help: tell(SafeText(lines: invocation.isNamed ? Help(commands).text(of: command) : Help(commands).text))
    case .version: tell(SafeText(Version.text))
    case .run: break
    }
    switch command.name {
    case "serve", "mcp": serve(Options(invocation))
    case "call": call(invocation)
    case "completions": tell(SafeText(lines: Completions(commands).script(for: invocation.operands[0])!), end: "")
    case "schema": describe(invocation)
    case ThumbnailChild.command:
      invocation.has("--probe") ? ThumbnailChild.probe() : ThumbnailChild.run(thumbnailForm(invocation))
    case "manual": tell(SafeText(lines: ManualPage(commands, version: Version.number).text), end: "")
    case "mcp-config": exit(MCPConfig(invocation: invocation, environment: environment()).run().rawValue)
    default: run(invocation)
    }
  }

  private static func thumbnailForm(_ invocation: Invocation) -> ThumbnailForm {
    let viewer = invocation.value("--for").flatMap(ThumbnailForm.Viewer.init)
    return ThumbnailForm(size: invocation.number("--size") ?? 512, for: viewer ?? .person)
  }

  /// The protocol as data, rendered from the table of methods.
  private static var document: OpenRPCDocument {
    OpenRPCDocument(MethodTable(providers: ProviderList.descriptors), version: Version.number)
  }

  /// Prints a schema, the names of all schemas, or the protocol's page.
  private static func describe(_ invocation: Invocation) -> Never {
    if invocation.has("--html") { tell(SafeText(lines: ProtocolPage(document.openRPC).text), end: "") }
    let files = document.files
    if invocation.has("--names") { tell(.joined(files.map { SafeText($0.name) }, separator: "\n")) }
    let name = invocation.operands.first ?? "openrpc"
    guard let file = files.first(where: { $0.name == name }) else {
      Log(level: .error).error("There is no schema \"\(name)\". imagewire schema --names lists all schemas.")
      exit(ExitStatus.usage.rawValue)
    }
    tell(SafeText(lines: file.contents.indented))
  }

  /// Prints a text on stdout and ends the process, which does not speak the protocol.
  private static func tell(_ text: SafeText, end: String = "\n") -> Never {
    guard let code = writeAll((text.description + end).utf8, to: 1) else { exit(0) }
    if code != EPIPE {
      Log(level: .error).error("Standard output could not be written: \(String(cString: strerror(code))).")
    }
    exit(ExitStatus.failed.rawValue)
  }

  /// Runs a command with the engine and the database that the methods use.
  private static func run(_ invocation: Invocation) -> Never {
    signal(SIGPIPE, SIG_IGN)
    let variables = environment()
    let options = Options(invocation)
    let console = Console(variables: variables)
    let configuration = Configuration(options, environment: variables, read: SmallFile.read)
    let log = Log(level: configuration.logLevel)
    if invocation.command.name == "doctor" {
      let diagnostics = Diagnostics(
        configuration: configuration, isOffline: invocation.has("--offline"), mustCompact: invocation.has("--compact"))
      exit(
        console.ending(Doctor.report(diagnostics.findings(), asJSON: invocation.has("--json"), to: console)).rawValue)
    }
    for warning in configuration.warnings { log.warning("\(warning)") }
    if invocation.command.name == "store" {
      CoreDumps.forbid()
      exit(console.ending(StoreCommand.migrate(invocation, configuration, to: console, log: log)).rawValue)
    }
    if invocation.command.name == "setup" {
      CoreDumps.forbid()
      let setup = Setup(
        invocation: invocation, configuration: configuration, environment: variables, console: console)
      switch setup.run() {
      case .end(let status): exit(status.rawValue)
      case .generate(let arguments):
        guard let next = try? Invocation(arguments, of: commands) else { exit(ExitStatus.failed.rawValue) }
        run(next)
      }
    }
    // The file may name another database, so no command runs without it.
    if let problem = configuration.file.problem {
      log.error("\(problem) Nothing was done. Correct the file or move it away; imagewire doctor checks it.")
      exit(ExitStatus.usage.rawValue)
    }
    // Commands that submit report a problem as an error; for others it is a warning.
    if !Commands.submitting.contains(invocation.command.name) {
      for problem in configuration.problems { log.warning("\(problem)") }
    }

    // A real provider needs libcurl: report that it is missing before anything is recorded.
    if ["generate", "submit"].contains(invocation.command.name),
      (options.provider ?? configuration.defaultProvider) != Prediction.freeProvider,
      configuration.problem(of: options.provider ?? configuration.defaultProvider) == nil,
      case .failure(let failure) = HTTPClient.library()
    {
      log.error("\(failure.message) Nothing was sent. The sandbox works without it.")
      exit(ExitStatus.usage.rawValue)
    }

    let signals = Signals()
    let monitor = ProcessMonitor(output: -1, hastyStatus: ExitStatus.interrupted.rawValue) { end in
      if case .told(let number?) = end { signals.raise(number) }
    }
    monitor.start()
    let time = SystemTime()
    let root = CompositionRoot(options: options, configuration: configuration, time: time, log: log)
    guard let engine = try? root.engine.value.get() else { exit(ExitStatus.failed.rawValue) }
    let session = Session(
      engine: engine, thumbnails: root.thumbnails, console: console, time: time, folder: Configuration.workingFolder,
      stateFolder: configuration.stateDirectory, unused: configuration.unusedProvider?.unused, signals: signals,
      open: { Desktop(variables: variables).open($0) })
    let status = console.ending(Commands.run(invocation, session) ?? .usage)
    // Waits for the replies to requests that were written, as at the end of input; after a signal only briefly.
    engine.drain(atMost: signals.isRaised ? Shutdown.hastyPatience : engine.postPatience)
    engine.leave()
    _exit(status.rawValue)
  }

  private static func serve(_ options: Options) -> Never {
    if let address = options.listen { listen(at: address, options) }
    // First: from here on, only the protocol can reach the client.
    let wire = StandardIO.takeOver()
    if let address = options.connect ?? environment()["IMAGEWIRE_CONNECT"].flatMap({ $0.isEmpty ? nil : $0 }) {
      relay(wire, to: address, options)
    }
    if isatty(wire.input) == 1 {
      Log(level: .error).error(
        "This speaks JSON-RPC with a program, and stdin is a terminal; imagewire --help shows how to try it.")
    }
    converse(options, over: wire, output: wire.output)
  }

  /// Sends one request to a server in this process, and prints the messages that come back.
  private static func call(_ invocation: Invocation) -> Never {
    signal(SIGPIPE, SIG_IGN)
    let console = Console(variables: environment())
    do throws(UsageError) {
      let request = try CallRequest(invocation.operands, methods: document.openRPC["methods"] ?? [])
      if !invocation.has("--quiet") { console.note("> \(SafeText(json: Array(request.text.utf8)))") }
      let transport = CallTransport(request.text, staysOpen: invocation.has("--follow")) { console.show(message: $0) }
      converse(Options(invocation), over: transport, output: 1) { transport.isFailed ? .failed : .done }
    } catch {
      Log(level: .error).error("\(error.message)")
      exit(ExitStatus.usage.rawValue)
    }
  }

  /// Carries bytes between a client and the shared imagewire.
  private static func relay(_ wire: StandardIO, to address: String, _ options: Options) -> Never {
    let log = Log(level: .warning)
    do throws(LocalSocket.Problem) {
      if let option = options.ofServer {
        throw .init(message: "\(option) belongs to the imagewire that listens at \(address), not to its clients.")
      }
      let socket = try LocalSocket(address, home: environment()["HOME"] ?? "/")
      Relay.run(to: try socket.connect(), at: socket, wire: wire, process: options.clientProcessID, log: log)
    } catch {
      log.error(error.message)
      exit(ExitStatus.usage.rawValue)
    }
  }

  /// Serves many clients until a signal.
  private static func listen(at address: String, _ options: Options) -> Never {
    signal(SIGPIPE, SIG_IGN)
    ProcessMonitor.holdSignals()
    let configuration = Configuration(options, environment: environment(), read: SmallFile.read)
    let log = Log(level: configuration.logLevel)
    for warning in configuration.warnings { log.warning("\(warning)") }
    for problem in configuration.problems { log.error("\(problem)") }
    let socket: LocalSocket
    let listener: Int32
    do throws(LocalSocket.Problem) {
      var address = try LocalSocket(address, home: configuration.home ?? "/")
      listener = try address.listen()
      socket = address
    } catch {
      log.error(error.message)
      exit(ExitStatus.usage.rawValue)
    }
    let time = SystemTime()
    let root = CompositionRoot(options: options, configuration: configuration, time: time, log: log)
    guard let engine = try? root.engine.value.get() else {
      socket.remove()
      exit(ExitStatus.failed.rawValue)
    }
    var host = serviceHost(root, configuration, options, log)
    host.ownsKey = { provider, key in configuration.owns(key, of: provider) }
    // The roots of one host would be read by the agents of all.
    host.adoptRoots = nil
    // Clients may take all threads that the system gives; requests, saving and the end still need theirs.
    keepSpareThreads(32)
    let server = SharedServer(engine: engine, framing: options.framing, log: log) { [host] in
      Service(engine: root.engine, host: host, time: time, maxMessageBytes: options.maxMessageBytes)
    }
    let monitor = ProcessMonitor(output: -1) { _ in
      socket.remove()
      server.end()
      _exit(0)
    }
    monitor.start()
    log.info("Listening at \(SafeText(path: socket.path)).")
    server.run(on: listener)
  }

  /// What a service may ask of the program.
  private static func serviceHost(
    _ root: CompositionRoot, _ configuration: Configuration, _ options: Options, _ log: Log,
    watch: @escaping @Sendable (Int64) -> Void = { _ in }
  ) -> ServiceHost {
    var host = ServiceHost(
      version: Version.number, providers: ProviderList.descriptors, agentDirectories: { root.agents.described },
      thumbnails: root.thumbnails, configure: { root.apply($0) }, watch: watch, standing: { root.standing })
    host.toolWait = configuration.toolWait.value.map { $0 * 1_000 }
    host.confirmAbove = configuration.limits.confirmAbove
    host.linksFiles = options.linksFiles
    if configuration.store.isNamed { host.calls = WorkQueue() }
    host.inputDirectories = { root.agentInputs.described }
    if configuration.adoptsRoots.value == true {
      host.adoptRoots = { paths in
        for path in root.agentInputs.adopt(paths) {
          log.warning(
            "The root \(path) of the host is not adopted: it is no folder, holds the home folder, or is in the state folder."
          )
        }
      }
    }
    return host
  }

  /// Serves a connection until it ends.
  ///
  /// - Parameters:
  ///   - output: the descriptor that is watched for the end of its reader.
  ///   - status: the exit status after the end of input.
  private static func converse(
    _ options: Options, over transport: any Transport, output: Int32,
    status: @escaping @Sendable () -> ExitStatus = { .done }
  ) -> Never {
    let configuration = Configuration(options, environment: environment(), read: SmallFile.read)
    let log = Log(level: configuration.logLevel)
    for warning in configuration.warnings { log.warning("\(warning)") }
    for problem in configuration.problems { log.error("\(problem)") }

    let time = SystemTime()
    let root = CompositionRoot(options: options, configuration: configuration, time: time, log: log)
    let monitor = Protected<ProcessMonitor?>(nil)
    let host = serviceHost(root, configuration, options, log) { process in
      monitor.withLock { $0 }?.watch(process: process)
    }
    let service = Service(engine: root.engine, host: host, time: time, maxMessageBytes: options.maxMessageBytes)
    let connection = Connection(transport: transport, handler: service, framing: options.framing)
    service.attach(connection)

    let shutdown = Shutdown(service: service, connection: connection) { root.engineIfMade }
    let watcher = ProcessMonitor(output: output) { shutdown.end($0) }
    monitor.withLock { $0 = watcher }
    watcher.start()
    if let process = options.clientProcessID { watcher.watch(process: process) }

    switch connection.run() {
    case .endOfInput, .stopped: shutdown.endOfInput(status: { status().rawValue })
    case .readerGone: shutdown.end(.unread)
    }
  }

  /// The variables of this process, with the home of the account where `HOME` is missing: services and jobs have none.
  private static func environment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry += 1
    }
    if variables["HOME", default: ""].isEmpty { variables["HOME"] = AccountHome.path }
    return variables
  }
}
