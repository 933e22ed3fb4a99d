internal import Encoding
internal import Predictions
internal import Service

/// `imagewire build`: makes the images that documents describe, each once.
enum BuildCommand {
  /// The largest document, in bytes.
  private static let longestDocument = 16 << 20

  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    var targets: [BuildTarget] = []
    var problems: [SafeText] = []
    for name in invocation.operands { read(name, invocation, session, &targets, &problems) }
    targets = distinct(targets, &problems)
    if problems.isEmpty { plan(&targets, session, &problems) }
    guard problems.isEmpty else {
      // All of them, before anything is sent.
      for problem in problems { console.error(problem) }
      console.note("Nothing was sent.")
      return .failed
    }
    let builder = ImageBuilder(invocation: invocation, session: session)
    return invocation.has("--dry-run") ? builder.quote(targets) : builder.build(targets)
  }

  /// Reads the blocks of a document.
  private static func read(
    _ name: String, _ invocation: Invocation, _ session: Session, _ targets: inout [BuildTarget],
    _ problems: inout [SafeText]
  ) {
    let path = name == "-" ? name : session.absolute(name)
    let label: SafeText = name == "-" ? "standard input" : SafeText(path: name)
    let bytes: [UInt8]
    switch ImageFolder.contents(of: path, atMost: longestDocument) {
    case .bytes(let read): bytes = read
    case .failure(let code): return problems.append("\(label) cannot be read: \(ImageFolder.reason(code)).")
    }
    let document = ImageDocument(bytes, .init(name))
    problems += document.problems.map { "\(label):\($0.line): \($0.message)" }
    let shown =
      invocation.value("--folder") ?? name.lastIndex(of: "/").map { $0 == name.startIndex ? "/" : String(name[..<$0]) }
    let folder = ImageFolder.real(shown.map(session.absolute) ?? session.folder)
    targets += document.blocks.map { BuildTarget($0, in: folder, shown: shown ?? "", at: "\(label):\($0.line)") }
  }

  /// One target for each file. Two blocks may describe the same image, not different ones of one name.
  private static func distinct(_ targets: [BuildTarget], _ problems: inout [SafeText]) -> [BuildTarget] {
    var known: [String: BuildTarget] = [:]
    var result: [BuildTarget] = []
    for target in targets {
      guard let first = known[target.path] else {
        known[target.path] = target
        result.append(target)
        continue
      }
      if first.block.key != target.block.key {
        problems.append(
          "\(target.place): \(target.label) is also made at \(first.place), of another prompt or input. Give each block a file of its own."
        )
      }
    }
    return result
  }

  /// Decides what to do for each file.
  private static func plan(_ targets: inout [BuildTarget], _ session: Session, _ problems: inout [SafeText]) {
    let digest = { (path: String) throws(FileDigestError) in try session.engine.digest(ofFile: path) }
    var locks: [String: ImageLock] = [:]
    for index in targets.indices {
      let target = targets[index]
      if locks[target.folder.path] == nil {
        do throws(ImageFolder.Failure) {
          locks[target.folder.path] = try target.folder.lock()
        } catch {
          problems.append(error.message)
          locks[target.folder.path] = ImageLock()
        }
      }
      let entry = locks[target.folder.path]?[target.name]
      let existing = target.folder.existing(target.name, for: entry, digest: digest)
      targets[index].step = BuildStep(key: target.block.key, entry: entry, existing: existing)
      if case .file(let digest) = existing { targets[index].replaced = digest }
      if case .refuse(let reason) = targets[index].step { problems.append("\(target.label) \(reason).") }
    }
  }
}
