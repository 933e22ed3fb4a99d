internal import Commands
internal import Encoding
internal import Predictions
internal import Providers

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// `imagewire mcp-config`: prints the configuration of a host, or adds it to the host's file. It opens no database and writes
/// no key.
struct MCPConfig {
  /// The reason that it ended early, in full sentences; nothing was written.
  private struct Stop: Error {
    var message: String
    var status = ExitStatus.failed
    /// Whether the user can add the configuration by hand, so that it is printed.
    var isForHand = false
  }

  let invocation: Invocation
  let environment: [String: String]

  /// Hosts keep their history in the same file.
  private static let longestFile = 64 << 20

  private var home: String { environment["HOME"] ?? "/" }

  func run() -> ExitStatus {
    signal(SIGPIPE, SIG_IGN)
    let console = Console(variables: environment)
    let host = MCPHost(rawValue: invocation.operands[0])!
    do throws(Stop) {
      let entry = try entry()
      let file = MCPConfigFile(of: host, listing: entry)
      let path = place(of: host)
      do throws(Stop) {
        if invocation.has("--write") {
          console.note("\(SafeText(try write(file, at: path)))")
        } else {
          console.print(SafeText(lines: file.alone))
          console.note("It belongs in \(SafeText(path: path)); --write adds it there.")
        }
      } catch {
        if error.isForHand { console.print(SafeText(lines: file.alone)) }
        throw error
      }
    } catch {
      console.error("\(error.message) Nothing was written.")
      return console.ending(error.status)
    }
    console.note(key)
    console.note("\(host.timeout)")
    return console.ending(.done)
  }

  /// How the server gets its key.
  private var key: SafeText {
    let keyed = ProviderList.descriptors.first { $0.access?.isDefaultWithKey == true }
    let free = ProviderList.descriptors.first(where: \.isFree)?.name ?? ""
    let variable = keyed.map { "\($0.keyVariable)_FILE" } ?? ""
    return """
      It has no key: imagewire setup stores one for every host, or the variable \(variable) of the server (env) names a file \
      with it. Without a key the \(free) draws.
      """
  }

  private func entry() throws(Stop) -> MCPServerEntry {
    let name = invocation.value("--name") ?? "imagewire"
    guard MCPServerEntry.isName(name) else {
      throw Stop(message: "--name takes 1 to 32 of a-z, 0-9, - and _.", status: .usage)
    }
    let folder = invocation.value("--output-dir").map { Configuration.absolute($0, home: home) }
    guard let program = ProgramPath.found(CommandLine.arguments.first ?? "", path: environment["PATH"]) else {
      throw Stop(message: "The path of this program is not known: start it by its whole path.")
    }
    for path in [program, folder ?? ""] where !MCPServerEntry.isPath(path) {
      throw Stop(
        message: "\(SafeText(path: path)) has a control character, which a host's file cannot hold.", status: .usage)
    }
    return MCPServerEntry(name: name, program: program, outputDirectory: folder)
  }

  private func place(of host: MCPHost) -> String {
    if let file = invocation.value("--file") { return Configuration.absolute(file, home: home) }
    #if os(macOS)
      let isMac = true
    #else
      let isMac = false
    #endif
    let places = host.places(home: home, variables: environment, isMac: isMac)
    return places.first { access($0, F_OK) == 0 } ?? places[0]
  }

  // MARK: - Writing

  /// Adds the server to the file.
  ///
  /// - Returns: what was done, in full sentences.
  private func write(_ file: MCPConfigFile, at path: String) throws(Stop) -> String {
    let old = try contents(of: path)
    let new: [UInt8]
    do throws(MCPConfigFile.Refusal) {
      new = try file.adding(to: old)
    } catch {
      switch error {
      case .taken:
        throw Stop(
          message: "\(path) lists another server of this name. Change or remove it, or give another --name.",
          isForHand: true)
      case .unusable(let reason):
        throw Stop(message: "\(path) \(reason) The configuration to add is printed.", isForHand: true)
      }
    }
    if new == old { return "\(path) lists this server already; nothing was written." }
    var writer = SettingsWriter()
    defer { writer.discard() }
    var kept = ""
    do throws(SettingsWriter.Failure) {
      if let old {
        let backup = try backup(of: path, holding: old)
        if let name = backup.new { try writer.stage(old, at: name, isSecret: true) }
        kept = " The file as it was is \(backup.name)."
      }
      try writer.stage(new, at: path, isSecret: false)
      // The host may have written meanwhile.
      guard holds(old, at: path) else {
        throw SettingsWriter.Failure(message: "\(path) was changed by another program. Close the host and try again.")
      }
      try writer.commit()
    } catch {
      throw Stop(message: error.message)
    }
    return "\(path) lists the server now; restart the host.\(kept)"
  }

  private func contents(of path: String) throws(Stop) -> [UInt8]? {
    switch SmallFile.read(path, atMost: Self.longestFile) {
    case .bytes(let bytes): return bytes
    case .unreadable(let reason): throw Stop(message: "\(path) \(reason).")
    case .absent:
      var status = stat()
      guard lstat(path, &status) != 0 else { throw Stop(message: "\(path) is a symbolic link to nothing.") }
      return nil
    }
  }

  /// Whether the file has these contents, or is absent where they are `nil`.
  private func holds(_ bytes: [UInt8]?, at path: String) -> Bool {
    switch SmallFile.read(path, atMost: Self.longestFile) {
    case .bytes(let found): found == bytes
    case .absent: bytes == nil
    case .unreadable: false
    }
  }

  /// The file that keeps the contents of another: one with a time in its name where `FILE.bak` is older.
  ///
  /// - Returns: its name, once more if it has to be written.
  private func backup(
    of path: String, holding bytes: [UInt8]
  ) throws(SettingsWriter.Failure) -> (name: String, new: String?) {
    let time = Timestamp.text(SystemTime().now.wall).filter { $0 != "-" && $0 != ":" }
    for name in ["\(path).bak", "\(path).\(time).bak"] {
      switch SmallFile.read(name, atMost: Self.longestFile) {
      case .absent: return (name, name)
      case .bytes(bytes): return (name, nil)
      case .bytes, .unreadable: continue
      }
    }
    throw SettingsWriter.Failure(message: "\(path).bak could not be written: there is another file of this name.")
  }
}
